import { expect, it } from 'vitest';
import { VisavisError } from '../../src/core/platform/errors.ts';
import { answersAbout, asked, countVotes } from '../support/desk.ts';

const away = () => Promise.reject(new VisavisError('database', 'The database cannot be reached.'));

it('counts what people say while the database is away as soon as it is back, also what they take back', async () => {
  const { world, message, store, faceIds, clock, platform } = await asked();
  await world.close();
  const patchy = { ...store };
  await world.open({ store: patchy });
  const ann = await world.member('Ann');
  const bob = await world.member('Bob');
  await platform.react(message, ann, '✅');
  patchy.transaction = away;
  const said = [platform.takeBack(message, ann, '✅'), platform.react(message, bob, '❌')];
  await clock.sleeping(1_000);
  clock.advance(1_000);
  await clock.sleeping(1_000);
  patchy.transaction = store.transaction;
  clock.advance(1_000);
  await Promise.all(said);
  expect(await answersAbout(store, faceIds[0] ?? 0)).toEqual({
    [ann.accountId]: null,
    [bob.accountId]: 'no',
  });
  expect(await countVotes(store)).toBe(3);
});

it('does not keep the process from its end', async () => {
  const { world, message, store, clock, platform } = await asked();
  await world.close();
  const patchy = { ...store };
  const desk = await world.open({ store: patchy });
  const ann = await world.member('Ann');
  patchy.transaction = away;
  const said = platform.react(message, ann, '✅');
  await clock.sleeping(1_000);
  await desk.stop();
  await said;
  expect(await countVotes(store)).toBe(0);
  // Whoever comes next reads it from the post.
  await world.open();
  expect(await countVotes(store)).toBe(1);
});
