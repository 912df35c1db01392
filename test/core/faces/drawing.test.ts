import { beforeEach, describe, expect, it } from 'vitest';
import { boxHistory } from '../../../src/core/faces/box-history.ts';
import type { Box } from '../../../src/core/faces/detector.ts';
import { drawFace, redrawFace } from '../../../src/core/faces/drawing.ts';
import { facesToEmbed } from '../../../src/core/faces/embedding.ts';
import { answerWithDrawn, nextForReview } from '../../../src/core/faces/for-review.ts';
import { pictureFaces } from '../../../src/core/faces/picture.ts';
import { withdrawFace } from '../../../src/core/faces/withdrawing.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { READ_ONLY } from '../../../src/core/platform/read-only.ts';
import { purgeStep } from '../../../src/core/privacy/purge.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject, at, MODEL } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from '../review/support.ts';

const BOX: Box = [0.5, 0.5, 0.2, 0.2];

describe.each(engines())('drawn boxes on %s', (kind) => {
  let store: Store;
  let world: ReviewWorld;
  let member: number;
  let file: number;
  let sha1: string;

  beforeEach(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    world = await reviewWorld(store);
    member = await addMember(store, world.id);
    file = await addFile(store, world.id, { width: 2000, height: 1000 });
    sha1 = await versionOf(file);
    return () => fresh.dispose();
  });

  const versionOf = async (fileId: number) =>
    (await store.db.selectFrom('files').select('sha1').where('id', '=', fileId).executeTakeFirstOrThrow())
      .sha1;
  const draw = (box: Box = BOX, given: Partial<Parameters<typeof drawFace>[1]> = {}) =>
    drawFace(world.deps, { projectId: world.id, accountId: member, fileId: file, sha1, box, ...given });
  const redraw = (faceId: number, box: Box, given: Partial<Parameters<typeof redrawFace>[1]> = {}) =>
    redrawFace(world.deps, { projectId: world.id, accountId: member, faceId, sha1, box, ...given });
  const face = (id: number) =>
    store.db.selectFrom('faces').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const count = async (table: 'faces' | 'face_boxes' | 'embeddings' | 'suggestions' | 'audit') =>
    (
      await store.db
        .selectFrom(table)
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n;

  it('keeps who drew which box, and asks about it next', async () => {
    const { faceId, isNew } = await draw();
    expect(isNew).toBe(true);
    expect(await face(faceId)).toMatchObject({
      file_id: file,
      x: 0.5,
      w: 0.2,
      source: 'drawn',
      drawn_by: member,
      box_number: 0,
      seen_width: 1280,
      seen_height: 640,
    });
    expect(await boxHistory(store, faceId)).toMatchObject([
      { act: 'drawn', box: BOX, at: world.clock.now() },
    ]);
    expect(await world.lastAudit()).toMatchObject({
      account_id: member,
      action: 'face drawn',
      subject: `face ${faceId}`,
      detail: { project: world.id },
    });
    expect(await nextForReview(store, { projectId: world.id, accountId: member })).toMatchObject({
      faceIds: [faceId],
    });
    expect(world.deps.nudges.topics).toEqual(
      expect.arrayContaining(['work', 'posts', `project:${world.id}`]),
    );
  });

  it('is the same face when it is drawn again, by anybody, or nearly where there is one', async () => {
    const { faceId } = await draw();
    const other = await addMember(store, world.id);
    expect(await draw()).toEqual({ faceId, isNew: false });
    expect(await draw([0.52, 0.51, 0.2, 0.2], { accountId: other })).toEqual({ faceId, isNew: false });
    expect([await count('faces'), await count('face_boxes'), await count('audit')]).toEqual([1, 1, 1]);
    const found = await addFace(store, file);
    expect(await draw([0.11, 0.1, 0.2, 0.2])).toEqual({ faceId: found, isNew: false });
    expect((await draw([0.25, 0.1, 0.2, 0.2])).isNew).toBe(true);
  });

  it('two who draw the same box at once draw one', async () => {
    const others = await world.members(4);
    const drawn = await Promise.all(others.map((accountId) => draw(BOX, { accountId })));
    expect(new Set(drawn.map(({ faceId }) => faceId)).size).toBe(1);
    expect(drawn.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await count('faces')).toBe(1);
  });

  it.each<[string, Box, string]>([
    ['no number', [Number.NaN, 0, 0.1, 0.1], 'four numbers'],
    ['no end', [0, 0, Number.POSITIVE_INFINITY, 0.1], 'four numbers'],
    ['outside on the left', [-0.01, 0, 0.1, 0.1], 'inside'],
    ['outside on the right', [0.95, 0, 0.1, 0.1], 'inside'],
    ['outside below', [0, 0.5, 0.1, 0.51], 'inside'],
    ['nine pixels wide', [0.1, 0.1, 0.0045, 0.1], 'too small'],
    ['nine pixels high', [0.1, 0.1, 0.1, 0.009], 'too small'],
    ['inside out', [0.5, 0.5, -0.1, 0.1], 'too small'],
  ])('refuses a box with %s', async (_, box, words) => {
    await expect(draw(box)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(words),
    });
    const found = await addFace(store, file);
    await expect(redraw(found, box)).rejects.toMatchObject({ code: 'bad_input' });
    expect([await count('faces'), await count('face_boxes')]).toEqual([1, 0]);
  });

  it('takes the smallest box, and the whole picture', async () => {
    expect((await draw([0.1, 0.1, 0.005, 0.01])).isNew).toBe(true);
    expect((await draw([0, 0, 1, 1])).isNew).toBe(true);
  });

  it('is for members, on pictures of their project', async () => {
    const stranger = (await addProject(store)).owner;
    const banned = await addMember(store, world.id, { status: 'banned' });
    const blocked = await addMember(store, world.id, { blocked: true });
    const elsewhere = await addFile(store, (await addProject(store)).id);
    const waiting = await addFile(store, world.id, { state: 'waiting' });
    const found = await addFace(store, file);
    for (const accountId of [stranger, banned, blocked]) {
      await expect(draw(BOX, { accountId })).rejects.toMatchObject({ code: 'forbidden' });
      await expect(redraw(found, [0.1, 0.1, 0.3, 0.3], { accountId })).rejects.toMatchObject({
        code: 'forbidden',
      });
    }
    for (const fileId of [elsewhere, waiting, 999_999]) {
      const version = fileId === 999_999 ? sha1 : await versionOf(fileId);
      await expect(draw(BOX, { fileId, sha1: version })).rejects.toMatchObject({ code: 'not_found' });
    }
    await expect(draw(BOX, { sha1: 'another' })).rejects.toMatchObject({ code: 'conflict' });
    expect([await count('faces'), await count('face_boxes')]).toEqual([1, 0]);
  });

  it('a redrawn box keeps its votes and forgets what was made of its pixels', async () => {
    const found = await addFace(store, file, { vector: at(0.3) });
    await store.db
      .insertInto('suggestions')
      .values({ project_id: world.id, face_id: found, person: 'Q1', distance: 0.1, suggested: 1 })
      .execute();
    await world.say(member, 'yes', found);
    await world.say(world.owner, 'yes', found);
    const asked = await addFace(store, file, { x: 0.7 });
    const { postId } = await world.open([asked]);
    const before = await projectChange();
    expect(await redraw(found, [0.1, 0.1, 0.3, 0.3])).toBe(true);
    expect(await redraw(found, [0.1, 0.1, 0.3, 0.3])).toBe(false);
    expect(await face(found)).toMatchObject({ w: 0.3, source: 'detector', box_number: 1, drawn_by: null });
    expect(await world.verdict(found)).toBe('match by votes');
    expect([await count('embeddings'), await count('suggestions'), await count('face_boxes')]).toEqual([
      0, 0, 1,
    ]);
    expect(await boxHistory(store, found)).toMatchObject([{ act: 'redrawn', box: [0.1, 0.1, 0.2, 0.2] }]);
    expect(await projectChange()).toBeGreaterThan(before);
    expect(await facesToEmbed(store, MODEL)).toBe(2);
    await redraw(asked, [0.7, 0.1, 0.25, 0.25]);
    const post = await store.db
      .selectFrom('posts')
      .select(['wanted', 'shown'])
      .where('id', '=', postId)
      .executeTakeFirstOrThrow();
    expect(post.wanted).toBeGreaterThan(post.shown);
  });

  it('a redrawn box stays with its face', async () => {
    const found = await addFace(store, file);
    const other = await addFace(store, file, { x: 0.35 });
    await expect(redraw(found, BOX)).rejects.toMatchObject({ code: 'bad_input' });
    await expect(redraw(found, [0.28, 0.1, 0.25, 0.2])).rejects.toMatchObject({ code: 'conflict' });
    await store.db.updateTable('faces').set({ sha1: 'earlier' }).where('id', '=', other).execute();
    await expect(redraw(other, [0.35, 0.1, 0.3, 0.3])).rejects.toMatchObject({ code: 'conflict' });
    await expect(redraw(999_999, BOX)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('nobody draws while the site is read-only', async () => {
    const found = await addFace(store, file);
    const { faceId } = await draw();
    await store.db
      .insertInto('settings')
      .values({ name: READ_ONLY, value: JSON.stringify({ since: 0, reason: '' }) })
      .execute();
    const who = { projectId: world.id, accountId: member };
    await expect(draw([0.8, 0.8, 0.1, 0.1])).rejects.toMatchObject({ code: 'read_only' });
    await expect(redraw(found, [0.1, 0.1, 0.3, 0.3])).rejects.toMatchObject({ code: 'read_only' });
    await expect(withdrawFace(world.deps, { ...who, faceId })).rejects.toMatchObject({ code: 'read_only' });
  });

  it('nothing is embedded where no project wants matching', async () => {
    await draw();
    expect(await facesToEmbed(store, MODEL)).toBe(1);
    await store.db.updateTable('projects').set({ matching: 0 }).where('id', '=', world.id).execute();
    expect(await facesToEmbed(store, MODEL)).toBe(0);
  });

  it('a face that was alone, and therefore vouched for by the wiki, is left to people', async () => {
    const alone = await addFace(store, file);
    const row = { project_id: world.id, face_id: alone, person: 'Q1', changed_at: 0 };
    await store.db
      .insertInto('verdicts')
      .values({ ...row, verdict: 'match', source: 'bootstrap' })
      .execute();
    await draw();
    expect(await world.verdict(alone)).toBe('none');
  });

  it('drawing a face and saying who it is is one answer, also when it is sent twice', async () => {
    const [first = 0, second = 0] = [await addFace(store, file), await addFace(store, file, { x: 0.32 })];
    const asked = { questionId: null, person: 'Q1', faceIds: [first, second] };
    const { faceId } = await draw();
    const say = () =>
      answerWithDrawn(world.deps, { projectId: world.id, accountId: member, faceId, person: 'Q1', asked });
    await say();
    await say();
    const votes = await store.db.selectFrom('votes').select(['face_id', 'answer', 'ballot_id']).execute();
    expect(votes.map((vote) => [vote.face_id, vote.answer])).toEqual(
      expect.arrayContaining([
        [faceId, 'yes'],
        [first, 'no'],
        [second, 'no'],
      ]),
    );
    expect([votes.length, new Set(votes.map((vote) => vote.ballot_id)).size]).toEqual([3, 1]);
  });

  it('a face of another picture is not answered about along with a drawn one', async () => {
    const elsewhere = await addFace(store, await addFile(store, world.id));
    const { faceId } = await draw();
    const asked = { questionId: null, person: 'Q1', faceIds: [elsewhere] };
    await answerWithDrawn(world.deps, {
      projectId: world.id,
      accountId: member,
      faceId,
      person: 'Q1',
      asked,
    });
    expect(await store.db.selectFrom('votes').select('face_id').execute()).toEqual([{ face_id: faceId }]);
  });

  it('goes with its project', async () => {
    const { faceId } = await draw();
    await answerWithDrawn(world.deps, {
      projectId: world.id,
      accountId: member,
      faceId,
      person: 'Q1',
      asked: null,
    });
    const shared = await addProject(store);
    const kept = await addFile(store, world.id);
    await addToProject(store, shared.id, kept);
    await draw(BOX, { fileId: kept, sha1: await versionOf(kept) });
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', world.id).execute();
    const purge = { store, clock: world.clock, log: silentLog, workerId: 'w' };
    for (let i = 0; i < 5; i++) await purgeStep(purge);
    expect(await count('face_boxes')).toBe(0);
    expect(await pictureFaces(store.db, file)).toEqual([]);
    expect(await pictureFaces(store.db, kept)).toHaveLength(1);
  });

  const projectChange = async () =>
    (
      await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', world.id)
        .executeTakeFirstOrThrow()
    ).change_number;
});
