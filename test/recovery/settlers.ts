import type { Store } from '../../src/core/store/store.ts';
import { Person as Browser } from '../oauth/person.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { until } from '../support/until.ts';
import { type Community, createCommunity, type Member, PERSON, type Project } from './community.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

const NAMES = ['Practice Anna', 'Practice Bo', 'Practice Chen', 'Practice Eli'];
const PROJECTS = 3;
/** Questions that are open in a room at a time. */
const OPEN = 6;

/** Moves people in: they sign in, link their chat names, and have projects whose rooms ask about so many faces each. */
export async function settle(
  scene: Scene,
  { faces, random }: { readonly faces: number; readonly random: Random },
): Promise<{ readonly community: Community; readonly projects: readonly Project[] }> {
  await until('the site is there', async () => (await fetch(`${scene.publicUrl}/ready`)).ok);
  const members: Member[] = [];
  for (const name of NAMES) members.push(await arrive(scene, name));
  await addPracticeProject(scene, members[0] as Member);
  const projects: Project[] = [];
  for (let i = 0; i < PROJECTS; i++) projects.push(await addRoom(scene, members, i, faces));
  const community = createCommunity(scene, { members, projects, random });
  return { community, projects };
}

async function arrive({ store, publicUrl, homeserver }: Scene, name: string): Promise<Member> {
  const browser = new Browser();
  const begun = await browser.open(`${publicUrl}/sign-in?next=/account`);
  const users: Record<string, number> = {
    'Practice Anna': 1,
    'Practice Bo': 2,
    'Practice Chen': 3,
    'Practice Eli': 5,
  };
  const page = await browser.consent(await browser.toConsent(begun, users[name] ?? 0));
  if (page.status !== 200) throw new Error(`${name} could not sign in: ${page.status} at ${page.url}`);
  const { account_id: accountId } = await store.db
    .selectFrom('account_profiles')
    .select('account_id')
    .where('username', '=', name)
    .executeTakeFirstOrThrow();
  const chat = homeserver.person(name.toLowerCase().replace(' ', '-'), name);
  await store.db
    .insertInto('identities')
    .values({
      account_id: accountId,
      platform: 'matrix',
      external_id: chat.id,
      display_name: name,
      linked_at: 0,
    })
    .execute();
  return { name, browser, chat, accountId };
}

/** Photos with faces, which are read, looked at and matched as they come; nobody is asked about them. */
async function addPracticeProject({ store }: Scene, owner: Member): Promise<void> {
  await addProject(store, { created_by: owner.accountId, category: 'Practice photos', depth: 3 }, [PERSON]);
}

async function addRoom(
  scene: Scene,
  members: readonly Member[],
  number: number,
  count: number,
): Promise<Project> {
  const { store, wiki, wikiUrl, homeserver } = scene;
  const owner = members[number] as Member;
  const { id } = await addProject(
    store,
    {
      created_by: owner.accountId,
      category: `Reviewed ${number + 1}`,
      votes_needed: 2,
      matching: 0,
      crawled_at: 1,
      bootstrapped_at: 1,
      check_every: 0,
      careful: 0,
      pause_percent: 0,
    },
    [PERSON],
  );
  for (const member of members)
    if (member !== owner) await addMember(store, id, { accountId: member.accountId });
  const pageIds = await wiki.addFiles(`Reviewed ${number + 1}`, count);
  const faceIds = await addFaces(store, id, pageIds, wikiUrl);
  const room = owner.chat.makeRoom({ version: '12', name: `Room ${number + 1}` });
  for (const { chat } of members) {
    if (chat === owner.chat) continue;
    owner.chat.invite(room, chat.id);
    chat.join(room);
  }
  await until('the bot has come', () => room.membership(homeserver.bot.id) === 'join');
  owner.chat.say(room, `!visavis setup ${id}`);
  const bound = store.db.selectFrom('channels').select('id').where('external_id', '=', room.id);
  await until('the room is bound', async () => (await bound.execute()).length === 1);
  await store.db.updateTable('channels').set({ max_open: OPEN }).where('external_id', '=', room.id).execute();
  return { id, owner, room, faceIds, pageIds };
}

/** The wiki's own files, each with a face that somebody has found already. */
async function addFaces(
  store: Store,
  projectId: number,
  pageIds: readonly number[],
  wikiUrl: string,
): Promise<number[]> {
  const addresses = await addressesOf(wikiUrl, pageIds);
  // All at once: a file that belongs to no project is taken away by a worker.
  return store.transaction(async (trx) => {
    const ids: number[] = [];
    for (const pageId of pageIds) {
      const { title, thumb_url, page_url } = addresses.get(pageId) ?? NOWHERE;
      const file = { page_id: pageId, title, thumb_url, page_url, width: 640, height: 480 };
      const within = { ...store, db: trx };
      ids.push(await addFace(within, await addFile(within, projectId, file)));
    }
    return ids;
  });
}

interface Addresses {
  readonly title: string;
  readonly thumb_url: string;
  readonly page_url: string;
}

const NOWHERE: Addresses = { title: '', thumb_url: '', page_url: '' };

async function addressesOf(wikiUrl: string, pageIds: readonly number[]): Promise<Map<number, Addresses>> {
  const found = new Map<number, Addresses>();
  for (let i = 0; i < pageIds.length; i += 50) {
    const query = new URLSearchParams({
      action: 'query',
      format: 'json',
      formatversion: '2',
      prop: 'imageinfo',
      iiprop: 'url',
      pageids: pageIds.slice(i, i + 50).join('|'),
    });
    const answer = await fetch(`${wikiUrl}/w/api.php?${query}`);
    const { query: body } = (await answer.json()) as {
      query: {
        pages: { pageid: number; title: string; imageinfo: { url: string; descriptionurl: string }[] }[];
      };
    };
    for (const { pageid, title, imageinfo } of body.pages) {
      const [info] = imageinfo;
      found.set(pageid, { title, thumb_url: info?.url ?? '', page_url: info?.descriptionurl ?? '' });
    }
  }
  return found;
}
