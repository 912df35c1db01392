import { startLink } from '../../../src/core/accounts/linking.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import { readState } from '../../../src/core/platform/read-only.ts';
import { createInvitation } from '../../../src/core/projects/invitations.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { postMessage } from '../../../src/core/room/messages.ts';
import { addReaction } from '../../../src/core/room/reactions.ts';
import type { MemberRole } from '../../../src/core/store/schema.ts';
import type { DatabaseAddress, Store } from '../../../src/core/store/store.ts';
import type { Wiki } from '../../../src/core/wiki/wiki.ts';
import type { WebDeps } from '../../../src/web/deps.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, wikiFile } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { freshStore } from '../../support/stores.ts';
import { Browser } from '../support/browser.ts';
import { fakeWiki, type Site, startSite } from '../support/site.ts';

/** Everybody who asks. All but the first are signed in. */
export const KINDS = [
  'visitor',
  'linked',
  'member',
  'owner',
  'administrator',
  /** Were a member, an owner and an administrator when the wiki blocked them. */
  'blocked member',
  'blocked owner',
  'blocked administrator',
  'banned',
  'removed',
  /** Owner of another project. */
  'other owner',
] as const;
export type Kind = (typeof KINDS)[number];

/** What can be named of a project, and of what stands around it. */
export interface Ids {
  readonly project: number;
  /** Nobody has said anything about it. */
  readonly face: number;
  /** People said that this is `person`; it can be written. */
  readonly matched: number;
  readonly disputed: number;
  readonly person: string;
  /** A run that is over. */
  readonly run: number;
  readonly claim: number;
  readonly channel: number;
  /** A member whom an owner may do things with. */
  readonly member: number;
  readonly invitation: number;
  readonly code: string;
  /** The file of `face`, which an administrator may let be tried again. */
  readonly file: number;
  /** The version of that file. */
  readonly version: string;
}

export interface World {
  readonly site: Site;
  readonly store: Store;
  readonly address: DatabaseAddress;
  readonly ours: Ids;
  readonly theirs: Ids;
  readonly accounts: Readonly<Record<Exclude<Kind, 'visitor'>, number>>;
  readonly browsers: Readonly<Record<Kind, Browser>>;
  /** Each one's own chat identity. */
  readonly identities: Readonly<Record<Exclude<Kind, 'visitor'>, number>>;
  /** The last answer in our project of those who gave one. */
  readonly ballots: Readonly<Partial<Record<Kind, number>>>;
  readonly linkToken: string;
  /** A message of the practice room that everybody sees, with a picture, and one that nobody here sees. */
  readonly message: number;
  readonly secretMessage: number;
  readonly block: number;
  /** What the wiki was asked to change. */
  readonly edits: string[];
  dispose(): Promise<void>;
}

export const PERSON = 'Q1';
/** The statement of somebody else that stands beside ours. */
export const THEIR_STATEMENT = 'M1$00000000-0000-4000-8000-000000000002';
export const ADMINS = ['administrator', 'blocked administrator'];

/** Two projects of different people, with one of everything that a request can name. */
export async function buildWorld(
  kind: DatabaseAddress['kind'] = 'sqlite',
  changes: Partial<WebDeps> = {},
): Promise<World> {
  const fresh = await freshStore(kind);
  const { store } = fresh;
  const edits: string[] = [];
  const site = await startSite(store, {
    wiki: wikiOf(edits),
    admins: ADMINS,
    // Not a second old, because every request here has a database of its own.
    readOnly: { state: () => readState(store.db) },
    ...changes,
  });
  const browsers = Object.fromEntries(KINDS.map((name) => [name, new Browser(site.url)])) as Record<
    Kind,
    Browser
  >;
  const signedIn = KINDS.filter((name) => name !== 'visitor');
  const accounts = {} as Record<Exclude<Kind, 'visitor'>, number>;
  const identities = {} as Record<Exclude<Kind, 'visitor'>, number>;
  for (const name of signedIn) {
    // Blocked by the wiki after the sign-in: the names say so to nobody.
    await browsers[name].signIn(name);
    accounts[name] = await accountOf(store, name);
    identities[name] = await addIdentity(store, accounts[name], name);
  }
  const ours = await fullProject(store, accounts.owner);
  const theirs = await fullProject(store, accounts['other owner']);
  const roles: [Exclude<Kind, 'visitor'>, MemberRole][] = [
    ['member', 'member'],
    ['blocked member', 'member'],
    ['blocked owner', 'owner'],
    ['banned', 'member'],
    ['removed', 'member'],
  ];
  for (const [name, role] of roles) await addMember(store, ours.project, { accountId: accounts[name], role });
  const ballots: Partial<Record<Kind, number>> = {};
  for (const name of ['owner', ...roles.map(([one]) => one)] as const) {
    await vote(store, ours, accounts[name], ours.disputed, name === 'owner' ? 'yes' : 'no');
    ballots[name] = await lastBallot(store, accounts[name]);
  }
  const memberships = store.db.updateTable('project_members').where('project_id', '=', ours.project);
  await memberships.set({ status: 'banned' }).where('account_id', '=', accounts.banned).execute();
  await store.db
    .deleteFrom('project_members')
    .where('project_id', '=', ours.project)
    .where('account_id', '=', accounts.removed)
    .execute();
  await store.db
    .updateTable('account_profiles')
    .set({ blocked: 1 })
    .where('username', 'like', 'blocked %')
    .execute();
  return {
    site,
    store,
    address: fresh.address,
    ours,
    theirs,
    accounts,
    browsers,
    identities,
    ballots,
    edits,
    linkToken: await startLink(
      { store, clock: systemClock },
      { platform: 'room', externalId: 'somebody', displayName: 'Somebody' },
    ),
    message: await roomMessage(store),
    secretMessage: await roomMessage(store, 'somebody else'),
    block: await blockEntry(store, accounts.administrator),
    async dispose() {
      await site.close();
      await fresh.dispose();
    },
  };
}

/** A wiki that does what it is asked, and says what it was. */
function wikiOf(edits: string[]): Wiki {
  const theirs = { id: THEIR_STATEMENT, itemId: PERSON, rank: 'normal' as const, positions: [] };
  return {
    ...fakeWiki(),
    items: async (ids) =>
      new Map(
        ids.map((id) => [
          id,
          {
            id,
            label: `Person ${id}`,
            description: 'somebody',
            isHuman: true,
            dead: true,
            portrait: null,
          },
        ]),
      ),
    thumbnails: async (titles) => new Map(titles.map((title) => [title, wikiFile(77, { title })])),
    readStatements: async (pageIds) =>
      new Map(pageIds.map((id) => [id, { exists: true, statements: [theirs], revision: 1 }])),
    removeStatement: async ({ statementId, account }) => {
      edits.push(`${account.name} removes ${statementId}`);
      return 'removed';
    },
    setRank: async ({ statementId, rank, account }) => {
      edits.push(`${account.name} makes ${statementId} ${rank}`);
      return 'changed';
    },
  };
}

/** An active project with a face of every sort, a channel, an invitation, and a run with a claim. */
async function fullProject(store: Store, owner: number): Promise<Ids> {
  const { id: project } = await addProject(
    store,
    { created_by: owner, votes_needed: 2, acknowledged_by: owner, acknowledged_at: 0, crawled_at: 0 },
    [PERSON, 'Q2'],
  );
  const member = await addMember(store, project);
  const files = [await addFile(store, project), await addFile(store, project), await addFile(store, project)];
  const [face = 0, matched = 0, disputed = 0] = await Promise.all(files.map((file) => addFace(store, file)));
  const ids = { project, person: PERSON };
  for (const account of [owner, member]) await vote(store, ids, account, matched, 'yes');
  await vote(store, ids, member, disputed, 'no');
  const channel = await addChannel(store, project);
  const { code } = await createInvitation(
    { store, clock: systemClock },
    { projectId: project, accountId: owner },
  );
  const invitation = await store.db
    .selectFrom('invitations')
    .select('id')
    .where('project_id', '=', project)
    .executeTakeFirstOrThrow();
  const { page_id: pageId } = await fileRow(store, files[1] ?? 0);
  const { id: file, sha1: version } = await fileRow(store, files[0] ?? 0);
  const run = await addRun(store, project, owner);
  const claim = await addClaim(store, { project, run, owner, pageId, face: matched });
  return {
    ...ids,
    face,
    matched,
    disputed,
    run,
    claim,
    channel,
    member,
    invitation: invitation.id,
    code,
    file,
    version,
  };
}

async function fileRow(store: Store, id: number) {
  return store.db
    .selectFrom('files')
    .select(['id', 'page_id', 'sha1'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
}

async function vote(
  store: Store,
  ids: Pick<Ids, 'project' | 'person'>,
  accountId: number,
  faceId: number,
  answer: 'yes' | 'no',
): Promise<void> {
  await castBallot(
    { store, clock: systemClock, nudges: memoryNudges() },
    {
      projectId: ids.project,
      accountId,
      answers: [{ faceId, person: ids.person, answer }],
      questionId: null,
      platform: 'room',
    },
  );
}

async function addClaim(
  store: Store,
  given: { project: number; run: number; owner: number; pageId: number; face: number },
): Promise<number> {
  const { id } = await store.db
    .insertInto('sdc_claims')
    .values({
      page_id: given.pageId,
      face_id: given.face,
      person: PERSON,
      project_id: given.project,
      statement_id: `M${given.pageId}$00000000-0000-4000-8000-000000000001`,
      state: 'written',
      reason: null,
      account_id: given.owner,
      run_id: given.run,
      undo_run_id: null,
      revision: 1,
      changed_at: 0,
      other_statement_id: THEIR_STATEMENT,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

async function roomMessage(store: Store, onlyFor?: string): Promise<number> {
  const deps = { store, clock: systemClock, nudges: memoryNudges() };
  const picture = { type: 'image/png', width: 1, height: 1, alt: 'a dot' } as const;
  const id = await postMessage(deps, {
    channel: 'practice',
    user: null,
    body: { title: 'A card', text: 'Is this a face?', picture },
    picture: Buffer.from('not really a picture'),
    ...(onlyFor ? { onlyFor } : {}),
  });
  await addReaction(deps, { messageId: id, user: null, emoji: '✅' });
  return id;
}

async function blockEntry(store: Store, administrator: number): Promise<number> {
  const { id } = await store.db
    .insertInto('block_list')
    .values({
      kind: 'person',
      subject: 'Q666',
      label: 'Somebody',
      reason: 'asked for it',
      blocked_by: administrator,
      blocked_at: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

async function addIdentity(store: Store, accountId: number, name: string): Promise<number> {
  const { id } = await store.db
    .insertInto('identities')
    .values({
      account_id: accountId,
      platform: 'room',
      external_id: `room-${name}`,
      display_name: name,
      linked_at: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function accountOf(store: Store, username: string): Promise<number> {
  const row = await store.db
    .selectFrom('account_profiles')
    .select('account_id')
    .where('username', '=', username)
    .executeTakeFirstOrThrow();
  return row.account_id;
}

export async function lastBallot(store: Store, accountId: number): Promise<number> {
  const { id } = await store.db
    .selectFrom('ballots')
    .select('id')
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  return id;
}
