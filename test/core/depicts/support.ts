import { previewRun, type RunDeps, startRun } from '../../../src/core/depicts/runs.ts';
import type { WriterDeps } from '../../../src/core/depicts/writer.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { RunState, VerdictsTable } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { type FakeWiki, fakeWiki, wikiAccountOf } from '../../support/fake-wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

export interface Match {
  readonly fileId: number;
  readonly faceId: number;
  readonly pageId: number;
}

/** A file with a face, and a verdict about it. */
export async function addMatch(
  store: Store,
  projectId: number,
  given: Partial<VerdictsTable> & { fileId?: number } = {},
): Promise<Match> {
  const { fileId: known, ...verdict } = given;
  const fileId = known ?? (await addFile(store, projectId));
  const faceId = await addFace(store, fileId);
  await store.db
    .insertInto('verdicts')
    .values({
      project_id: projectId,
      face_id: faceId,
      person: 'Q1',
      verdict: 'match',
      source: 'votes',
      changed_at: 1,
      ...verdict,
    })
    .execute();
  return { fileId, faceId, pageId: await pageIdOf(store, fileId) };
}

export async function pageIdOf(store: Store, fileId: number): Promise<number> {
  const row = await store.db
    .selectFrom('files')
    .select('page_id')
    .where('id', '=', fileId)
    .executeTakeFirstOrThrow();
  return row.page_id;
}

export interface WritingDesk {
  readonly deps: WriterDeps & RunDeps;
  readonly wiki: FakeWiki;
  readonly clock: FakeClock;
  readonly projectId: number;
  readonly owner: number;
  readonly member: number;
  readonly matches: readonly Match[];
  /** A run of the member with a claim for each match. */
  start(): Promise<number>;
}

/** A project with matches that wait to be written, and a wiki to write them to. */
export async function writingDesk(
  store: Store,
  given: { matches?: number; editsPerMinute?: number | null } = {},
): Promise<WritingDesk> {
  const { id: projectId, owner } = await addProject(store);
  const member = await addMember(store, projectId);
  const matches: Match[] = [];
  for (let i = 0; i < (given.matches ?? 3); i++) matches.push(await addMatch(store, projectId));
  const wiki = fakeWiki();
  const clock = fakeClock();
  const deps = {
    store,
    clock,
    wiki,
    wikiAccount: wikiAccountOf,
    nudges: notedNudges(),
    log: silentLog,
    workerId: 'worker one',
    editsPerMinute: given.editsPerMinute ?? null,
  };
  const start = () => startRun(deps, { projectId, accountId: member });
  return { deps, wiki, clock, projectId, owner, member, matches, start };
}

/** As another worker on the same database. */
export function asWorker(deps: WriterDeps & RunDeps, workerId: string): WriterDeps & RunDeps {
  return { ...deps, workerId };
}

export async function runRow(store: Store, runId: number) {
  return store.db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirstOrThrow();
}

export async function runState(store: Store, runId: number): Promise<RunState> {
  return (await runRow(store, runId)).state;
}

/** Claims by page id. */
export async function claims(store: Store) {
  const rows = await store.db.selectFrom('sdc_claims').selectAll().orderBy('id').execute();
  return new Map(rows.map((row) => [row.page_id, row]));
}

export async function claimStates(store: Store, matches: readonly Match[]): Promise<(string | null)[]> {
  const ledger = await claims(store);
  return matches.map(({ pageId }) => ledger.get(pageId)?.state ?? null);
}

export async function pagesToWrite(store: Store, projectId: number): Promise<number[]> {
  return (await previewRun(store, projectId)).pairs.map((pair) => pair.pageId);
}
