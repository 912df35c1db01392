import { expect, test } from 'vitest';
import { createMemory } from '../../../src/bots/matrix/memory.ts';
import { engines, freshStore } from '../../support/stores.ts';

const BOT = '@bot:localhost';
const DAY_MS = 24 * 60 * 60_000;
const reaction = {
  eventId: '$r1',
  roomId: '!room',
  messageId: '$m1',
  userId: '@ann:localhost',
  emoji: '👍',
};

for (const engine of engines()) {
  test(`${engine}: words are kept for one account alone, and ids are the same for the same key`, async () => {
    const { store, dispose } = await freshStore(engine);
    const first = await createMemory(store, () => 0, BOT);
    await first.write('sync', 's1');
    await first.write('sync', 's2');
    const again = await createMemory(store, () => 0, BOT);
    const other = await createMemory(store, () => 0, '@other:localhost');
    expect([await again.read('sync'), await other.read('sync')]).toEqual(['s2', null]);
    expect(again.txnId('post-1')).toBe(first.txnId('post-1'));
    expect(again.txnId('post-2')).not.toBe(first.txnId('post-1'));
    expect(other.txnId('post-1')).not.toBe(first.txnId('post-1'));
    await dispose();
  });

  test(`${engine}: messages are found by key and by event`, async () => {
    const { store, dispose } = await freshStore(engine);
    const memory = await createMemory(store, () => 5, BOT);
    for (const txnId of ['a', 'b']) await memory.planMessage({ txnId, roomId: '!room' });
    const picture = { url: 'mxc://x/y', mimetype: 'image/png', w: 1, h: 2, size: 3, sha256: 'ff' };
    await memory.keepPicture('a', picture);
    await memory.sent('a', '$m1');
    const known = { txnId: 'a', roomId: '!room', eventId: '$m1', picture, sentAt: 5, gone: false };
    expect(await memory.message({ txnId: 'a' })).toEqual(known);
    expect(await memory.message({ eventId: '$m1' })).toEqual(known);
    expect(await memory.message({ txnId: 'b' })).toMatchObject({ eventId: null, picture: null });
    expect(await memory.message({ eventId: '$M1' })).toBeNull();
    expect([await memory.hasMessages('!room'), await memory.hasMessages('!Room')]).toEqual([true, false]);
    await memory.gone('$m1');
    expect(await memory.message({ eventId: '$m1' })).toMatchObject({ gone: true });
    await dispose();
  });

  test(`${engine}: reactions are known by their event, and twins are seen`, async () => {
    const { store, dispose } = await freshStore(engine);
    const memory = await createMemory(store, () => 5, BOT);
    const twin = { ...reaction, eventId: '$r2', emoji: '👍🏽' };
    const otherUser = { ...reaction, eventId: '$r3', userId: '@ben:localhost' };
    expect(await memory.keepReactions([])).toEqual(new Set());
    await memory.keepReactions([reaction, otherUser]);
    expect(await memory.hasTwin(reaction)).toBe(false);
    await Promise.all([memory.keepReactions([reaction, twin]), memory.keepReactions([twin])]);
    expect(await memory.hasTwin(reaction)).toBe(true);
    // All at one time by the clock; the order is the one in which they were told.
    expect((await memory.reactionsTo('$m1')).map((one) => one.eventId)).toEqual(['$r1', '$r3', '$r2']);
    await memory.removeReaction('$r2');
    expect((await memory.reactionsTo('$m1')).map((one) => one.eventId)).toEqual(['$r1', '$r3']);
    expect(await memory.hasTwin(reaction)).toBe(false);
    expect(await memory.reaction('$r2')).toEqual({ ...twin, removed: true });
    expect(await memory.reaction('$r9')).toBeNull();
    expect(await memory.keepReactions([reaction, twin])).toEqual(new Set(['$r2']));
    expect(await memory.reaction('$r2')).toMatchObject({ removed: true });
    await dispose();
  });

  test(`${engine}: each command is taken up once, and forgotten after a day`, async () => {
    const { store, dispose } = await freshStore(engine);
    const memory = await createMemory(store, () => 5, BOT);
    expect([await memory.takeOnce('$c'), await memory.takeOnce('$c')]).toEqual([true, false]);
    await createMemory(store, () => DAY_MS, BOT);
    expect(await memory.takeOnce('$c')).toBe(false);
    await createMemory(store, () => DAY_MS + 6, BOT);
    expect(await memory.takeOnce('$c')).toBe(true);
    await dispose();
  });
}
