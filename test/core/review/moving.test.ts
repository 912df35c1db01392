import { beforeEach, describe, expect, it } from 'vitest';
import { askNext } from '../../../src/core/faces/next.ts';
import { bindChannel, unbindChannel } from '../../../src/core/projects/channels.ts';
import { endRests, moveUnanswered, PATIENCE_MS, releaseStranded } from '../../../src/core/review/moving.ts';
import { notePostGone, postsToRemove } from '../../../src/core/review/removals.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addChannel } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('questions on %s', (kind) => {
  let store: Store;
  let world: ReviewWorld;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(async () => {
    // Steps look at every project.
    await store.db.updateTable('posts').set({ state: 'gone' }).execute();
    world = await reviewWorld(store);
  });

  const now = () => ({ platform: 'room', now: world.clock.now() });
  /** A question that is up in the channel. */
  const asked = async () => {
    const [face = 0] = await world.faces(1);
    const made = await world.open([face]);
    await store.db
      .updateTable('posts')
      .set({ state: 'up', external_id: `message ${made.postId}`, posted_at: world.clock.now() })
      .where('id', '=', made.postId)
      .execute();
    return { ...made, face };
  };
  const posts = async (questionId: number) => {
    const rows = await store.db
      .selectFrom('posts')
      .select(['channel_id', 'state'])
      .where('question_id', '=', questionId)
      .orderBy('id')
      .execute();
    return rows.map((row) => [row.channel_id, row.state]);
  };
  const toRemove = async () =>
    (await postsToRemove(store, { platform: 'room', limit: 10, except: [] })).map((post) => post.id);

  describe('that nobody has answered for a week', () => {
    it('move on to the least busy channel of the project', async () => {
      const { questionId } = await asked();
      const busy = await addChannel(store, world.id);
      const idle = await addChannel(store, world.id);
      const disputes = await addChannel(store, world.id);
      await store.db.updateTable('channels').set({ max_open: 9 }).where('id', '=', disputes).execute();
      await store.db.updateTable('channels').set({ for_disputes: 1 }).where('id', '=', disputes).execute();
      await addChannel(store, (await reviewWorld(store)).id);
      const [other = 0] = await world.faces(1);
      const elsewhere = await world.open([other]);
      await store.db
        .updateTable('posts')
        .set({ channel_id: busy })
        .where('id', '=', elsewhere.postId)
        .execute();
      world.clock.advance(PATIENCE_MS - 1);
      expect(await moveUnanswered(store, now())).toBe(false);
      world.clock.advance(1);
      expect(await moveUnanswered(store, now())).toBe(true);
      expect(await posts(questionId)).toEqual([
        [world.channel, 'leaving'],
        [idle, 'waiting'],
      ]);
      expect(await world.question(questionId)).toBe('open');
      expect(await moveUnanswered(store, now())).toBe(false);
    });

    it('stay while somebody answers', async () => {
      const { questionId, face } = await asked();
      const [ann = 0] = await world.members(1);
      world.clock.advance(PATIENCE_MS - 1);
      await world.say(ann, 'yes', face, { questionId });
      world.clock.advance(1);
      expect(await moveUnanswered(store, now())).toBe(false);
      world.clock.advance(PATIENCE_MS);
      expect(await moveUnanswered(store, now())).toBe(true);
    });

    it('rest for a week where there is no other channel, and are asked anew then', async () => {
      const { questionId, face } = await asked();
      const full = await addChannel(store, world.id);
      await store.db.updateTable('channels').set({ max_open: 0 }).where('id', '=', full).execute();
      world.clock.advance(PATIENCE_MS);
      expect(await moveUnanswered(store, now())).toBe(true);
      expect(await world.question(questionId)).toBe('resting');
      expect(await posts(questionId)).toEqual([[world.channel, 'leaving']]);
      // Something else comes first meanwhile.
      const { faceId } = await addPortrait(store, world.id);
      const args = { channelId: world.channel, projectId: world.id, maxOpen: 3 };
      await askNext(store, { ...args, now: world.clock.now() });
      const fresh = await store.db
        .selectFrom('question_faces')
        .select('face_id')
        .orderBy('question_id', 'desc')
        .executeTakeFirst();
      expect(fresh?.face_id).toBe(faceId);
      world.clock.advance(PATIENCE_MS - 1);
      expect(await endRests(store, world.clock.now())).toBe(false);
      world.clock.advance(1);
      expect(await endRests(store, world.clock.now())).toBe(true);
      expect(await world.question(questionId)).toBe('over');
      expect(await askNext(store, { ...args, now: world.clock.now() })).toBe(true);
      const again = await store.db
        .selectFrom('question_faces')
        .select('face_id')
        .orderBy('question_id', 'desc')
        .executeTakeFirst();
      expect(again?.face_id).toBe(face);
    });

    it('never go back to where they were', async () => {
      const { questionId } = await asked();
      const second = await addChannel(store, world.id);
      world.clock.advance(PATIENCE_MS);
      await moveUnanswered(store, now());
      await store.db
        .updateTable('posts')
        .set({ state: 'up', external_id: 'there', posted_at: world.clock.now() })
        .where('channel_id', '=', second)
        .execute();
      world.clock.advance(PATIENCE_MS);
      await moveUnanswered(store, now());
      expect(await world.question(questionId)).toBe('resting');
    });

    it('are looked after by the desk of their own platform', async () => {
      await asked();
      world.clock.advance(PATIENCE_MS);
      expect(await moveUnanswered(store, { ...now(), platform: 'discord' })).toBe(false);
    });
  });

  describe('in a channel', () => {
    const name = async () =>
      (
        await store.db
          .selectFrom('channels')
          .select('external_id')
          .where('id', '=', world.channel)
          .executeTakeFirstOrThrow()
      ).external_id;

    it('that is unbound are released, and asked anew elsewhere', async () => {
      const { questionId, postId, face } = await asked();
      expect(await releaseStranded(store, now())).toBe(false);
      world.deps.nudges.topics.length = 0;
      await unbindChannel(world.deps, {
        platform: 'room',
        externalId: await name(),
        accountId: world.owner,
      });
      expect(world.deps.nudges.topics).toEqual(['posts']);
      expect(await releaseStranded(store, now())).toBe(true);
      expect(await world.question(questionId)).toBe('over');
      expect(await toRemove()).toEqual([postId]);
      const other = await addChannel(store, world.id);
      await askNext(store, { channelId: other, projectId: world.id, maxOpen: 3, now: 0 });
      const again = await store.db
        .selectFrom('question_faces')
        .select('face_id')
        .orderBy('question_id', 'desc')
        .executeTakeFirst();
      expect(again?.face_id).toBe(face);
      expect(await releaseStranded(store, now())).toBe(false);
    });

    it('that is bound to another project now are released; decided ones stay as they are', async () => {
      const { questionId } = await asked();
      const done = await asked();
      for (const account of await world.members(2)) await world.say(account, 'yes', done.face);
      const other = await reviewWorld(store);
      await bindChannel(world.deps, {
        platform: 'room',
        externalId: await name(),
        name: 'A channel',
        projectId: other.id,
        accountId: other.owner,
      });
      await releaseStranded(store, now());
      expect([await world.question(questionId), await world.question(done.questionId)]).toEqual([
        'over',
        'decided',
      ]);
      expect(await posts(done.questionId)).toEqual([[world.channel, 'up']]);
    });

    it('stay open where another channel shows them too', async () => {
      const { questionId } = await asked();
      const second = await addChannel(store, world.id);
      await store.db
        .insertInto('posts')
        .values({
          question_id: questionId,
          channel_id: second,
          state: 'up',
          external_id: 'there too',
          created_at: 0,
          posted_at: world.clock.now(),
        })
        .execute();
      await store.db
        .updateTable('channels')
        .set({ project_id: null })
        .where('id', '=', world.channel)
        .execute();
      await releaseStranded(store, now());
      expect(await world.question(questionId)).toBe('open');
      expect(await posts(questionId)).toEqual([
        [world.channel, 'leaving'],
        [second, 'up'],
      ]);
    });
  });

  describe('leave the chats', () => {
    it('when their project is deleted', async () => {
      const { postId } = await asked();
      expect(await toRemove()).toEqual([]);
      await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', world.id).execute();
      expect(await toRemove()).toEqual([postId]);
    });

    it('when they are to be erased', async () => {
      const { postId, questionId } = await asked();
      await store.db.updateTable('questions').set({ erase: 1 }).where('id', '=', questionId).execute();
      expect(await toRemove()).toEqual([postId]);
    });

    it('when one of their files is gone, decided or not; the other files are asked about anew', async () => {
      const first = await addPortrait(store, world.id);
      const second = await addPortrait(store, world.id);
      const { questionId, postId } = await world.open([first.faceId, second.faceId], 'batch');
      await store.db.updateTable('files').set({ state: 'gone' }).where('id', '=', first.fileId).execute();
      expect(await toRemove()).toEqual([postId]);
      const [post] = await postsToRemove(store, { platform: 'room', limit: 10, except: [] });
      if (!post) throw new Error('nothing to remove');
      await notePostGone(store, post, 5);
      expect(await world.question(questionId)).toBe('over');
      expect(await toRemove()).toEqual([]);
      await askNext(store, { channelId: world.channel, projectId: world.id, maxOpen: 3, now: 0 });
      const again = await store.db
        .selectFrom('question_faces')
        .select('face_id')
        .orderBy('question_id', 'desc')
        .executeTakeFirst();
      expect(again?.face_id).toBe(second.faceId);
    });

    it('of their own platform', async () => {
      await asked();
      await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', world.id).execute();
      expect(await postsToRemove(store, { platform: 'discord', limit: 10, except: [] })).toEqual([]);
      const [post] = await toRemove();
      expect(await postsToRemove(store, { platform: 'room', limit: 10, except: [post ?? 0] })).toEqual([]);
    });
  });
});
