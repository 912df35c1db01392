import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type RunDeps, startRun, startUndo } from '../../src/core/depicts/runs.ts';
import { type WriterDeps, writeStep } from '../../src/core/depicts/writer.ts';
import type { Clock } from '../../src/core/platform/clock.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import type { ClaimState } from '../../src/core/store/schema.ts';
import type { DatabaseAddress, Store } from '../../src/core/store/store.ts';
import { createPocketWiki, type PocketWiki } from '../../src/sandbox/wiki.ts';
import { notedNudges } from '../support/nudges.ts';
import { addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { accountOf, wikiAt } from './work.ts';

export const PERSON = 'Q9001';
const WRITER = 'Practice Anna';

/** A clock whose sleeps pass at once; something may happen while somebody sleeps. */
export class FastClock implements Clock {
  time: number;
  readonly sleeps: number[] = [];
  onSleep: (now: number) => void = () => {};
  constructor(start: number = Date.UTC(2026, 5, 1)) {
    this.time = start;
  }
  now = (): number => this.time;
  sleep = async (ms: number): Promise<void> => {
    this.sleeps.push(ms);
    this.time += ms;
    this.onSleep(this.time);
  };
}

export interface FaultDesk {
  readonly store: Store;
  readonly address: DatabaseAddress;
  readonly pocket: PocketWiki;
  readonly clock: FastClock;
  readonly deps: WriterDeps & RunDeps;
  readonly projectId: number;
  readonly accountId: number;
  /** Pages of the files in which the person was agreed upon. */
  readonly pages: readonly number[];
  /** Another worker: a process of its own would have these. */
  worker(name: string, more?: Partial<WriterDeps>): WriterDeps & RunDeps;
  start(): Promise<number>;
  /** Starts a run and works on it until there is nothing to do. */
  write(): Promise<number>;
  undo(runId: number): Promise<number>;
  /** Works until no run is due. */
  work(deps?: WriterDeps): Promise<void>;
  states(): Promise<ClaimState[]>;
  run(id: number): Promise<{ state: string; reason: string | null }>;
  dispose(): Promise<void>;
}

export interface World {
  readonly pocket: PocketWiki;
  readonly clock: FastClock;
}

export async function newWorld(clock: FastClock = new FastClock()): Promise<World> {
  const pocket = await createPocketWiki({
    port: 0,
    host: '127.0.0.1',
    dataDir: ':memory:',
    photosDir: null,
    clients: [{ id: 'faults', secret: 's3cret', name: 'Visavis test', redirectUri: 'http://localhost/cb' }],
    clock,
  });
  return { pocket, clock };
}

/** The real writer and the real client before the pocket wiki: only the time passes faster. */
export async function faultDesk(
  given: {
    kind?: DatabaseAddress['kind'];
    files?: number;
    /** A wiki and its clock that several desks of a file share: making one takes a second. */
    world?: World;
    editsPerMinute?: number | null;
  } = {},
): Promise<FaultDesk> {
  const fresh = await freshStore(given.kind ?? 'sqlite');
  const { store, address } = fresh;
  const { clock, pocket } = given.world ?? (await newWorld());
  pocket.misbehave.clear();
  pocket.requests.clear();
  pocket.hands.unblock(WRITER);
  pocket.hands.setRateLimit(100_000, 60);
  clock.sleeps.splice(0);
  clock.onSleep = () => {};
  const { id: projectId, owner } = await addProject(store, {}, [PERSON]);
  await store.db
    .updateTable('account_profiles')
    .set({ username: WRITER })
    .where('account_id', '=', owner)
    .execute();
  const pages = await pocket.hands.addManyFiles(
    given.files ?? 4,
    'Category:Faults',
    `Faults ${randomUUID()}`,
  );
  for (const pageId of pages) await agree(store, projectId, pageId);
  const tokens = pocket.hands.issueTokens(WRITER);
  const wiki = wikiAt(`${pocket.url}/w/api.php`, clock);
  const worker = (workerId: string, more: Partial<WriterDeps> = {}) => ({
    store,
    clock,
    wiki,
    wikiAccount: () => accountOf(WRITER, tokens.accessToken),
    nudges: notedNudges(),
    log: silentLog,
    workerId,
    editsPerMinute: given.editsPerMinute ?? null,
    ...more,
  });
  const deps = worker('worker one');
  const work = async (by: WriterDeps = deps) => {
    for (let i = 0; i < 20 && (await writeStep(by)); i++);
  };
  const start = () => startRun(deps, { projectId, accountId: owner });
  return {
    store,
    address,
    pocket,
    clock,
    deps,
    projectId,
    accountId: owner,
    pages,
    worker,
    start,
    work,
    write: async () => {
      const id = await start();
      await work();
      return id;
    },
    undo: async (runId) => {
      const id = await startUndo(deps, { runId, accountId: owner });
      await work();
      return id;
    },
    states: async () => {
      const rows = await store.db.selectFrom('sdc_claims').select('state').orderBy('page_id').execute();
      return rows.map((row) => row.state);
    },
    run: (id) =>
      store.db.selectFrom('runs').select(['state', 'reason']).where('id', '=', id).executeTakeFirstOrThrow(),
    dispose: async () => {
      if (!given.world) await pocket.close();
      await fresh.dispose();
    },
  };
}

/** A file whose face people agree about. */
export async function agree(store: Store, projectId: number, pageId: number, person = PERSON): Promise<void> {
  const fileId = await addFile(store, projectId, { page_id: pageId });
  await store.db
    .insertInto('verdicts')
    .values({
      project_id: projectId,
      face_id: await addFace(store, fileId),
      person,
      verdict: 'match',
      source: 'votes',
      changed_at: 1,
    })
    .execute();
}

/** The ledger, in the order of its rows. */
export function claimsOf({ store }: FaultDesk) {
  return store.db.selectFrom('sdc_claims').selectAll().orderBy('id').execute();
}

/** The project looks for somebody else too. */
export async function addPerson({ store, projectId: project_id }: FaultDesk, person: string): Promise<void> {
  const words = { label: person, description: '', portrait_title: null, portrait_url: null };
  await store.db
    .insertInto('project_persons')
    .values({ project_id, person, ...words, position: 1 })
    .execute();
}

/** People agree that the face in the first file is somebody else too. */
export async function agreeAlso(desk: FaultDesk, person: string): Promise<void> {
  await addPerson(desk, person);
  const face = await desk.store.db.selectFrom('faces').select('id').orderBy('id').executeTakeFirstOrThrow();
  await addVerdict(desk, face.id, person);
}

/** People agree that another face in the first file is the person too. */
export async function agreeOnAnotherFace(desk: FaultDesk): Promise<void> {
  const file = await desk.store.db.selectFrom('files').select('id').orderBy('id').executeTakeFirstOrThrow();
  await addVerdict(desk, await addFace(desk.store, file.id, { x: 0.5 }), PERSON);
}

async function addVerdict({ store, projectId }: FaultDesk, faceId: number, person: string): Promise<void> {
  const verdict = { project_id: projectId, face_id: faceId, person, changed_at: 1 };
  await store.db
    .insertInto('verdicts')
    .values({ ...verdict, verdict: 'match', source: 'votes' })
    .execute();
}

/**
 * The ledger and the wiki say the same: what is written stands there once, under our id; what was taken back,
 * never sent or refused does not; what is somebody else's is theirs; and nothing of ours is there that the ledger
 * does not know.
 */
export async function expectSame(store: Store, wiki: PocketWiki): Promise<void> {
  const ledger = await store.db.selectFrom('sdc_claims').selectAll().execute();
  const files = await store.db.selectFrom('files').select('page_id').where('state', '!=', 'gone').execute();
  const said: string[] = [];
  const stands: string[] = [];
  const known = new Set<string>();
  for (const claim of ledger) {
    if (claim.state === 'written') said.push(`${claim.page_id} ${claim.person} ${claim.statement_id}`);
    if (claim.other_statement_id !== null && claim.state === 'present') known.add(claim.other_statement_id);
  }
  const persons = new Set(ledger.map((claim) => claim.person));
  for (const { page_id } of files) {
    const seen = new Set<string>();
    for (const statement of wiki.hands.statements(page_id)) {
      const value = statement.mainsnak.datavalue?.value as { id?: string } | undefined;
      const person = value?.id ?? '';
      if (!persons.has(person)) continue;
      expect(seen, `${person} stands twice on page ${page_id}`).not.toContain(person);
      seen.add(person);
      if (!known.has(statement.id)) stands.push(`${page_id} ${person} ${statement.id}`);
    }
  }
  expect(stands.toSorted()).toEqual(said.toSorted());
}
