import { describe, expect, it } from 'vitest';
import { STAND_BY_MS } from '../../src/bots/holding.ts';
import { openStore } from '../../src/core/store/store.ts';
import { addPicture, answersAbout, countVotes, deskWorld, verdictOf, visitor } from '../support/desk.ts';
import { engines, freshStore } from '../support/stores.ts';

/** The bot's whole way once on each database, by two processes that share it. */
describe.each(engines())('the desk on %s', (kind) => {
  it('asks, counts and shows, and hands over to another process', async () => {
    const fresh = await freshStore(kind);
    const other = openStore(fresh.address, { connections: 4 });
    const world = await deskWorld({ store: fresh.store });
    try {
      const { faceIds } = await addPicture(world.store, world.projectId, 3);
      const first = await world.open();
      await world.open({ store: other, workerId: 'desk two' });
      expect(world.platform.connected).toBe(1);
      const message = world.question();
      const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
      await Promise.all([
        world.platform.react(message, ann, '2️⃣'),
        world.platform.react(message, visitor('Zoe'), '1️⃣'),
        world.platform.react(message, visitor('Zoe'), '🤷'),
      ]);
      expect(world.platform.toldTo('Zoe')).toHaveLength(1);
      await first.stop();
      await world.platform.react(message, bob, '2️⃣');
      // The other one looks, finds nobody, and takes over.
      await world.clock.sleeping(STAND_BY_MS);
      world.clock.advance(STAND_BY_MS);
      await world.round();
      await world.round();
      expect(world.platform.connected).toBe(1);
      expect(await answersAbout(other, faceIds[1] ?? 0)).toEqual({
        [ann.accountId]: 'yes',
        [bob.accountId]: 'yes',
      });
      expect(await countVotes(other)).toBe(6);
      expect(await verdictOf(other, world.projectId, faceIds[1] ?? 0)).toBe('match');
      expect(world.question().card.text).toContain('✅ Person Q1: 2');
      expect(world.platform.messages).toHaveLength(1);
    } finally {
      await world.close();
      await other.close();
      await fresh.dispose();
    }
  });
});
