import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import { nextEvents } from '../../../src/core/room/events.ts';
import {
  deleteMessage,
  editMessage,
  isChannelName,
  postMessage,
  type RoomDeps,
} from '../../../src/core/room/messages.ts';
import { addReaction, reactionsOf, removeReaction } from '../../../src/core/room/reactions.ts';
import { channels, channelVersion, listMessages, pictureOf } from '../../../src/core/room/reading.ts';
import { engines, freshStore } from '../../support/stores.ts';

const ann = { id: 'room-a', name: 'Ann' };
const bob = { id: 'room-b', name: 'Bob' };

describe.each(engines())('the practice room on %s', (engine) => {
  let deps: RoomDeps;
  let time: number;
  let dispose: () => Promise<void>;

  beforeEach(async () => {
    const fresh = await freshStore(engine);
    dispose = fresh.dispose;
    time = 1_000_000;
    deps = {
      store: fresh.store,
      clock: { now: () => time++, sleep: async () => {} },
      nudges: memoryNudges(),
    };
  });
  afterEach(() => dispose());

  const say = (text: string, user = ann) => postMessage(deps, { channel: 'practice', user, body: { text } });
  const seen = (user = ann) => listMessages(deps.store, { channel: 'practice', forUser: user.id });

  test('shows what was said, in order, and whose it is', async () => {
    await say('one');
    await say('two', bob);
    const list = await seen();
    expect(list.map(({ body, mine, userName }) => [body.text, mine, userName])).toEqual([
      ['one', true, 'Ann'],
      ['two', false, 'Bob'],
    ]);
  });

  test('the same key is the same message, even at the same time', async () => {
    const send = () =>
      postMessage(deps, { channel: 'practice', user: ann, body: { text: 'once' }, sendKey: 'k' });
    const ids = await Promise.all([send(), send(), send()]);
    expect(new Set(ids).size).toBe(1);
    expect(await seen()).toHaveLength(1);
    expect(await nextEvents(deps, 0)).toHaveLength(1);
  });

  test('private messages are for one alone: text, picture, reactions', async () => {
    const id = await postMessage(deps, {
      channel: 'practice',
      user: null,
      body: { text: 'secret', picture: { type: 'image/png', width: 1, height: 1, alt: '' } },
      picture: new Uint8Array([1]),
      onlyFor: ann.id,
    });
    const picture = (user: typeof ann) =>
      pictureOf(deps.store, { channel: 'practice', messageId: id, forUser: user.id });
    expect(await seen(bob)).toEqual([]);
    expect(await picture(bob)).toBeNull();
    expect((await seen())[0]?.isPrivate).toBe(true);
    expect((await picture(ann))?.bytes).toHaveLength(1);
    await expect(addReaction(deps, { messageId: id, user: bob, emoji: '✅' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('an edit shows all of the new card and keeps the picture', async () => {
    const id = await postMessage(deps, {
      channel: 'practice',
      user: null,
      body: {
        title: 'old',
        text: 'old',
        picture: { type: 'image/jpeg', width: 2, height: 2, alt: 'a face' },
      },
      picture: new Uint8Array([1, 2]),
    });
    expect(await editMessage(deps, id, { title: 'new' })).toBe(true);
    expect((await seen())[0]?.body).toEqual({
      title: 'new',
      picture: { type: 'image/jpeg', width: 2, height: 2, alt: 'a face' },
    });
    await deleteMessage(deps, id);
    await deleteMessage(deps, id);
    expect(await seen()).toEqual([]);
    expect(await editMessage(deps, id, { title: 'too late' })).toBe(false);
    expect(await reactionsOf(deps, id)).toBeNull();
    const row = await deps.store.db.selectFrom('room_messages').selectAll().executeTakeFirstOrThrow();
    expect(row.picture).toBeNull();
  });

  test('reactions: the bot offers, people count, twice is once, taken back is gone', async () => {
    const id = await postMessage(deps, { channel: 'practice', user: null, body: { title: 'Is it?' } });
    for (const emoji of ['✅', '❌']) await addReaction(deps, { messageId: id, user: null, emoji });
    await addReaction(deps, { messageId: id, user: ann, emoji: '✅' });
    await addReaction(deps, { messageId: id, user: ann, emoji: '✅' });
    await addReaction(deps, { messageId: id, user: bob, emoji: '✅' });
    expect((await seen(bob))[0]?.reactions).toEqual([
      { emoji: '✅', count: 2, mine: true },
      { emoji: '❌', count: 0, mine: false },
    ]);
    await removeReaction(deps, { messageId: id, user: bob, emoji: '✅' });
    await removeReaction(deps, { messageId: id, user: bob, emoji: '✅' });
    expect(await reactionsOf(deps, id)).toEqual([{ user: ann, emoji: '✅' }]);
    expect((await nextEvents(deps, 0)).map(({ kind, user }) => [kind, user.name])).toEqual([
      ['reaction_added', 'Ann'],
      ['reaction_added', 'Bob'],
      ['reaction_removed', 'Bob'],
    ]);
  });

  test('what the bot offers in one moment stands in the order in which it offers it', async () => {
    const now = deps.clock.now();
    const atOnce = { ...deps, clock: { ...deps.clock, now: () => now } };
    const id = await postMessage(deps, { channel: 'practice', user: null, body: { title: 'Which?' } });
    const offered = ['1️⃣', '2️⃣', '9️⃣', '✅', '❌', '🇦', '🇮', '🚫', '🤷'];
    for (const emoji of offered.toReversed()) await addReaction(atOnce, { messageId: id, user: null, emoji });
    expect((await seen(bob))[0]?.reactions.map((one) => one.emoji)).toEqual(offered);
    for (const emoji of offered.toReversed()) await addReaction(atOnce, { messageId: id, user: ann, emoji });
    expect((await reactionsOf(deps, id))?.map((one) => one.emoji)).toEqual(offered);
  });

  test('only an emoji is a reaction', async () => {
    const id = await say('hello');
    const good = ['✅', '1️⃣', '🇦', '🤷', '🚫', '🛑'];
    for (const emoji of good) await addReaction(deps, { messageId: id, user: ann, emoji });
    expect((await reactionsOf(deps, id))?.map(({ emoji }) => emoji)).toEqual(good);
    for (const emoji of ['', 'x', '<b>', '✅✅', '1', '✅ ']) {
      await expect(addReaction(deps, { messageId: id, user: ann, emoji })).rejects.toMatchObject({
        code: 'bad_input',
      });
    }
  });

  test('nothing and too much cannot be said', async () => {
    for (const text of ['', '   \n', 'x'.repeat(2001)]) {
      await expect(say(text)).rejects.toMatchObject({ code: 'bad_input' });
    }
    await expect(
      postMessage(deps, { channel: '../x', user: ann, body: { text: 'x' } }),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(isChannelName('events')).toBe(false);
  });

  test('the version differs after every change, and only then', async () => {
    const versions = new Set<string>();
    const look = async () => versions.add(await channelVersion(deps.store, 'practice'));
    await look();
    const id = await say('hello');
    await look();
    await addReaction(deps, { messageId: id, user: bob, emoji: '✅' });
    await look();
    await removeReaction(deps, { messageId: id, user: bob, emoji: '✅' });
    await look();
    await editMessage(deps, id, { text: 'hallo' });
    await look();
    await deleteMessage(deps, id);
    await look();
    // A reaction that came and went leaves the room as it was.
    expect(versions.size).toBe(5);
    await look();
    expect(versions.size).toBe(5);
  });

  test('other channels are other rooms', async () => {
    await say('here');
    await postMessage(deps, { channel: 'birds', user: bob, body: { text: 'there' } });
    expect(await seen()).toHaveLength(1);
    expect(await channels(deps.store)).toEqual(['practice', 'birds']);
  });

  test('a gap between events is waited for, and passed when it stays', async () => {
    for (const text of ['one', 'two', 'three']) await say(text);
    const [, second] = await nextEvents(deps, 0);
    await deps.store.db
      .deleteFrom('room_events')
      .where('id', '=', second?.id ?? 0)
      .execute();
    expect((await nextEvents(deps, 0)).map(({ text }) => text)).toEqual(['one']);
    time += 10_000;
    expect((await nextEvents(deps, 0)).map(({ text }) => text)).toEqual(['one', 'three']);
  });
});
