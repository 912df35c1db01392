import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { DEFAULT_LIMIT } from '../../fakes/homeserver/limiter.ts';
import { freshStore } from '../../support/stores.ts';
import { startBot } from './bot.ts';
import { askOn, countShown, votesByMessage } from './project.ts';
import { type DiscordStage, discordStage, type MatrixStage, matrixStage } from './stages.ts';

const POSTS = 300;
const PEOPLE = 40;
/** Posts below which people react, each with one emoji. */
const TOUCHED = 10;
/** One for a hundred posts, and one for each post and emoji that people used. */
const BUDGET = POSTS / 100 + TOUCHED;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const patiently = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 120_000, interval: 25 });

/** The platform's own limits, and what the bot has asked for so far to know what people did. */
interface Limits {
  readonly on: () => void;
  readonly read: () => string[];
}

const PLATFORMS: Record<string, () => Promise<{ stage: DiscordStage | MatrixStage; limits: Limits }>> = {
  async discord() {
    const stage = await discordStage();
    const { fake } = stage;
    const isRead = (route: string) => route.startsWith('GET /channels/');
    return {
      stage,
      limits: {
        on() {
          fake.limited = true;
        },
        read: () => fake.requests.map((one) => one.route).filter(isRead),
      },
    };
  },
  async matrix() {
    const stage = await matrixStage(systemClock);
    const { server } = stage;
    return {
      stage,
      limits: {
        on() {
          server.limiter.limit = DEFAULT_LIMIT;
        },
        // Beside the sync, which goes on for ever, and what every start asks for.
        read: () =>
          server.requests
            .filter((one) => one.method === 'GET' && /\/rooms\//.test(one.path))
            .map((one) => one.path),
      },
    };
  },
};

test.each(Object.keys(PLATFORMS))(
  '%s: a restart with 300 open questions asks for little, and knows what people did',
  async (platform) => {
    const { stage, limits } = await (PLATFORMS[platform] as (typeof PLATFORMS)[string])();
    open.push(() => stage.close());
    const { store, dispose } = await freshStore();
    open.push(dispose);
    const members = await askOn(store, [stage], { pictures: POSTS, people: PEOPLE, votesNeeded: 5 });
    const first = await startBot(store, systemClock, [stage]);
    open.push(() => first.stop());
    await patiently(async () => expect(await countShown(store)).toBe(POSTS));
    const posts = stage.posts();
    const expected = new Map<string, string[]>();
    const react = (part: number) => {
      for (const [i, { accountId, ids }] of members.entries()) {
        if (i % 2 !== part) continue;
        // All over the channel, so that no page has them all.
        const message = posts[Math.floor(((i % TOUCHED) * POSTS) / TOUCHED)] ?? '';
        stage.react(ids[platform] ?? '', message, '✅');
        expected.set(`${message} ${accountId}`, ['yes']);
      }
    };
    const counted = async () => expect(await votesByMessage(store)).toEqual(expected);
    react(0);
    await patiently(counted);
    await first.stop();
    react(1);
    const before = limits.read().length;
    limits.on();
    const start = performance.now();
    const second = await startBot(store, systemClock, [stage]);
    open.push(() => second.stop());
    await patiently(counted);
    const took = Math.round(performance.now() - start);
    const asked = limits.read().slice(before);
    process.stderr.write(
      `\n${platform}: ${POSTS} open questions restored with ${asked.length} requests of ${BUDGET}, in ${took} ms with the limits on\n`,
    );
    expect(asked.length).toBeLessThanOrEqual(BUDGET);
    expect(stage.posts()).toEqual(posts);
  },
  300_000,
);
