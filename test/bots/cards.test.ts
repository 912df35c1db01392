import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Question, questionCard, questionWords, readQuestion } from '../../src/bots/cards.ts';
import type { Card } from '../../src/bots/chat.ts';
import { renderCard } from '../../src/bots/discord/render.ts';
import { escapeText } from '../../src/bots/discord/text.ts';
import { messageContent } from '../../src/bots/matrix/content.ts';
import { openQuestion } from '../../src/core/review/questions.ts';
import { castBallot } from '../../src/core/review/votes.ts';
import { createDetector, type ProcessDetector } from '../../src/detect/detector.ts';
import { dataDir, photo, preparedPhotos } from '../detect/prepared.ts';
import { deskWorld, type World } from '../support/desk.ts';
import { addChannel } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';

/** Set it to look at the cards: they are written there. */
const folder = process.env.VISAVIS_CARDS_DIR;
const LANGUAGES = ['en', 'nb', 'es', 'fr'] as const;
const PHOTOS = [1, 2, 3, 4, 5, 6] as const;

type Box = readonly [number, number, number, number];
/** Nine for a batch, and one for the portrait. */
const SINGLES = 10;

let photos: Buffer[] = [];
/** Cut out of the practice photos: one face each. */
let singles: { readonly bytes: Buffer; readonly box: Box }[] = [];
let detector: ProcessDetector;
const boxes = new Map<number, Box[]>();
beforeAll(async () => {
  photos = await preparedPhotos();
  detector = createDetector({ dataDir, threads: 2 });
  for (const number of PHOTOS)
    boxes.set(
      number,
      (await detector.detect(photo(photos, number), { embed: false })).faces.map(({ box }) => box),
    );
  const all = PHOTOS.flatMap((number) => (boxes.get(number) ?? []).map((box) => ({ number, box })));
  singles = await Promise.all(
    all.slice(0, SINGLES).map(({ number, box }) => cutOut(photo(photos, number), box)),
  );
  expect(singles).toHaveLength(SINGLES);
});
afterAll(() => detector?.close());

/** The face with room around it, as on a picture of one person. */
async function cutOut(bytes: Buffer, [x, y, w, h]: Box): Promise<{ bytes: Buffer; box: Box }> {
  const { width, height } = await sharp(bytes).metadata();
  const left = Math.max(0, Math.round((x - w) * width));
  const top = Math.max(0, Math.round((y - h * 0.6) * height));
  const size = {
    left,
    top,
    width: Math.min(width - left, Math.round(3 * w * width)),
    height: Math.min(height - top, Math.round(3 * h * height)),
  };
  const box: Box = [
    (x * width - left) / size.width,
    (y * height - top) / size.height,
    (w * width) / size.width,
    (h * height) / size.height,
  ];
  return { bytes: await sharp(bytes).extract(size).jpeg().toBuffer(), box };
}

interface Studio {
  readonly world: World;
  readonly channelId: number;
  /** Faces of a practice photo, by the photo's number. */
  readonly faces: ReadonlyMap<number, readonly number[]>;
  /** Of nine more files with one face each. */
  readonly alone: readonly number[];
  ask(kind: Question['kind'], faceIds: readonly number[], purpose?: 'ask' | 'dispute'): Promise<Question>;
  show(question: Question, language: string): Promise<Card>;
}

/** A project whose files are the practice photos. */
async function studio(): Promise<Studio> {
  const world = await deskWorld({ votes_needed: 1 });
  const { store, projectId } = world;
  const channelId = await addChannel(store, projectId);
  await store.db
    .updateTable('project_persons')
    .set({
      label: 'Ada Lovelace',
      description: 'English mathematician and writer (1815–1852)',
      portrait_title: 'File:Ada Lovelace, engraved.jpg',
      portrait_url: `https://p.example/single-${SINGLES - 1}`,
      portrait_page_url: 'https://wiki.example/File:Ada_Lovelace,_engraved.jpg',
      portrait_author: 'An Engraver',
      portrait_licence: 'public domain',
    })
    .execute();
  const addPhoto = async (title: string, url: string, found: readonly Box[]): Promise<number[]> => {
    const fileId = await addFile(store, projectId, {
      title,
      author: 'Mai Ly',
      licence: 'CC BY-SA 4.0',
      thumb_url: url,
    });
    return Promise.all(found.map(([x, y, w, h]) => addFace(store, fileId, { x, y, w, h })));
  };
  const faces = new Map<number, number[]>();
  for (const number of PHOTOS) {
    const found = boxes.get(number) ?? [];
    const title = `File:Meeting of the members, ${number}.jpg`;
    faces.set(number, await addPhoto(title, `https://p.example/photo-${number}`, found));
  }
  const alone: number[] = [];
  for (const [i, { box }] of singles.slice(0, 9).entries())
    alone.push(...(await addPhoto(`File:A member, ${i + 1}.jpg`, `https://p.example/single-${i}`, [box])));
  const deps = {
    ...world.deps,
    detector,
    pictures: { download: async (url: string) => bytesAt(url) },
  };
  return {
    world,
    channelId,
    faces,
    alone,
    async ask(kind, faceIds, purpose = 'ask') {
      const { questionId } = await store.transaction((trx) =>
        openQuestion(trx, { projectId, kind, person: 'Q1', faceIds, purpose }, channelId, 0),
      );
      const question = await readQuestion(store, questionId);
      if (!question) throw new Error('there is no question');
      return question;
    },
    async show(question, language) {
      const spoken = { ...question, language };
      if (question.state !== 'open') return questionWords(deps, spoken);
      return (await questionCard(deps, spoken)).card;
    },
  };
}

/** The picture at an address of the studio. */
function bytesAt(url: string): Buffer {
  const [, kind, number] = /(photo|single)-(\d+)$/.exec(url) ?? [];
  if (kind === 'photo') return photo(photos, Number(number));
  const single = singles[Number(number)];
  if (!single) throw new Error(`there is no picture at ${url}`);
  return single.bytes;
}

/** What each kind asks about: faces of one photo, or nine of different ones. */
function facesFor({ faces, alone }: Studio, kind: Question['kind']): readonly number[] {
  const [most = []] = [...faces.values()].toSorted((a, b) => b.length - a.length);
  return { single: most.slice(0, 1), several: most.slice(0, 9), batch: alone }[kind];
}

/** Everything that is said is there on both platforms, and nothing is shortened. */
function checkTexts(card: Card): void {
  const { body } = renderCard(card, { buttons: true, name: 'card' });
  const [embed] = body.embeds;
  expect(embed?.title).toBe(escapeText(card.title ?? ''));
  expect(embed?.description).toContain(escapeText(card.text ?? ''));
  expect(embed?.footer?.text).toBe(card.footer);
  for (const { text } of card.links ?? []) expect(embed?.description).toContain(`[${escapeText(text)}](`);
  const buttons = body.components.flatMap((row) => row.components);
  expect(buttons).toHaveLength(card.buttons?.length ?? 0);
  for (const button of buttons)
    if ('label' in button && button.label) expect(button.label.length).toBeLessThanOrEqual(20);
  if (card.picture) expect(body.attachments?.[0]?.description).toBe(card.picture.alt);
  const uploaded = { url: 'mxc://x/y', mimetype: 'image/jpeg', w: 1, h: 1, size: 1, sha256: '' };
  const said = String(messageContent(card, card.picture ? uploaded : null).body);
  for (const text of [card.title, card.text, card.footer]) expect(said).toContain(text);
}

async function checkPicture(card: Card, name: string): Promise<void> {
  const { picture } = card;
  if (!picture) throw new Error(`${name} has no picture`);
  expect(picture.bytes.length).toBeLessThan(300_000);
  // No wider than a phone shows well: numbers and faces are drawn for that.
  expect(picture.width).toBeLessThanOrEqual(1400);
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.jpg`), picture.bytes);
  await sharp(picture.bytes)
    .resize(360)
    .png()
    .toFile(join(folder, `${name}-360.png`));
}

describe('cards of practice photos', () => {
  it.each(['single', 'several', 'batch', 'dispute'] as const)('%s, in every language', async (kind) => {
    const made = await studio();
    const isDispute = kind === 'dispute';
    const asked = isDispute ? 'single' : kind;
    const question = await made.ask(asked, facesFor(made, asked), isDispute ? 'dispute' : 'ask');
    expect(question.faces.length).toBeGreaterThan(kind === 'several' ? 3 : 0);
    for (const language of LANGUAGES) {
      const card = await made.show(question, language);
      checkTexts(card);
      await checkPicture(card, `${kind}-${language}`);
      if (folder !== undefined) await writeFile(join(folder, `${kind}-${language}.txt`), inWords(card));
    }
  });

  it.each(['single', 'several', 'batch'] as const)(
    'the verdict about %s, in every language',
    async (kind) => {
      const made = await studio();
      const { projectId, deps, owner } = made.world;
      const question = await made.ask(kind, facesFor(made, kind));
      const answers = question.faces.map(({ faceId }, i) => ({
        faceId,
        person: 'Q1',
        answer: i % 2 === 0 ? ('yes' as const) : ('no' as const),
      }));
      await castBallot(deps, {
        projectId,
        accountId: owner,
        answers,
        questionId: question.id,
        platform: 'room',
      });
      const decided = await readQuestion(deps.store, question.id);
      if (!decided) throw new Error('there is no question');
      for (const language of LANGUAGES) {
        const card = await made.show(decided, language);
        checkTexts(card);
        if (folder !== undefined)
          await writeFile(join(folder, `verdict-${kind}-${language}.txt`), inWords(card));
      }
    },
  );
});

it('authors and licences of nine files are named in full, however long the titles are', async () => {
  const made = await studio();
  const { store, projectId } = made.world;
  const author = 'Photographer '.repeat(8).trim();
  const ids: number[] = [];
  for (let i = 1; i <= 9; i++) {
    const fileId = await addFile(store, projectId, {
      title: `File:${i} ${'a very long title '.repeat(12)}.jpg`,
      author,
      licence: 'CC BY-SA 4.0',
      thumb_url: 'https://p.example/photo-1',
    });
    ids.push(await addFace(store, fileId));
  }
  const question = await made.ask('batch', ids);
  for (const language of LANGUAGES) {
    const card = await made.show(question, language);
    const footer = renderCard(card, { buttons: true }).body.embeds[0]?.footer?.text ?? '';
    expect(footer).toBe(card.footer);
    expect(footer.split(`${author} · CC BY-SA 4.0`)).toHaveLength(10);
    expect(footer).toMatch(/An Engraver · public domain$/);
  }
});

function inWords(card: Card): string {
  const { title, text, links, buttons, footer, picture } = card;
  return [
    title,
    text,
    (links ?? []).map((link) => link.text).join(' · '),
    (buttons ?? []).map(({ emoji, label }) => `[${emoji} ${label}]`).join(' '),
    footer,
    picture ? `alt: ${picture.alt}` : '',
  ].join('\n');
}
