import { afterEach, expect, test, vi } from 'vitest';
import { freshStore } from '../../support/stores.ts';
import { startBotProcess } from './child.ts';
import { discordTroubles, matrixTroubles, type Trouble } from './faults.ts';
import { askOn, countShown, votesByMessage } from './project.ts';
import { quickClock } from './quick-clock.ts';
import { discordStage, matrixStage, type Stage } from './stages.ts';

/** The longer one goes through all troubles four times. */
const LONG = process.env.VISAVIS_LONG_TESTS === '1';
const SPEED = 8;
/** On each platform. */
const POSTS = LONG ? 90 : 18;
const PEOPLE = 14;
/** Each goes through every trouble of its platform. */
const ROUNDS = LONG ? 52 : 13;
const VOTES_NEEDED = 5;
const SEEDS = ['✅', '❌', '🤷'];

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const patiently = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: 120_000, interval: 25 });

/** Numbers that look like chance, and are the same each time. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % sides;
  };
}

interface Reaction {
  readonly stage: Stage;
  readonly person: number;
  readonly message: string;
  readonly emoji: string;
}

/** As a vote is stored. */
const ANSWERS: Readonly<Record<string, string>> = { '✅': 'yes', '❌': 'no', '🤷': 'unsure' };

test(
  `${2 * POSTS * PEOPLE} reactions while both platforms break down again and again`,
  async () => {
    const clock = quickClock(SPEED);
    const discord = await discordStage();
    open.push(() => discord.close());
    const matrix = await matrixStage(clock);
    open.push(() => matrix.close());
    const stages: Stage[] = [discord, matrix];
    discord.fake.gateway.heartbeatMs = 1_000;
    const { store, address, dispose } = await freshStore('sqlite');
    open.push(dispose);
    const members = await askOn(store, stages, {
      pictures: POSTS,
      people: PEOPLE,
      votesNeeded: VOTES_NEEDED,
    });
    const bot = startBotProcess(address.kind === 'sqlite' ? address.path : '', SPEED, stages);
    open.push(() => bot.kill());
    await patiently(async () => expect(await countShown(store)).toBe(2 * POSTS));

    const roll = dice(11);
    /** Below a post: all but one of the votes that decide; the rest is not sure. */
    const answersTo = (stage: Stage, post: number): Reaction[] =>
      members.slice(1).map((_, i) => ({
        stage,
        person: i + 1,
        message: stage.posts()[post] ?? '',
        emoji: i + 2 > VOTES_NEEDED ? '🤷' : post % 2 === 0 ? '✅' : '❌',
      }));
    const deciding = (stage: Stage, post: number): Reaction => ({
      stage,
      person: 0,
      message: stage.posts()[post] ?? '',
      emoji: post % 2 === 0 ? '✅' : '❌',
    });
    /** Posts that are answered in a round; in the next one they are decided. */
    const postsOf = (round: number) =>
      Array.from({ length: POSTS }, (_, post) => post).filter(
        (post) => Math.floor((post * ROUNDS) / POSTS) === round,
      );
    /** What was said, by `MESSAGE ACCOUNT`; who wavered may have been seen to, or not. */
    const said = new Map<string, { final: string; wavered: boolean; during: string }>();
    const react = ({ stage, person, message, emoji }: Reaction, during: string, mayWaver: boolean) => {
      const { accountId, ids } = members[person] as (typeof members)[number];
      const id = ids[stage.platform] ?? '';
      const wavered = mayWaver && roll(8) === 0;
      if (wavered) {
        stage.react(id, message, '🤷');
        stage.takeBack(id, message, '🤷');
      }
      stage.react(id, message, emoji);
      said.set(`${message} ${accountId}`, {
        final: ANSWERS[emoji] ?? '',
        wavered,
        during: `${stage.platform}: ${during}`,
      });
    };
    const counted = () =>
      patiently(async () => {
        const found = await votesByMessage(store);
        expect([...found.keys()].toSorted()).toEqual([...said.keys()].toSorted());
        for (const [key, { final, wavered, during }] of said) {
          const votes = found.get(key);
          if (!wavered || votes?.length === 1) expect(votes, during).toEqual([final]);
          else expect(votes, during).toEqual(['unsure', null, final]);
        }
      });

    const troubles: [Stage, Trouble[]][] = [
      [discord, discordTroubles(discord)],
      [matrix, matrixTroubles(matrix)],
    ];
    let early = 0;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [stage, all] of troubles) {
        const trouble = all[round % all.length] as Trouble;
        await trouble.begin();
        for (const post of postsOf(round - 1)) react(deciding(stage, post), trouble.name, false);
        const later: Reaction[] = [];
        for (const one of postsOf(round).flatMap((post) => answersTo(stage, post)))
          if (roll(2) === 0) react(one, trouble.name, trouble.lossless);
          else later.push(one);
        // A silent gateway is noticed only by a heartbeat.
        if (trouble.name === 'silence' && stage === discord)
          await patiently(() => expect(discord.fake.gateway.connected).toBe(0));
        await trouble.over?.();
        await patiently(() => expect(trouble.noticed()).toBe(true));
        for (const one of later) react(one, `after ${trouble.name}`, false);
      }
      await counted();
      if (round === Math.floor(ROUNDS / 5)) early = (await bot.ask('memory')).bytes;
    }

    await patiently(() => {
      for (const stage of stages)
        for (const [post, message] of stage.posts().entries())
          expect(stage.text(message)).toContain(post % 2 === 0 ? '✅ This is' : '❌ This is not');
    });
    for (const stage of stages) {
      expect(stage.posts()).toHaveLength(POSTS);
      for (const message of stage.posts()) expect(stage.seeds(message)).toEqual(SEEDS);
    }
    const late = (await bot.ask('memory')).bytes;
    process.stderr.write(
      `\n${said.size} answers; memory after a fifth ${Math.round(early / 1e5) / 10} MB, at the end ${Math.round(late / 1e5) / 10} MB (${Math.round((100 * late) / early)} %)\n`,
    );
    expect(late / early).toBeLessThanOrEqual(1.1);

    // One token is no longer good; the other platform goes on.
    matrix.server.revoke();
    await patiently(async () => {
      const { health } = await bot.ask('health');
      expect(health.matrix).toEqual({
        state: 'ended',
        reason: expect.stringContaining('VISAVIS_MATRIX_TOKEN'),
      });
      expect(health.discord?.state).toBe('up');
    });
    const [message = ''] = discord.posts();
    const { accountId, ids } = members[PEOPLE - 1] as (typeof members)[number];
    discord.takeBack(ids.discord ?? '', message, '🤷');
    await patiently(async () =>
      expect((await votesByMessage(store)).get(`${message} ${accountId}`)?.at(-1)).toBeNull(),
    );
    discord.fake.token = 'another.token.now';
    discord.fake.gateway.close(4000);
    await patiently(async () => {
      const { health } = await bot.ask('health');
      expect(health.discord).toEqual({
        state: 'ended',
        reason: expect.stringContaining('VISAVIS_DISCORD_TOKEN'),
      });
    });
    expect(await bot.stop()).toBe(0);
    expect([...discord.fake.unplanned, ...matrix.server.unplanned]).toEqual([]);
  },
  LONG ? 1_200_000 : 300_000,
);
