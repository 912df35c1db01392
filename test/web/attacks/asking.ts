import type { ClaimState } from '../../../src/core/store/schema.ts';
import { type Ids, KINDS, type Kind, type World } from './world.ts';

/** The smallest right that a route asks for; each holds those below it. */
export type Right = 'everybody' | 'account' | 'linked' | 'member' | 'owner' | 'administrator';

/** Whom a rule lets in. */
export const MAY: Readonly<Record<Right, readonly Kind[]>> = {
  everybody: KINDS,
  // Their own data, also of those who may only look.
  account: KINDS.filter((kind) => kind !== 'visitor'),
  linked: ['linked', 'member', 'owner', 'administrator', 'banned', 'removed', 'other owner'],
  member: ['member', 'owner', 'administrator'],
  owner: ['owner', 'administrator'],
  administrator: ['administrator'],
};

export interface Asking {
  readonly world: World;
  /** The project that is asked about. */
  readonly ids: Ids;
  readonly kind: Kind;
}

export interface Rule {
  readonly right: Right;
  /** A form that is in order. */
  readonly fields?: (asking: Asking) => Record<string, string>;
  /** Parameters of the address, with the question mark. */
  readonly query?: string;
  /** How things have to stand for the request to make sense. */
  readonly prepare?: (asking: Asking) => Promise<unknown>;
  /** The answer to those who may; 200 to GET and 303 to POST when nothing is said. */
  readonly gives?: number;
  /** Those who may in general, and are answered otherwise for a reason that the rule's line says. */
  readonly but?: Partial<Record<Kind, number>>;
  /** Changes nothing in the database, also for those who may. */
  readonly changesNothing?: true;
  /** Answers to those who may not, beside 401 to visitors and 403; nothing changes all the same. */
  readonly refusals?: readonly number[];
  /** The answer when something in the path is another project's or person's, if not a refusal; nothing changes all the same. */
  readonly elsewhere?: number;
  /** What of a project the form names, beside the project: it must not be another one's. */
  readonly names?: readonly (keyof Ids)[];
  /** Names of parameters in the path whose value this rule knows better. */
  readonly params?: (asking: Asking) => Record<string, string | number>;
}

/** A claim in a state that the request is about. */
export const claim =
  (state: ClaimState) =>
  ({ world, ids }: Asking) =>
    world.store.db.updateTable('sdc_claims').set({ state }).where('id', '=', ids.claim).execute();
export const noClaim = ({ world, ids }: Asking) =>
  world.store.db.deleteFrom('sdc_claims').where('id', '=', ids.claim).execute();
export const spareMember =
  (row: { status: 'banned' } | { probation_at: number }) =>
  ({ world, ids }: Asking) =>
    world.store.db.updateTable('project_members').set(row).where('account_id', '=', ids.member).execute();

export const blockedHere = ({ world: { store, accounts }, ids }: Asking) =>
  store.db
    .insertInto('site_blocks')
    .values({
      account_id: ids.member,
      reason: 'It votes.',
      blocked_by: accounts.administrator,
      blocked_at: 0,
    })
    .execute();

export const failedFile = ({ world, ids }: Asking) =>
  world.store.db
    .updateTable('files')
    .set({ state: 'set_aside', failure: 'broken_picture', reason: 'It ends in the middle.' })
    .where('id', '=', ids.file)
    .execute();
/** Somebody drew the face, in the project that it is in. */
export async function drawnBy({ store }: World, ids: Ids, account: number): Promise<void> {
  await store.db
    .updateTable('faces')
    .set({ source: 'drawn', drawn_by: account })
    .where('id', '=', ids.face)
    .execute();
  const box = { x: 0.1, y: 0.1, w: 0.2, h: 0.2 };
  await store.db
    .insertInto('face_boxes')
    .values({
      ...box,
      face_id: ids.face,
      project_id: ids.project,
      account_id: account,
      act: 'drawn',
      done_at: 0,
    })
    .execute();
}

/** An origin that the project asks for, and a page beside its person with the id 1. */
export async function declared({ world: { store, accounts }, ids }: Asking): Promise<void> {
  const by = { project_id: ids.project, added_by: accounts.owner, added_at: 0 };
  await store.db
    .insertInto('project_origins')
    .values({ ...by, origin: SOURCE, who: 'The museum', purpose: 'Portraits.' })
    .execute();
  await store.db
    .insertInto('project_references')
    .values({ id: 1, ...by, person: ids.person, kind: 'page', url: `${SOURCE}/page`, title: 'A page' })
    .execute();
}

/** What administrators decided about origins. */
export async function decided({ world: { store, accounts } }: Asking): Promise<void> {
  const by = { added_by: accounts.administrator, added_at: 0 };
  await store.db
    .insertInto('csp_denied')
    .values({ ...by, host: 'tracker.example.org', reason: 'It tracks.' })
    .execute();
  await store.db
    .insertInto('csp_allowed')
    .values({ ...by, origin: SOURCE, label: 'Portraits' })
    .execute();
}

export const SOURCE = 'https://data.example.org';
export const NEW_SOURCE = { action: 'add', origin: 'https://pictures.example.org', days: '90', note: '' };
/** Of whoever asks: a source, one that waits, something to confirm, a notice and a passkey. Each has the id 1. */
export async function ownSources({ world: { store, accounts }, kind }: Asking): Promise<void> {
  const account_id = kind === 'visitor' ? accounts.owner : accounts[kind];
  const { central_id } = await store.db
    .selectFrom('account_profiles')
    .select('central_id')
    .where('account_id', '=', account_id)
    .executeTakeFirstOrThrow();
  const entry = { csp_user: Number(central_id), csp_domain: Buffer.from(SOURCE) };
  const act = JSON.stringify({ ...NEW_SOURCE, days: 90 });
  const later = Date.now() + 600_000;
  await store.db
    .insertInto('csp_sources')
    .values({ ...entry, csp_timestamp: Buffer.from('20260101000000') })
    .execute();
  await store.db
    .insertInto('csp_source_details')
    .values({
      ...entry,
      note: '',
      assurance: 'login',
      approved_at: 0,
      expires_at: later,
      sent_on: null,
    })
    .execute();
  const pending = { csp_user: entry.csp_user, subject: SOURCE, act, created_at: 0, effective_at: later };
  await store.db
    .insertInto('csp_pending')
    .values({ id: 1, ...pending })
    .execute();
  const approval = {
    account_id,
    act,
    nonce: 'n',
    method: 'login',
    created_at: 0,
    expires_at: later,
  } as const;
  await store.db
    .insertInto('csp_approvals')
    .values({ id: 1, ...approval, approved_at: null, used_at: null })
    .execute();
  await store.db
    .insertInto('account_notices')
    .values({ id: 1, account_id, kind: 'source-pending', subject: SOURCE, at: 0, seen_at: null })
    .execute();
  const key = { credential: Buffer.from('c'), public_key: Buffer.from('k'), counter: 0, transports: '[]' };
  await store.db
    .insertInto('passkeys')
    .values({ id: 1, account_id, ...key, name: 'Key', created_at: 0, usable_from: 0, used_at: null })
    .execute();
}
