import { describe, expect, it } from 'vitest';
import type { Chat, CommandEvent } from '../../src/bots/chat.ts';
import { runCommand } from '../../src/bots/commands.ts';
import { createChannelCode } from '../../src/core/projects/channel-codes.ts';
import { channelByExternalId } from '../../src/core/projects/channels.ts';
import {
  addPicture,
  answersAbout,
  deskWorld,
  linkUser,
  verdictOf,
  visitor,
  type World,
} from '../support/desk.ts';
import { addAccount } from '../support/people.ts';

const HOUR = 60 * 60_000;
const nth = <T>(list: readonly T[], i: number): T => {
  const one = list[i];
  if (one === undefined) throw new Error(`there is no ${i}`);
  return one;
};
const change = (world: World, values: Record<string, string | number | null>) =>
  world.store.db.updateTable('channels').set(values).where('id', '=', world.channel.id).execute();
/** Lets that much time pass, with a round of the desk at its end. */
async function later(world: World, ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.round();
}

describe('setup', () => {
  it('takes the settings by their names, in any order, and tells what holds', async () => {
    const world = await deskWorld();
    await world.open();
    const own = await world.member('Olga', { role: 'owner' });
    const may = { mayManageChannel: true };
    const say = (more: string) => world.platform.say('new', own, `setup ${world.projectId}${more}`, may);
    await say(' open=5 zone=europe/oslo pace=6 quiet=22:00-07:00');
    expect(nth(world.platform.shown('new'), 0).card.text).toBe(
      'This channel now belongs to the project “A project”. Questions come here.\n' +
        '5 questions open at a time · at most 6 new ones an hour · no new ones 22:00–07:00 (Europe/Oslo)',
    );
    await say(' language=nb pace=off');
    expect(nth(world.platform.shown('new'), 1).card.text).toMatch(
      /^Denne kanalen .*\n5 spørsmål åpne samtidig · ingen nye 22:00–07:00 \(Europe\/Oslo\) · språk: nb$/,
    );
    await say(' disputes quiet=off language=off open=1');
    expect((await channelByExternalId(world.store, 'room', 'new'))?.settings).toEqual({
      language: null,
      maxOpen: 1,
      pace: null,
      quiet: null,
      timeZone: 'Europe/Oslo',
      blind: false,
    });
  });

  it('takes a code of an owner from somebody who may manage the channel', async () => {
    const world = await deskWorld();
    await world.open();
    const mod = visitor('Mod');
    await linkUser(world.store, await addAccount(world.store), 'Mod');
    const say = (code: string, mayManageChannel: boolean) =>
      world.platform.say('new', mod, `setup ${code} open=4`, { mayManageChannel });
    const bound = () => channelByExternalId(world.store, 'room', 'new');
    const { code } = await createChannelCode(world.deps, {
      projectId: world.projectId,
      accountId: world.owner,
    });
    await say(code, false);
    expect(await bound()).toBeNull();
    await say(`${code.slice(0, 4)}-${code.slice(4)}`, true);
    expect(await bound()).toMatchObject({ projectId: world.projectId, settings: { maxOpen: 4 } });
    expect(nth(world.platform.shown('new'), 0).card.text).toContain('now belongs to the project “A project”');
    await say(code, true);
    expect(world.platform.told.at(-1)?.card.text).toContain('This code is not valid any more.');
  });

  it.each([
    ['open=0', '1 to 20'],
    ['open=many', '1 to 20'],
    ['pace=61', '1 to 60'],
    ['quiet=22', '22:00-07:00'],
    ['zone=Mars', 'Europe/Oslo'],
    ['language=xx', 'the language of this channel'],
    ['blind=maybe', 'private buttons'],
  ])('“%s” is refused with what can stand there', async (option, words) => {
    const world = await deskWorld();
    await world.open();
    const own = await world.member('Olga', { role: 'owner' });
    await world.platform.say('new', own, `setup ${world.projectId} ${option}`, { mayManageChannel: true });
    const text = nth(world.platform.toldTo('Olga'), 0).text ?? '';
    expect(text).toContain(`“${option}” does not fit.`);
    expect(text).toContain(words);
    expect(await channelByExternalId(world.store, 'room', 'new')).toBeNull();
  });

  it.each(['colour=red', 'red', 'constructor=1', 'pace=1 disputes'])(
    '“%s” says how it goes',
    async (more) => {
      const world = await deskWorld();
      await world.open();
      const own = await world.member('Olga', { role: 'owner' });
      await world.platform.say('new', own, `setup ${world.projectId} ${more}`, { mayManageChannel: true });
      expect(nth(world.platform.toldTo('Olga'), 0).text).toMatch(/^Which project\?/);
      expect(await channelByExternalId(world.store, 'room', 'new')).toBeNull();
    },
  );

  it.each(['discord', 'matrix', 'room'] as const)(
    'makes a channel of %s blind, or says why not',
    async (on) => {
      const world = await deskWorld();
      const own = await world.member('Olga', { role: 'owner' });
      await world.store.db.updateTable('identities').set({ platform: on }).execute();
      const told: string[] = [];
      const event: CommandEvent = {
        name: 'setup',
        args: [String(world.projectId), 'blind=on'],
        user: own,
        channelId: 'new',
        channelName: '#new',
        mayManageChannel: true,
        replyPrivately: async (card) => void told.push(card.text ?? ''),
        reply: async (card) => String(told.push(card.text ?? '')),
      };
      await runCommand(world.deps, { ...world.platform.connect(), platform: on } as Chat, event);
      const bound = await channelByExternalId(world.store, on, 'new');
      if (on === 'discord') {
        expect(bound?.settings.blind).toBe(true);
        expect(told).toEqual([expect.stringContaining('answers by private buttons only')]);
      } else {
        expect(bound).toBeNull();
        expect(told).toEqual([expect.stringContaining('cannot be blind')]);
      }
    },
  );
});

it('a channel speaks its own language; the project’s is another matter', async () => {
  const world = await deskWorld();
  await change(world, { language: 'nb' });
  await addPicture(world.store, world.projectId);
  await world.open();
  expect(world.question().card.title).toBe('Er dette Person Q1?');
  const own = await world.member('Olga', { role: 'owner' });
  await world.platform.say(world.channel.name, own, 'language fr');
  expect(nth(world.platform.toldTo('Olga'), 0).text).toContain('«!visavis setup 1 language=off»');
  await world.platform.react(world.question(), visitor('Zoe'), '✅');
  expect(nth(world.platform.toldTo('Zoe'), 0).text).toMatch(/^Svaret ditt/);
});

describe('quiet hours', () => {
  // The clock begins at midnight UTC, which is one o'clock in Oslo.
  const NIGHT = { quiet_from: 22 * 60, quiet_to: 7 * 60, time_zone: 'Europe/Oslo' };

  it('no new question comes; answers count and posts are edited', async () => {
    const world = await deskWorld({ votes_needed: 1, maxOpen: 1 });
    const { faceIds } = await addPicture(world.store, world.projectId);
    await addPicture(world.store, world.projectId);
    await world.open();
    const first = world.question();
    await change(world, NIGHT);
    await world.platform.react(first, await world.member('Ann'), '✅');
    await world.round();
    expect(first.card.text).toContain('✅ This is Person Q1.');
    expect(await verdictOf(world.store, world.projectId, nth(faceIds, 0))).toBe('match');
    expect(world.platform.shown()).toHaveLength(1);
    await later(world, 6 * HOUR - 60_000);
    expect(world.platform.shown()).toHaveLength(1);
    await later(world, 60_000);
    expect(world.platform.shown()).toHaveLength(2);
  });

  it('what was made before and not shown yet waits for their end', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    world.studio.onDownload = () => {
      world.studio.onDownload = () => {};
      throw new Error('away');
    };
    await world.open();
    expect(world.platform.shown()).toHaveLength(0);
    await change(world, NIGHT);
    await later(world, HOUR);
    expect(world.platform.shown()).toHaveLength(0);
    await later(world, 5 * HOUR);
    expect(world.platform.shown()).toHaveLength(1);
  });
});

it('the pace holds, whatever is answered meanwhile', async () => {
  const world = await deskWorld({ votes_needed: 1, maxOpen: 3 });
  await change(world, { pace: 2 });
  for (let i = 0; i < 6; i++) await addPicture(world.store, world.projectId);
  await world.open();
  const ann = await world.member('Ann');
  expect(world.platform.shown()).toHaveLength(2);
  for (const message of world.platform.shown()) await world.platform.react(message, ann, '❌');
  await later(world, HOUR / 2);
  expect(world.platform.shown()).toHaveLength(2);
  await later(world, HOUR / 2);
  expect(world.platform.shown()).toHaveLength(4);
});

describe('blind', () => {
  async function blindWorld(given: Parameters<typeof deskWorld>[0] = {}, faces = 1) {
    const world = await deskWorld({ votes_needed: 2, ...given });
    await change(world, { blind: 1 });
    const { faceIds } = await addPicture(world.store, world.projectId, faces);
    await world.open();
    return { world, message: world.question(), faceIds, ann: await world.member('Ann') };
  }

  it('the bot seeds nothing, and says how to answer', async () => {
    const { message } = await blindWorld();
    expect(message.seeds).toEqual([]);
    expect(message.card.buttons?.map((button) => button.emoji)).toEqual(['✅', '❌', '🤷']);
    expect(message.card.text).toContain('Answer with the buttons: nobody sees what you say.');
  });

  it('reactions are no votes, and say so once; buttons are', async () => {
    const { world, message, faceIds, ann } = await blindWorld();
    const face = nth(faceIds, 0);
    await world.platform.react(message, ann, '✅');
    await world.platform.react(message, ann, '❌');
    await world.platform.takeBack(message, ann, '✅');
    await world.platform.react(message, ann, '🎉');
    expect(await answersAbout(world.store, face)).toEqual({});
    expect(world.platform.toldTo('Ann').map((card) => card.text)).toEqual([
      expect.stringContaining('Use the buttons'),
    ]);
    await world.platform.press(message, ann, '✅');
    expect(await answersAbout(world.store, face)).toEqual({ [ann.accountId]: 'yes' });
    // A restart reads the reactions from the posts.
    await world.close();
    await world.open();
    expect(await answersAbout(world.store, face)).toEqual({ [ann.accountId]: 'yes' });
    expect(message.seeds).toEqual([]);
  });

  it('nobody is named before there is a verdict, also while only some faces have one', async () => {
    const { world, message, ann } = await blindWorld({}, 2);
    const bob = await world.member('Bob');
    await world.platform.press(message, ann, '1️⃣');
    await world.platform.press(message, bob, '🤷');
    await world.round();
    expect(JSON.stringify(message.card)).not.toMatch(/Ann|Bob/);
    const cat = await world.member('Cat');
    // One and two: yes to the first face, which decides it, and yes to the second, which Ann said no to.
    await world.platform.press(message, cat, '1️⃣');
    await world.platform.press(message, cat, '2️⃣');
    await world.round();
    expect(message.card.text).toContain('disputed, an owner decides: 2');
    expect(message.card.text).toContain('1 – Yes: Ann, Cat');
  });

  it('a dispute names nobody until an owner has decided', async () => {
    const { world, message, ann } = await blindWorld();
    const bob = await world.member('Bob');
    await world.platform.press(message, ann, '✅');
    await world.platform.press(message, bob, '❌');
    await world.round();
    expect(message.card.text).toContain('Opinions differ');
    expect(JSON.stringify(message.card)).not.toMatch(/Ann|Bob/);
    const own = await world.member('Olga', { role: 'owner' });
    await world.platform.press(message, own, '✅');
    await world.round();
    expect(message.card.text).toContain('Yes: Ann · No: Bob · Decided by the owner Olga');
  });

  it('holds for what is posted from then on: older posts keep their reactions', async () => {
    const world = await deskWorld({ votes_needed: 3, maxOpen: 2 });
    const { faceIds } = await addPicture(world.store, world.projectId);
    await world.open();
    const old = world.question();
    await change(world, { blind: 1 });
    await addPicture(world.store, world.projectId);
    await world.round();
    const fresh = nth(world.platform.shown(), 1);
    expect([old.seeds.length, fresh.seeds.length]).toEqual([3, 0]);
    const ann = await world.member('Ann');
    await world.platform.react(old, ann, '✅');
    expect(await answersAbout(world.store, nth(faceIds, 0))).toEqual({ [ann.accountId]: 'yes' });
    await change(world, { blind: 0 });
    await world.platform.react(fresh, ann, '✅');
    expect(world.platform.toldTo('Ann')).toHaveLength(1);
  });
});
