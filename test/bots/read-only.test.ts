import { expect, it } from 'vitest';
import { addPicture, asked, verdictOf } from '../support/desk.ts';

const LATER = 'Nothing can be changed for a while, because the site is read-only. Please try again later.';

it('while the site is read-only nothing counts and people are told so; afterwards reactions count', async () => {
  let on = false;
  const readOnly = { state: async () => (on ? { since: 0, reason: '' } : null) };
  const { world, message, answers, faceIds } = await asked(1, { votes_needed: 1 });
  const ann = await world.member('Ann');
  await world.close();
  await world.open({ readOnly });
  on = true;
  const told = () => world.platform.toldTo('Ann').map((card) => card.text);

  await world.platform.press(message, ann, '❌');
  expect(told()).toEqual([LATER]);
  await world.platform.react(message, ann, '✅');
  await world.platform.react(message, ann, '🤷');
  // Once, not for every reaction.
  expect(told()).toHaveLength(2);
  expect(told()[1]).toContain('Leave your reaction');
  expect(await answers(ann)).toEqual([null]);
  expect(await world.store.db.selectFrom('reactions').selectAll().execute()).toEqual([]);
  await world.platform.takeBack(message, ann, '🤷');

  // Nothing is asked either.
  await addPicture(world.store, world.projectId);
  await world.round();
  expect(world.platform.shown(world.channel.name)).toHaveLength(1);

  on = false;
  await world.round();
  await world.round();
  expect(await answers(ann)).toEqual(['yes']);
  expect(await verdictOf(world.store, world.projectId, faceIds[0] ?? 0)).toBe('match');
  expect(world.platform.shown(world.channel.name).length).toBeGreaterThan(1);
});

it('commands that change something are refused politely, those that tell something answer', async () => {
  const { world } = await asked();
  const ann = await world.member('Ann');
  await world.close();
  await world.open({ readOnly: { state: async () => ({ since: 0, reason: '' }) } });
  const texts = () => world.platform.toldTo('Ann').map((card) => card.text ?? '');
  for (const name of ['retract', 'unlink', 'forget-me', 'write']) {
    await world.platform.say(world.channel.name, ann, `${name} yes`);
  }
  expect(texts()).toEqual([LATER, LATER, LATER, LATER]);
  await world.platform.say(world.channel.name, ann, 'whoami');
  expect(texts().at(-1)).toContain('Ann');
  expect(await world.store.db.selectFrom('identities').selectAll().execute()).not.toEqual([]);
});
