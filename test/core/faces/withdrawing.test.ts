import { beforeEach, describe, expect, it } from 'vitest';
import { pairsToWrite } from '../../../src/core/depicts/ledger.ts';
import { boxHistory } from '../../../src/core/faces/box-history.ts';
import { createCrops } from '../../../src/core/faces/crops.ts';
import { drawFace, redrawFace } from '../../../src/core/faces/drawing.ts';
import { facesToEmbed } from '../../../src/core/faces/embedding.ts';
import { nextForReview } from '../../../src/core/faces/for-review.ts';
import { pictureFaces } from '../../../src/core/faces/picture.ts';
import { withdrawFace } from '../../../src/core/faces/withdrawing.ts';
import { projectOverview } from '../../../src/core/projects/overview.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject, MODEL } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from '../review/support.ts';

describe.each(engines())('withdrawing drawn faces on %s', (kind) => {
  let store: Store;
  let world: ReviewWorld;
  let member: number;
  let file: number;
  let sha1: string;
  let faceId: number;

  beforeEach(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    world = await reviewWorld(store);
    member = await addMember(store, world.id);
    file = await addFile(store, world.id);
    ({ sha1 } = await store.db
      .selectFrom('files')
      .select('sha1')
      .where('id', '=', file)
      .executeTakeFirstOrThrow());
    ({ faceId } = await drawFace(world.deps, {
      projectId: world.id,
      accountId: member,
      fileId: file,
      sha1,
      box: [0.5, 0.5, 0.2, 0.2],
    }));
    return () => fresh.dispose();
  });

  const withdraw = (accountId = member, given: { faceId?: number; projectId?: number } = {}) =>
    withdrawFace(world.deps, { projectId: world.id, accountId, faceId, ...given });

  it('who drew it takes it out, with the own answer; it is asked and counted no more', async () => {
    const { questionId } = await world.open([faceId]);
    await world.say(member, 'yes', faceId);
    expect(await withdraw()).toBe(true);
    expect(await withdraw()).toBe(false);
    expect(await world.verdict(faceId)).toBe('none');
    expect(await world.question(questionId)).toBe('over');
    expect(await pictureFaces(store.db, file)).toEqual([]);
    expect(await nextForReview(store, { projectId: world.id, accountId: member })).toBeNull();
    expect(await facesToEmbed(store, MODEL)).toBe(0);
    expect((await projectOverview(store, world.id))?.faces).toBe(0);
    expect((await boxHistory(store, faceId)).map((entry) => entry.act)).toEqual(['drawn', 'withdrawn']);
    expect(await world.lastAudit()).toMatchObject({ account_id: member, action: 'face withdrawn' });
    const votes = await store.db.selectFrom('votes').select('answer').orderBy('id').execute();
    expect(votes.map((vote) => vote.answer)).toEqual(['yes', null]);
    await expect(world.say(member, 'yes', faceId)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('an undo does not bring the answer about it back', async () => {
    await store.db.updateTable('projects').set({ votes_needed: 1 }).where('id', '=', world.id).execute();
    await world.say(member, 'yes', faceId);
    await withdraw();
    const undone = await undoAnswers(world.deps, { projectId: world.id, accountId: member, count: 5 });
    expect(undone.answers).toBe(1);
    expect(await world.verdict(faceId)).toBe('open by votes');
    // Whatever is said of it later: it is not on the way to the wiki.
    await store.db.updateTable('verdicts').set({ verdict: 'match' }).where('face_id', '=', faceId).execute();
    expect(await pairsToWrite(store.db, world.id)).toEqual([]);
  });

  it('an owner may too, but nobody else', async () => {
    const [other = 0] = await world.members(1);
    const foreign = await addProject(store);
    await addToProject(store, foreign.id, file);
    await expect(withdraw(other)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(withdraw(foreign.owner)).rejects.toMatchObject({ code: 'forbidden' });
    // Theirs is another project's picture too, but it was not drawn there.
    await expect(withdraw(foreign.owner, { projectId: foreign.id })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await withdraw(world.owner)).toBe(true);
  });

  it('whoever left the project cannot', async () => {
    await store.db
      .updateTable('project_members')
      .set({ status: 'banned' })
      .where('account_id', '=', member)
      .execute();
    await expect(withdraw()).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('stays while somebody else says who it is; nothing is taken back then', async () => {
    const [other = 0] = await world.members(1);
    await world.say(member, 'yes', faceId);
    await world.say(other, 'yes', faceId);
    expect(await world.verdict(faceId)).toBe('match by votes');
    await expect(withdraw()).rejects.toMatchObject({ code: 'conflict' });
    expect(await world.verdict(faceId)).toBe('match by votes');
    await world.say(other, null, faceId);
    expect(await withdraw()).toBe(true);
  });

  it('stays while another project says who it is', async () => {
    const foreign = await addProject(store);
    await addToProject(store, foreign.id, file);
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: foreign.id,
        face_id: faceId,
        person: 'Q1',
        verdict: 'match',
        source: 'votes',
        changed_at: 0,
      })
      .execute();
    await expect(withdraw()).rejects.toMatchObject({ code: 'conflict' });
  });

  it('one that people rejected can go', async () => {
    await store.db.updateTable('projects').set({ votes_needed: 1 }).where('id', '=', world.id).execute();
    await world.say(world.owner, 'no', faceId);
    expect(await withdraw()).toBe(true);
  });

  it("the detector's faces are not for withdrawing", async () => {
    const found = await addFace(store, file);
    await expect(withdraw(world.owner, { faceId: found })).rejects.toMatchObject({ code: 'conflict' });
    await expect(withdraw(world.owner, { faceId: 999_999 })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('at its place another face can be drawn', async () => {
    await withdraw();
    const again = await drawFace(world.deps, {
      projectId: world.id,
      accountId: member,
      fileId: file,
      sha1,
      box: [0.5, 0.5, 0.2, 0.2],
    });
    expect([again.isNew, again.faceId === faceId]).toEqual([true, false]);
  });

  it('a redrawn box gets a new crop, and a withdrawn one none', async () => {
    const drawn: number[] = [];
    const crops = createCrops({
      store,
      pictures: { download: async () => new Uint8Array() },
      detector: {
        model: MODEL,
        detect: () => Promise.reject(new Error('nothing is detected here')),
        draw: async (drawing) => {
          if (drawing.kind !== 'crop') throw new Error('only crops are drawn here');
          drawn.push(drawing.box[2]);
          return { bytes: new Uint8Array([drawn.length]), type: 'image/jpeg', width: 1, height: 1 };
        },
        close: async () => {},
      },
    });
    await crops.crop(faceId);
    await crops.crop(faceId);
    await redrawFace(world.deps, {
      projectId: world.id,
      accountId: member,
      faceId,
      sha1,
      box: [0.5, 0.5, 0.3, 0.3],
    });
    expect((await crops.crop(faceId))?.bytes).toEqual(new Uint8Array([2]));
    expect(drawn).toEqual([0.2, 0.3]);
    await withdraw();
    expect(await crops.crop(faceId)).toBeNull();
  });
});
