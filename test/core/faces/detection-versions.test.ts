import { describe, expect, it } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addFace, at, sha1Of } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { detected, detectionDesk } from './detection-support.ts';

describe.each(engines())('detection of a new version on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  it('looks again when a new version came in the meantime', async () => {
    const { downloads, world, step, waiting, fileRow, facesOf } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    const newVersion = { sha1: sha1Of(77), thumb_url: 'new', state: 'waiting', attempts: 0 } as const;
    world.detect = async () => {
      await other.db.updateTable('files').set(newVersion).where('id', '=', file).execute();
      return detected(0.25);
    };
    await step();
    expect(await facesOf(file)).toEqual([]);
    expect(await fileRow(file)).toMatchObject({ state: 'waiting', lease_owner: null, attempts: 0 });
    world.detect = () => detected(0.75);
    await step();
    expect(downloads.at(-1)).toBe('new');
    expect(await facesOf(file)).toMatchObject([{ x: 0.75, sha1: sha1Of(77) }]);
  });

  it('does not hold the new version to be as broken as the old one', async () => {
    const { world, step, waiting, fileRow } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    world.detect = async () => {
      await other.db
        .updateTable('files')
        .set({ sha1: sha1Of(78), attempts: 0 })
        .where('id', '=', file)
        .execute();
      throw new VisavisError('broken_picture', 'The old one ends early.');
    };
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'waiting', reason: null, retry_at: null });
    world.detect = () => detected(0.75);
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
  });

  it('replaces the faces of an old version, but not those that people voted about', async () => {
    const { step, waiting, facesOf } = await detectionDesk(store);
    const { id, owner } = await addProject(store);
    const file = await waiting(id);
    const [untouched, voted] = [await addFace(store, file, { vector: at(1) }), await addFace(store, file)];
    await store.db
      .insertInto('suggestions')
      .values({ project_id: id, face_id: untouched, person: 'Q1', distance: 0.1, suggested: 1 })
      .execute();
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: id,
        face_id: untouched,
        person: 'Q1',
        verdict: 'match',
        source: 'bootstrap',
        changed_at: 0,
      })
      .execute();
    await store.db
      .insertInto('votes')
      .values({
        project_id: id,
        face_id: voted,
        person: 'Q1',
        account_id: owner,
        answer: 'yes',
        decides: 0,
        question_id: null,
        platform: 'web',
        voted_at: 0,
      })
      .execute();
    await step();
    const ids = (await facesOf(file)).map((face) => face.id);
    expect(ids).toContain(voted);
    expect(ids).not.toContain(untouched);
    expect(ids).toHaveLength(2);
    for (const table of ['suggestions', 'verdicts', 'embeddings'] as const) {
      const rows = await store.db
        .selectFrom(table as 'embeddings')
        .select('face_id')
        .where('face_id', '=', untouched)
        .execute();
      expect(rows, table).toEqual([]);
    }
  });
});
