import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Wiki } from '../context.ts';
import { itemValue, makeSnak } from '../entity/parse.ts';
import { editSummary, saveStatements } from '../entity/save.ts';
import type { Statement } from '../entity/statements.ts';
import type { Page } from '../state/pages.ts';
import { ACCOUNTS, BEGINNING, UPLOADER } from './accounts.ts';
import { derive, tone } from './derive.ts';
import { fixedGuid, ITEMS, MERGED } from './items.ts';
import { ADA, BODIL } from './people.ts';
import { ADA_DEPICTED, CATEGORIES, GROUP_DEPICTED, RECIPES, type Recipe, SOUND } from './recipes.ts';
import { practiceTruth } from './truth.ts';

const SYSTEM = { id: 0, name: 'Practice setup' };
const HALF_HOUR = 1_800_000;

/** Accounts, which every pocket wiki has. */
export function seedAccounts({ store }: Wiki): void {
  if (store.db.meta('accounts')) return;
  store.db.transaction(() => {
    for (const user of ACCOUNTS) store.users.add(user);
    store.pages.create('Main Page', first(SYSTEM, BEGINNING));
    store.db.setMeta('accounts', '1');
  });
}

/**
 * Practice items, categories and files. Pages are made once; pictures that are missing from the cache are made
 * again, which gives the same bytes unless the image library changed: then size and hash follow them.
 */
export async function seedPractice(wiki: Wiki, photosDir: string | null): Promise<void> {
  const { store } = wiki;
  const made = new Map<string, Picture>();
  await inTurns(RECIPES, async (recipe) => {
    made.set(recipe.title, await picture(wiki, recipe, photosDir));
  });
  const sound = tone();
  await wiki.originals.write(storedName(SOUND.title), sound);
  store.db.transaction(() => {
    if (store.db.meta('practice')) return refresh(wiki, made);
    seedItems(wiki);
    for (const { title, parent } of CATEGORIES) {
      const page = store.pages.create(title, first(SYSTEM, BEGINNING));
      if (parent !== null) store.categories.add(parent, page, BEGINNING);
    }
    RECIPES.forEach((recipe, number) => {
      addFile(wiki, recipe, made.get(recipe.title) ?? NOTHING, BEGINNING + number * HALF_HOUR);
    });
    const details = { width: 0, height: 0, size: sound.length, sha1: sha1(sound), mime: 'audio/wav' };
    addFile(wiki, SOUND, details, BEGINNING + RECIPES.length * HALF_HOUR);
    depict(wiki, ADA_DEPICTED, ADA.item, false);
    depict(wiki, GROUP_DEPICTED, BODIL.item, true);
    store.db.setMeta('practice', '1');
  });
}

interface Picture {
  width: number;
  height: number;
  size: number;
  sha1: string;
  mime: string;
}

const NOTHING: Picture = { width: 0, height: 0, size: 0, sha1: '', mime: 'image/jpeg' };

async function picture({ originals }: Wiki, recipe: Recipe, photosDir: string | null): Promise<Picture> {
  const name = storedName(recipe.title);
  let bytes = await originals.read(name);
  if (!bytes) {
    bytes = await derive(recipe, photosDir);
    await originals.write(name, bytes);
  }
  const { width = 0, height = 0 } = await sharp(bytes).metadata();
  return { width, height, size: bytes.length, sha1: sha1(bytes), mime: 'image/jpeg' };
}

/** A few at a time: enough to use the machine, not enough to fill its memory. */
async function inTurns<Task>(tasks: readonly Task[], work: (task: Task) => Promise<void>): Promise<void> {
  const left = [...tasks];
  const worker = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await work(task);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}

function refresh({ store }: Wiki, made: Map<string, Picture>): void {
  for (const file of store.files.all()) {
    const [, picture] = [...made].find(([title]) => storedName(title) === file.stored) ?? [];
    if (picture && picture.sha1 !== file.sha1) store.files.put({ ...file, ...picture });
  }
}

function seedItems({ store }: Wiki): void {
  for (const item of ITEMS) {
    store.pages.create(`Item:${item.id}`, { ...first(SYSTEM, BEGINNING), entity: JSON.stringify(item) });
  }
  store.pages.create(`Item:${MERGED.from}`, first(SYSTEM, BEGINNING), { redirect: `Item:${MERGED.to}` });
}

interface FileWords {
  title: string;
  category: string;
  description: string;
  license?: string;
}

function addFile({ store }: Wiki, words: FileWords, details: Picture, at: number): void {
  const user = store.users.byName(UPLOADER) ?? SYSTEM;
  const page = store.pages.create(`File:${words.title}`, {
    ...first(user, at),
    comment: 'Practice upload',
  });
  store.files.put({
    page_id: page.id,
    stored: storedName(words.title),
    ...details,
    uploader: user.name,
    uploaded: at,
    description: words.description,
    author: user.name,
    license: words.license ?? 'cc-by-sa-4.0',
  });
  store.categories.add(words.category, page, at);
}

/** A statement that somebody made long ago, on a single portrait without and on a group with its place. */
function depict({ store }: Wiki, title: string, item: string, withPlace: boolean): void {
  const page = store.pages.byTitle(`File:${title}`);
  const user = store.users.byName('Practice Chen');
  if (!page || !user) return;
  const mainsnak = makeSnak('P180', 'value', itemValue({ id: item }), 'wikibase-entityid');
  const place = practiceTruth[page.title]?.faces.find((face) => face.item === item)?.box;
  const text = place && `pct:${place.map((part) => Math.round(part * 1000) / 10).join(',')}`;
  const statement: Statement = {
    mainsnak,
    type: 'statement',
    ...(withPlace &&
      text && {
        qualifiers: { P2677: [makeSnak('P2677', 'value', text, 'string')] },
        'qualifiers-order': ['P2677'],
      }),
    id: fixedGuid(`M${page.id}`, 1),
    rank: 'normal',
  };
  saveStatements(store, {
    page: page satisfies Page,
    statements: { P180: [statement] },
    user,
    summary: editSummary('wbsetclaim-create:2||1', mainsnak, 'as in the caption'),
    tags: [],
    at: BEGINNING + 2 * 86_400_000,
  });
}

function first(user: { id: number; name: string }, at: number) {
  return { user, at, comment: 'Practice setup', tags: [], entity: null };
}

/** Practice titles have no characters that a file name could not have. */
function storedName(title: string): string {
  return title.replaceAll(' ', '_');
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
