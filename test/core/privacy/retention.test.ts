import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/core/platform/log.ts';
import { retentionStep } from '../../../src/core/privacy/retention.ts';
import { retentionReports } from '../../../src/core/privacy/retention-report.ts';
import { setProjectState } from '../../../src/core/projects/states.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

describe.each(engines())('retention on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let clock: ReturnType<typeof fakeClock>;
  const nudges = notedNudges();
  const vector = new Float32Array(128).fill(0.1);
  beforeEach(async () => {
    clock = fakeClock();
    ({ store, dispose } = await freshStore(kind));
  });
  afterEach(() => dispose());

  const run = () => retentionStep({ store, clock, log: silentLog, workerId: 'w' });
  const embeddings = async () => (await store.db.selectFrom('embeddings').select('face_id').execute()).length;
  const embedded = async (projectId: number | null) => {
    const file = await addFile(store, projectId);
    await addFace(store, file, { vector });
    return file;
  };

  test('embeddings are kept while a project with matching uses the file, and go with the last one', async () => {
    const { id: matching } = await addProject(store);
    const { id: without } = await addProject(store, { matching: 0 });
    const { id: deleted } = await addProject(store, { state: 'deleted' });
    await embedded(matching);
    const shared = await embedded(without);
    await addToProject(store, matching, shared);
    await embedded(without);
    await embedded(deleted);
    await embedded(null);
    await run();
    expect(await embeddings()).toBe(2);
    expect((await retentionReports(store))[0]).toMatchObject({ embeddings: 3, at: clock.now() });
    await store.db.updateTable('projects').set({ matching: 0 }).execute();
    await run();
    expect(await embeddings()).toBe(2);
    clock.advance(DAY + 1);
    await run();
    expect(await embeddings()).toBe(0);
  });

  test('they go 90 days after a project was completed, unless somebody went on with it', async () => {
    const { id: project, owner } = await addProject(store);
    await embedded(project);
    const deps = { store, clock, nudges };
    await setProjectState(deps, { projectId: project, accountId: owner, state: 'completed' });
    clock.advance(89 * DAY);
    await run();
    expect(await embeddings()).toBe(1);
    await setProjectState(deps, {
      projectId: project,
      accountId: owner,
      state: 'active',
      acknowledges: true,
    });
    clock.advance(2 * DAY);
    await run();
    expect(await embeddings()).toBe(1);
    await setProjectState(deps, { projectId: project, accountId: owner, state: 'completed' });
    clock.advance(91 * DAY);
    await run();
    expect(await embeddings()).toBe(0);
  });

  test('a project about living people goes on only after an owner acknowledged the rules', async () => {
    const { id: project, owner } = await addProject(store, { state: 'paused' });
    const resume = (acknowledges: boolean) =>
      setProjectState(
        { store, clock, nudges },
        { projectId: project, accountId: owner, state: 'active', acknowledges },
      );
    await expect(resume(false)).rejects.toMatchObject({ code: 'conflict' });
    await resume(true);
    await setProjectState(
      { store, clock, nudges },
      { projectId: project, accountId: owner, state: 'paused' },
    );
    await resume(false);
    const { id: historic, owner: other } = await addProject(store, { state: 'paused' });
    await store.db
      .updateTable('project_persons')
      .set({ living: 0 })
      .where('project_id', '=', historic)
      .execute();
    await setProjectState(
      { store, clock, nudges },
      { projectId: historic, accountId: other, state: 'active' },
    );
  });

  test('what ran out is deleted: one-time links, sessions, notes on hints; young ones stay', async () => {
    const link = (hash: string, expires: number) => ({
      token_hash: Buffer.from(hash),
      platform: 'room',
      external_id: 'u',
      display_name: 'U',
      created_at: 0,
      expires_at: expires,
      used_at: null,
      account_id: null,
      told_at: null,
    });
    const session = (hash: string, expires: number) => ({
      id_hash: Buffer.from(hash),
      account_id: null,
      data: '{}',
      created_at: 0,
      expires_at: expires,
    });
    const now = clock.now();
    await store.db
      .insertInto('link_requests')
      .values([link('old', now - 2 * DAY), link('young', now - 1)])
      .execute();
    await store.db
      .insertInto('sessions')
      .values([session('old', now - 1), session('young', now + 1)])
      .execute();
    await store.db
      .insertInto('settings')
      .values([
        { name: 'hint room a', value: String(now - 2 * DAY) },
        { name: 'hint room b', value: String(now - 1) },
      ])
      .execute();
    await run();
    expect((await retentionReports(store))[0]).toMatchObject({ linkRequests: 1, sessions: 1, hints: 1 });
    expect(await store.db.selectFrom('link_requests').select('token_hash').execute()).toHaveLength(1);
    expect(await store.db.selectFrom('sessions').select('id_hash').execute()).toHaveLength(1);
  });

  test('kept numbers of hours long ago are put together', async () => {
    const { owner } = await addProject(store);
    const old = clock.now() - 50 * DAY;
    await store.db
      .insertInto('kept_counts')
      .values([
        { account_id: owner, hour: old, answers: 3 },
        { account_id: owner, hour: old + 3_600_000, answers: 4 },
        { account_id: owner, hour: clock.now(), answers: 5 },
      ])
      .execute();
    await run();
    const rows = await store.db
      .selectFrom('kept_counts')
      .select(['hour', 'answers'])
      .orderBy('hour')
      .execute();
    expect(rows).toEqual([
      { hour: 0, answers: 7 },
      { hour: clock.now(), answers: 5 },
    ]);
  });

  test('a kind that fails keeps no other from being deleted, is told, and is tried again after an hour', async () => {
    const session = { account_id: null, data: '{}', created_at: 0, expires_at: 0 };
    const addSession = (hash: string) =>
      store.db
        .insertInto('sessions')
        .values({ ...session, id_hash: Buffer.from(hash) })
        .execute();
    const sessions = async () => (await store.db.selectFrom('sessions').selectAll().execute()).length;
    await addSession('one');
    await sql`alter table link_requests rename to elsewhere`.execute(store.db);
    await expect(run()).rejects.toThrow('link_requests');
    expect(await sessions()).toBe(0);
    const [report] = await retentionReports(store);
    expect(report).toMatchObject({ sessions: 1, linkRequests: 0, at: clock.now() });
    expect(report?.failed).toEqual([
      { kind: 'linkRequests', reason: expect.stringContaining('link_requests') },
    ]);
    await sql`alter table elsewhere rename to link_requests`.execute(store.db);
    await addSession('two');
    clock.advance(HOUR - 1);
    await run();
    expect(await sessions()).toBe(1);
    clock.advance(1);
    await run();
    expect(await sessions()).toBe(0);
    expect(await retentionReports(store)).toMatchObject([{ failed: [] }, { failed: [{}] }]);
    // Nothing more until tomorrow.
    await addSession('three');
    clock.advance(DAY - 1);
    await run();
    expect(await sessions()).toBe(1);
  });

  test('the reports of a week are kept, and the one of an earlier version is understood', async () => {
    const value = JSON.stringify({ at: 1, embeddings: 3, sessions: 2 });
    await store.db.insertInto('settings').values({ name: 'retention', value }).execute();
    expect(await retentionReports(store)).toEqual([{ at: 1, embeddings: 3, sessions: 2, failed: [] }]);
    for (let day = 0; day < 8; day++) {
      await run();
      clock.advance(DAY);
    }
    const times = (await retentionReports(store)).map(({ at }) => at);
    expect(times).toEqual([1, 2, 3, 4, 5, 6, 7].map((day) => clock.now() - day * DAY));
  });
});
