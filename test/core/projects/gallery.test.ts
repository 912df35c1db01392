import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GalleryFilter, projectFaces } from '../../../src/core/projects/gallery.ts';
import type { VerdictValue } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';

describe.each(engines())('the gallery on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let project: number;
  let owner: number;
  let faces: number[];
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    ({ id: project, owner } = await addProject(store, {}, ['Q1', 'Q2']));
    const file = await addFile(store, project);
    faces = [];
    for (let i = 0; i < 4; i++) faces.push(await addFace(store, file));
    await verdict(0, 'Q2', 'match');
    await verdict(1, 'Q1', 'no_match');
    await suggest(1, 'Q2', 0.4);
    await suggest(2, 'Q1', 0.3);
    await suggest(2, 'Q2', 0.5);
    await suggest(0, 'Q1', 0.9);
    const aside = await addFile(store, project, { state: 'set_aside' });
    await addFace(store, aside);
  });
  afterAll(() => dispose());

  const verdict = (face: number, person: string, value: VerdictValue) =>
    store.db
      .insertInto('verdicts')
      .values({
        project_id: project,
        face_id: faces[face] ?? 0,
        person,
        verdict: value,
        source: 'votes',
        changed_at: 0,
      })
      .execute();
  const suggest = (face: number, person: string, distance: number) =>
    store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: faces[face] ?? 0, person, distance, suggested: 0 })
      .execute();
  /** `face person verdict` */
  const shown = async (filter: GalleryFilter = {}, page = 1, perPage = 20) => {
    const { total, faces: rows } = await projectFaces(store, project, { filter, page, perPage });
    return {
      total,
      rows: rows.map((row) => `${faces.indexOf(row.faceId)} ${row.person} ${row.verdict}`),
    };
  };

  test('shows what is known about each face and person, matches first, then the nearest', async () => {
    expect(await shown()).toEqual({
      total: 6,
      rows: ['0 Q2 match', '2 Q1 open', '1 Q2 open', '2 Q2 open', '1 Q1 no_match', '3 Q1 open'],
    });
  });

  test('reads by person: those who are somebody else are open for nobody', async () => {
    expect((await shown({ person: 'Q1' })).rows).toEqual(['2 Q1 open', '1 Q1 no_match', '3 Q1 open']);
    expect((await shown({ person: 'Q2' })).rows).toEqual([
      '0 Q2 match',
      '1 Q2 open',
      '2 Q2 open',
      '3 Q2 open',
    ]);
  });

  test('reads by verdict, and page by page', async () => {
    expect((await shown({ verdict: 'match' })).rows).toEqual(['0 Q2 match']);
    expect((await shown({ verdict: 'no_match', person: 'Q2' })).rows).toEqual([]);
    expect(await shown({}, 2, 4)).toEqual({ total: 6, rows: ['1 Q1 no_match', '3 Q1 open'] });
    expect((await shown({}, 9, 4)).rows).toEqual([]);
  });

  test('knows what is on the wiki, also of a person whose item was merged into another', async () => {
    const run = await store.db
      .insertInto('runs')
      .values({
        project_id: project,
        account_id: owner,
        kind: 'write',
        undoes: null,
        state: 'done',
        reason: null,
        edit_group: 'x',
        stop_requested_at: null,
        created_at: 0,
        retry_at: null,
        finished_at: null,
        channel_id: null,
        message_id: null,
        reported: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const { page_id } = await store.db
      .selectFrom('faces')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select('files.page_id')
      .where('faces.id', '=', faces[0] ?? 0)
      .executeTakeFirstOrThrow();
    await store.db.insertInto('item_redirects').values({ item: 'Q2', target: 'Q22', seen_at: 0 }).execute();
    await store.db
      .insertInto('sdc_claims')
      .values({
        page_id,
        person: 'Q22',
        project_id: project,
        face_id: faces[0] ?? 0,
        statement_id: 'M1$x',
        state: 'written',
        reason: null,
        account_id: owner,
        run_id: run.id,
        undo_run_id: null,
        revision: null,
        changed_at: 0,
      })
      .execute();
    const { faces: rows } = await projectFaces(store, project, {
      filter: { verdict: 'match' },
      page: 1,
      perPage: 20,
    });
    expect(rows.map((row) => row.claim)).toEqual(['written']);
  });
});
