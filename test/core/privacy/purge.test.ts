import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { purgeStep } from '../../../src/core/privacy/purge.ts';
import { deleteProject, setProjectState } from '../../../src/core/projects/states.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

/** What is left of a project: its number with its state, and what says what is on the wiki and who did what. */
const STAYS = ['sdc_claims', 'runs'];

describe.each(engines())('deleting a project on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  const nudges = notedNudges();
  let project: number;
  let owner: number;
  let member: number;
  let channel: number;
  let face: number;
  let shared: number;
  const vector = new Float32Array(128).fill(0.1);
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
    ({ id: project, owner } = await addProject(store));
    const { id: other } = await addProject(store);
    member = await addMember(store, project);
    channel = await addChannel(store, project);
    const file = await addFile(store, project);
    face = await addFace(store, file, { vector });
    const both = await addFile(store, project);
    await addToProject(store, other, both);
    shared = await addFace(store, both, { vector });
    await store.transaction((trx) =>
      openQuestion(trx, { projectId: project, kind: 'single', person: 'Q1', faceIds: [face] }, channel, 0),
    );
    await castBallot(
      { store, clock, nudges },
      {
        projectId: project,
        accountId: member,
        answers: [
          { faceId: face, person: 'Q1', answer: 'yes' },
          { faceId: shared, person: 'Q1', answer: 'no' },
        ],
        questionId: null,
        platform: 'web',
      },
    );
    await store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: shared, person: 'Q1', distance: 0.4, suggested: 1 })
      .execute();
    await store.db
      .insertInto('project_exclusions')
      .values({ project_id: project, category: 'Drawings' })
      .execute();
  });
  afterEach(() => dispose());

  const purge = async () => {
    while (await purgeStep({ store, clock, log: silentLog, workerId: 'w' })) {}
  };
  const postsGone = () => store.db.updateTable('posts').set({ state: 'gone' }).execute();
  const tablesWith = async (column: string): Promise<string[]> => {
    const tables = await store.db.introspection.getTables();
    return tables
      .filter((table) => table.columns.some((one) => one.name === column))
      .map((table) => table.name);
  };

  test('leaves no row of it but the ledger, its runs, and the audit log', async () => {
    await deleteProject({ store, clock, nudges }, { projectId: project, accountId: owner });
    await postsGone();
    await purge();
    const tables = await tablesWith('project_id');
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables.filter((name) => !STAYS.includes(name))) {
      const { rows } = await sql`select 1 from ${sql.table(table)} where project_id = ${project}`.execute(
        store.db,
      );
      expect([table, rows.length]).toEqual([table, 0]);
    }
    for (const table of await tablesWith('face_id')) {
      const { rows } = await sql`select 1 from ${sql.table(table)} where face_id = ${face}`.execute(store.db);
      expect([table, rows.length]).toEqual([table, 0]);
    }
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  test('keeps what another project has: the file, its face and its embedding', async () => {
    await deleteProject({ store, clock, nudges }, { projectId: project, accountId: owner });
    await postsGone();
    await purge();
    const faces = await store.db.selectFrom('faces').select('id').execute();
    const embeddings = await store.db.selectFrom('embeddings').select('face_id').execute();
    expect([faces, embeddings]).toEqual([[{ id: shared }], [{ face_id: shared }]]);
    expect(await store.db.selectFrom('files').select('id').execute()).toHaveLength(1);
  });

  test('waits until its posts are out of the chats, but not for ever', async () => {
    await deleteProject({ store, clock, nudges }, { projectId: project, accountId: owner });
    await purge();
    expect(await store.db.selectFrom('votes').select('id').execute()).toHaveLength(2);
    expect(await store.db.selectFrom('questions').select('erase').execute()).toEqual([{ erase: 1 }]);
    clock.advance(8 * 24 * 60 * 60_000);
    await purge();
    expect(await store.db.selectFrom('votes').select('id').execute()).toEqual([]);
  });

  test('needs an owner, and no run under way', async () => {
    const deps = { store, clock, nudges };
    const remove = (accountId: number) => deleteProject(deps, { projectId: project, accountId });
    await expect(remove(member)).rejects.toMatchObject({ code: 'forbidden' });
    await addRun(store, project, owner, { state: 'working', finished_at: null });
    await expect(remove(owner)).rejects.toMatchObject({ code: 'conflict' });
    await store.db.updateTable('runs').set({ state: 'done' }).execute();
    await remove(owner);
    await expect(remove(owner)).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      setProjectState(deps, { projectId: project, accountId: owner, state: 'active' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});
