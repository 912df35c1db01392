import { describe, expect, inject, it } from 'vitest';
import { bytesToVector } from '../../../src/core/faces/vectors.ts';
import { OLD_MODEL } from '../../../src/core/import/boxes.ts';
import { engines } from '../../support/stores.ts';
import { encoding } from '../../support/wikivisage.ts';
import { THEN } from './old-rows.ts';
import { importDesk } from './support.ts';

describe.skipIf(!inject('mariadb')).each(engines())('files and faces taken over into %s', (kind) => {
  it('takes over projects with their person, category, numbers and members', async () => {
    const { store, fill, run, rows } = await importDesk(kind);
    await fill();
    const { taken, leftOut } = await run();
    expect(taken).toMatchObject({
      projects: 3,
      'projects that are another one in a different spelling': 1,
      members: 2,
    });
    expect(leftOut.filter((row) => row.kind === 'projects')).toEqual([
      { kind: 'projects', reason: 'deleted there', count: 1 },
      { kind: 'projects', reason: 'there is no item Q404', count: 1 },
      { kind: 'projects', reason: 'there is no item nonsense', count: 1 },
    ]);
    const projects = await rows.projects();
    expect(projects).toMatchObject([
      {
        title: 'Ada L.',
        category: 'Portraits of ada',
        state: 'paused',
        votes_needed: 1,
        min_confirmed: 5,
        created_at: THEN.getTime(),
      },
      { title: 'Label of Q2', category: 'Done', state: 'completed', threshold: 1, min_confirmed: 100 },
      { title: 'Label of Q3', state: 'paused' },
    ]);
    expect(projects[0]?.threshold).toBeCloseTo(0.55);
    const persons = await store.db.selectFrom('project_persons').selectAll().orderBy('project_id').execute();
    expect(persons.map((row) => row.person)).toEqual(['Q1', 'Q2', 'Q33']);
    const members = await store.db
      .selectFrom('project_members')
      .innerJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
      .select(['username', 'role', 'status'])
      .where('project_id', '=', projects[0]?.id ?? 0)
      .orderBy('username')
      .execute();
    expect(members).toEqual([
      { username: 'Ada', role: 'owner', status: 'active' },
      { username: 'Banned', role: 'member', status: 'banned' },
      { username: 'Ben', role: 'member', status: 'active' },
    ]);
  });

  it('takes over files as the wiki has them now, and faces as fractions', async () => {
    const { store, fill, run, rows } = await importDesk(kind);
    await fill();
    const { taken, leftOut } = await run();
    expect(taken.files).toBe(13);
    expect(leftOut).toContainEqual({ kind: 'files', reason: 'not on the wiki any more', count: 1 });
    expect(leftOut).toContainEqual({ kind: 'files', reason: 'no picture', count: 1 });
    const files = await store.db
      .selectFrom('files')
      .select(['page_id', 'title', 'state'])
      .orderBy('page_id')
      .execute();
    expect(files.map((row) => [row.page_id, row.state])).toEqual([
      [101, 'detected'],
      [102, 'detected'],
      // A face was lost on the way, nothing was found yet, another picture: our detector looks.
      [104, 'waiting'],
      [105, 'detected'],
      [106, 'detected'],
      [108, 'waiting'],
      [109, 'detected'],
      [110, 'waiting'],
      [111, 'detected'],
      [112, 'detected'],
      [120, 'detected'],
    ]);
    expect(files[0]?.title).toBe('File:Picture 101.jpg');
    const [first, second] = await rows.faces(101);
    expect(first).toMatchObject({
      x: 0.02,
      y: 0.25,
      w: 0.2,
      h: 0.25,
      source: 'detector',
      model: OLD_MODEL,
      seen_width: 500,
    });
    expect(second).toMatchObject({ x: 0.6 });
    // Over the edge.
    expect(await rows.faces(112)).toMatchObject([{ x: 0.9, w: expect.closeTo(0.1) }]);
    expect(await rows.faces(104)).toEqual([]);
    // The replaced box is left out, the new one is a person's.
    expect(await rows.faces(105)).toMatchObject([{ x: 0.04, source: 'drawn' }]);
    // Of an earlier version: kept for its vote, and never taken for the present one.
    expect(await rows.faces(110)).toMatchObject([{ x: 0.02, sha1: '' }]);
    expect(await rows.faces(111)).toHaveLength(1);
    expect(leftOut).toContainEqual({ kind: 'faces', reason: 'replaced by a newer box', count: 1 });
  });

  it('keeps encodings under a name of their own, and none of drawn boxes or completed projects', async () => {
    const { store, fill, run } = await importDesk(kind);
    await fill();
    const { leftOut } = await run();
    const kept = await store.db
      .selectFrom('embeddings')
      .innerJoin('faces', 'faces.id', 'embeddings.face_id')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select(['page_id', 'embeddings.model', 'vector'])
      .orderBy('embeddings.face_id')
      .execute();
    expect(new Set(kept.map((row) => row.model))).toEqual(new Set([OLD_MODEL]));
    const pages = kept.map((row) => row.page_id);
    for (const pageId of [105, 110, 112, 120]) expect(pages).not.toContain(pageId);
    const expected = Float32Array.from({ length: 128 }, (_, i) => encoding(10).readDoubleLE(i * 8));
    expect(bytesToVector(kept[0]?.vector ?? new Uint8Array())).toEqual(expected);
    expect(leftOut.filter((row) => row.kind === 'encodings').map((row) => row.count)).toEqual([1, 1, 1]);
  });

  it('uses the faces that our own detector has found', async () => {
    const { store, fill, run } = await importDesk(kind);
    await fill();
    const first = await run();
    // As if these had been looked at by us before the import.
    await store.db.deleteFrom('import_ids').where('kind', 'in', ['face', 'vote']).execute();
    await store.db.updateTable('faces').set({ model: 'our own' }).execute();
    await store.db
      .updateTable('faces')
      .set((eb) => ({ x: eb('x', '+', 0.02) }))
      .execute();
    const count = (await store.db.selectFrom('faces').select('id').execute()).length;
    const { taken, leftOut } = await run();
    expect(taken['faces that were here already']).toBeGreaterThan(8);
    expect(taken.faces).toBeUndefined();
    expect(await store.db.selectFrom('faces').select('id').execute()).toHaveLength(count);
    const faces = (rows: typeof leftOut) => rows.filter((row) => row.kind === 'faces');
    expect(faces(leftOut)).toEqual(faces(first.leftOut));
  });

  it('asks the wiki 50 files at a time', async () => {
    const { user, project, image, asked, run } = await importDesk(kind);
    const ada = await user('Ada');
    const id = await project(ada, 'Q1', 'Many');
    for (let i = 0; i < 101; i++) await image(id, 1000 + i, { status: 'pending' });
    await run();
    expect(asked).toEqual([50, 50, 1]);
  });
});
