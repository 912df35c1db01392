import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type GalleryFilter,
  type GalleryPage,
  type GalleryWish,
  projectFaces,
} from '../../../src/core/projects/gallery.ts';
import type { VerdictValue } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addBigProject, type BigProject } from '../../support/big-project.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
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
  const shown = async (filter: GalleryFilter = {}) => {
    const { faces: rows } = await projectFaces(store, project, { filter, perPage: 20 });
    return rows.map((row) => `${faces.indexOf(row.faceId)} ${row.person} ${row.verdict}`);
  };

  test('shows what is known about each face and person: matches, the likely ones, and the rest', async () => {
    expect(await shown()).toEqual([
      '0 Q2 match',
      '2 Q1 open',
      '1 Q2 open',
      '2 Q2 open',
      '1 Q1 no_match',
      '3 Q1 open',
    ]);
  });

  test('reads by person: those who are somebody else are open for nobody', async () => {
    expect(await shown({ person: 'Q1' })).toEqual(['2 Q1 open', '1 Q1 no_match', '3 Q1 open']);
    expect(await shown({ person: 'Q2' })).toEqual(['0 Q2 match', '1 Q2 open', '2 Q2 open', '3 Q2 open']);
    expect(await shown({ person: 'Q3' })).toEqual([]);
  });

  test('reads by verdict, source and distance', async () => {
    expect(await shown({ verdict: 'match' })).toEqual(['0 Q2 match']);
    expect(await shown({ verdict: 'no_match', person: 'Q2' })).toEqual([]);
    expect(await shown({ verdict: 'open' })).toEqual(['2 Q1 open', '1 Q2 open', '2 Q2 open', '3 Q1 open']);
    expect(await shown({ source: 'votes' })).toEqual(['0 Q2 match', '1 Q1 no_match']);
    expect(await shown({ source: 'owner' })).toEqual([]);
    expect(await shown({ nearerThan: 0.4 })).toEqual(['2 Q1 open']);
    expect(await shown({ notNearerThan: 0.4 })).toEqual(['1 Q2 open', '2 Q2 open']);
    expect(await shown({ nearerThan: 0.4, source: 'votes' })).toEqual([]);
  });

  test('a face that was withdrawn is not shown', async () => {
    const at = (withdrawn_at: number | null) =>
      store.db
        .updateTable('faces')
        .set({ withdrawn_at })
        .where('id', 'in', [faces[0] ?? 0, faces[2] ?? 0])
        .execute();
    await at(5);
    expect(await shown()).toEqual(['1 Q2 open', '1 Q1 no_match', '3 Q1 open']);
    await at(null);
  });

  test('knows what is on the wiki, also of a person whose item was merged into another', async () => {
    const run_id = await addRun(store, project, owner);
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
        run_id,
        undo_run_id: null,
        revision: null,
        changed_at: 0,
      })
      .execute();
    const { faces: rows } = await projectFaces(store, project, {
      filter: { verdict: 'match' },
      perPage: 20,
    });
    expect(rows.map((row) => row.claim)).toEqual(['written']);
    expect(await shown({ claim: 'written' })).toEqual(['0 Q2 match']);
    expect(await shown({ claim: 'none' })).toEqual(['1 Q1 no_match']);
    expect(await shown({ claim: 'failed' })).toEqual([]);
  });
});

describe.each(engines())('the pages of the gallery on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let project: BigProject;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    // Rows of another project lie before and between.
    await addBigProject(store, { faces: 150, now: Date.UTC(2026, 5, 1), seed: 1 });
    project = await addBigProject(store, { faces: 240, now: Date.UTC(2026, 5, 1) });
  });
  afterAll(() => dispose());

  const page = (wish: Omit<GalleryWish, 'perPage'>, perPage: number) =>
    projectFaces(store, project.id, { ...wish, perPage });
  const names = ({ faces }: GalleryPage) =>
    faces.map((face) => `${face.verdict} ${face.distance} ${face.faceId} ${face.person}`);

  test.each<GalleryFilter>([
    {},
    { verdict: 'open' },
    { verdict: 'no_match' },
    { person: 'Q2' },
    { claim: 'none' },
    { nearerThan: 0.6 },
  ])('forwards and backwards, nothing is missing and nothing comes twice: %o', async (filter) => {
    const all = names(await page({ filter }, 5000));
    expect(all.length).toBeGreaterThan(20);
    expect(new Set(all).size).toBe(all.length);
    const forwards: string[] = [];
    let last = await page({ filter }, 7);
    forwards.push(...names(last));
    expect(last.previous).toBeNull();
    while (last.next !== null) {
      last = await page({ filter, after: last.next }, 7);
      forwards.push(...names(last));
    }
    expect(forwards).toEqual(all);
    const backwards = names(last).toReversed();
    while (last.previous !== null) {
      last = await page({ filter, before: last.previous }, 7);
      backwards.push(...names(last).toReversed());
    }
    // The first page is whole again, so that a few faces are seen twice on the way back.
    expect([...new Set(backwards)].toReversed().toSorted()).toEqual(all.toSorted());
    expect(names(last)).toEqual(all.slice(0, 7));
  });

  test('every face of the project is there', async () => {
    const { faces } = await page({}, 5000);
    expect(new Set(faces.map((face) => face.faceId)).size).toBe(240);
  });

  test('a place that is none is the beginning', async () => {
    const first = names(await page({}, 7));
    for (const text of ['', 'x', 'match~1~1', "match~1~1~Q1' or 1=1", 'moon~1~1~Q1', 'rest~-1~1~Q1'])
      expect(names(await page({ after: text }, 7))).toEqual(first);
    expect(names(await page({ before: 'match~1~1~Q1' }, 7))).toEqual(first);
    expect(await page({ after: 'rest~999999999~1~Q1' }, 7)).toMatchObject({ faces: [], next: null });
  });
});
