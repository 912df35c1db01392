import { expect, it } from 'vitest';
import { matrixWorld } from './world.ts';

const HOUR_MS = 60 * 60_000;

it('hears commands when its clock was an hour ahead at the start and was put right', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.clock.advance(-HOUR_MS);
  world.alice.say(room, '!visavis status');
  await world.until(() => world.commands.length === 1);
  expect(world.commands[0]?.name).toBe('status');
});
