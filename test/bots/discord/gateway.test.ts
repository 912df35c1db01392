import { afterEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/platform/clock.ts';
import type { FakeMessage } from '../../fakes/discord/world.ts';
import { type Bench, bench, until } from './harness.ts';

const DROPS: Record<string, (made: Bench) => void> = {
  'close 4000': ({ fake }) => fake.gateway.close(4000),
  'close 1001': ({ fake }) => fake.gateway.close(1001),
  'a broken line': ({ fake }) => fake.gateway.close(1006),
  'op 7': ({ fake }) => fake.gateway.askToReconnect(),
  'op 9 that may resume': ({ fake }) => fake.gateway.invalidate(true),
};

async function started() {
  const made = await bench();
  const message = made.fake.world.addMessage({ channelId: made.channel.id });
  await made.chat.start(made.handlers);
  return { ...made, message };
}

const emoji = (made: Bench) => made.heard.reactions.map((one) => one.emoji);

function reactAll(made: Bench, message: FakeMessage, all: string) {
  for (const one of all) made.fake.world.react(message, made.ada, one);
}

test.each(Object.keys(DROPS))('%s: the session is resumed and nothing is lost or doubled', async (name) => {
  const made = await started();
  const { fake, chat, message, heard } = made;
  reactAll(made, message, '✅');
  await until(() => expect(emoji(made)).toEqual(['✅']));
  DROPS[name]?.(made);
  reactAll(made, message, '❌🤷');
  await until(() => expect(fake.gateway.resumed).toBe(1));
  reactAll(made, message, '🚫');
  await until(() => expect(emoji(made)).toEqual(['✅', '❌', '🤷', '🚫']));
  expect(fake.gateway.identified).toBe(1);
  expect(heard.gaps).toBe(0);
  expect(chat.health?.()).toEqual({ state: 'up', reason: null });
});

test('what is sent again when the session is resumed is heard once', async () => {
  const made = await started();
  const { fake, message, heard, ada } = made;
  const change = () => heard.reactions.map((one) => one.change);
  fake.world.react(message, ada, '✅');
  fake.world.takeBack(message, ada, '✅');
  fake.world.react(message, ada, '✅');
  await until(() => expect(change()).toEqual(['added', 'taken_back', 'added']));
  fake.gateway.sentAgain = 3;
  fake.gateway.close(4000);
  await until(() => expect(fake.gateway.resumed).toBe(1));
  fake.world.takeBack(message, ada, '✅');
  await until(() => expect(change()).toEqual(['added', 'taken_back', 'added', 'taken_back']));
  // A new session has numbers of its own.
  fake.gateway.invalidate(false);
  await until(() => expect(fake.gateway.identified).toBe(2));
  fake.world.react(message, ada, '❌');
  await until(() => expect(change()).toHaveLength(5));
});

test.each([
  ['op 9 that may not resume', ({ fake }: Bench) => fake.gateway.invalidate(false)],
  ['close 1000', ({ fake }: Bench) => fake.gateway.close(1000)],
  [
    'a session that was forgotten',
    ({ fake }: Bench) => {
      fake.gateway.forgetSessions();
      fake.gateway.close(4000);
    },
  ],
])('%s: a new session, and the desk is told of the gap', async (_name, drop) => {
  const made = await started();
  const { fake, message, heard, chat } = made;
  drop(made);
  await until(() => expect(heard.gaps).toBe(1));
  expect(fake.gateway.identified).toBe(2);
  reactAll(made, message, '✅');
  await until(() => expect(emoji(made)).toEqual(['✅']));
  expect(chat.health?.().state).toBe('up');
});

test('silence: a missed heartbeat ends the connection and the session is resumed', async () => {
  const made = await bench();
  const { fake, chat, channel, handlers } = made;
  fake.gateway.heartbeatMs = 60;
  const message = fake.world.addMessage({ channelId: channel.id });
  await chat.start(handlers);
  fake.gateway.silent = true;
  reactAll(made, message, '✅');
  const beats = () => fake.gateway.received.filter(({ op }) => op === 1).length;
  const before = beats();
  await until(() => expect(beats()).toBeGreaterThan(before));
  await until(() => expect(fake.gateway.connected).toBe(0));
  expect(chat.health?.()).toMatchObject({ state: 'away', reason: expect.stringContaining('Discord') });
  fake.gateway.silent = false;
  await until(() => expect(emoji(made)).toEqual(['✅']));
  expect(fake.gateway.identified).toBe(1);
});

test('a line that drops before HELLO is tried again', async () => {
  const made = await bench();
  made.fake.gateway.dropBeforeHello = 2;
  await made.chat.start(made.handlers);
  expect(made.chat.health?.().state).toBe('up');
});

test('a gateway that says nothing is given up in time, and nothing of the attempt is left', async () => {
  const { fake, handlers, connect } = await bench();
  const limits: (() => void)[] = [];
  const chat = connect({
    clock: {
      ...systemClock,
      // The limit of the login passes when the test says so.
      sleep: (ms, signal) =>
        ms === 30_000 ? new Promise((resolve) => limits.push(resolve)) : systemClock.sleep(ms, signal),
    },
  });
  fake.gateway.dropBeforeHello = 1000;
  const start = chat.start(handlers);
  await until(() => expect(fake.gateway.dropBeforeHello).toBeLessThan(999));
  for (const pass of limits) pass();
  await expect(start).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('gateway says nothing'),
  });
  expect(chat.health?.()).toMatchObject({ state: 'away' });
  await chat.stop();
  fake.gateway.dropBeforeHello = 0;
  const again = chat.start(handlers);
  await again;
  expect(fake.gateway.identified).toBe(1);
  expect(fake.gateway.connected).toBe(1);
});

test.each([4004, 4010, 4011, 4012, 4013, 4014])(
  'close %i at the start ends the platform with a clear message',
  async (code) => {
    const { fake, chat, handlers, logged } = await bench();
    fake.gateway.refuseIdentify = code;
    const refused = {
      code: 'configuration',
      message: expect.stringMatching(
        code === 4004 ? /VISAVIS_DISCORD_TOKEN/ : /^Discord closed the connection for good: /,
      ),
    };
    await expect(chat.start(handlers)).rejects.toMatchObject(refused);
    const health = chat.health?.();
    expect(health).toEqual({ state: 'ended', reason: expect.stringContaining('Discord') });
    await chat.stop();
    const before = fake.requests.length;
    fake.gateway.refuseIdentify = null;
    // Whoever goes on trying asks Discord for nothing.
    await expect(chat.start(handlers)).rejects.toMatchObject(refused);
    expect(fake.requests.length).toBe(before);
    expect(chat.health?.()).toEqual(health);
    expect(logged.filter((line) => line.startsWith('error'))).toHaveLength(1);
  },
);

test('a wrong token is refused with the name of the setting, not with the token', async () => {
  const { fake, handlers, connect, logged } = await bench();
  const chat = connect({ token: 'not.the.token' });
  const error = await chat.start(handlers).catch((one: unknown) => one);
  expect(error).toMatchObject({
    code: 'configuration',
    message: expect.stringContaining('VISAVIS_DISCORD_TOKEN'),
  });
  expect(`${error}${logged.join()}`).not.toContain('not.the.token');
  expect(fake.gateway.identified).toBe(0);
});

test('a token that is revoked ends the platform, whether the gateway or a request tells', async () => {
  const made = await started();
  const { fake, chat, channel, message, heard } = made;
  fake.token = 'another.one.now';
  await expect(chat.edit(channel.id, message.id, { text: 'x' })).rejects.toMatchObject({
    code: 'configuration',
  });
  expect(chat.health?.().state).toBe('ended');
  await expect(chat.post(channel.id, { text: 'x' }, 'k')).rejects.toMatchObject({ code: 'configuration' });
  expect(heard.gaps).toBe(0);
  // The connection breaks afterwards, which is no news.
  fake.gateway.close(4000);
  await until(() => expect(fake.gateway.received.at(-1)?.op).toBe(6));
  expect(chat.health?.().state).toBe('ended');

  const other = await started();
  other.fake.token = 'another.one.now';
  other.fake.gateway.close(4000);
  await until(() => expect(other.chat.health?.().state).toBe('ended'));
  expect(other.chat.health?.().reason).toContain('VISAVIS_DISCORD_TOKEN');
});

test('stopping ends the connection; starting again makes another one', async () => {
  const made = await started();
  const { fake, chat, handlers, channel, message } = made;
  await chat.stop();
  await until(() => expect(fake.gateway.connected).toBe(0));
  await expect(chat.post(channel.id, { text: 'x' }, 'k')).rejects.toMatchObject({ code: 'internal' });
  await chat.start(handlers);
  reactAll(made, message, '✅');
  await until(() => expect(emoji(made)).toEqual(['✅']));
  expect(fake.gateway.connected).toBe(1);
});

test('stopping while the connection is broken leaves nothing that comes back', async () => {
  const { fake, chat, handlers } = await started();
  fake.gateway.close(4000);
  await until(() => expect(chat.health?.().state).toBe('away'));
  await chat.stop();
  await chat.start(handlers);
  // Until this one is back, the first one would have been as well.
  fake.gateway.close(4000);
  await until(() => expect(fake.gateway.resumed).toBe(1));
  expect(fake.gateway.identified).toBe(2);
  expect(fake.gateway.connected).toBe(1);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

test('what others left in the environment changes nothing', async () => {
  vi.stubEnv('SHARDS', '[3]');
  vi.stubEnv('SHARD_COUNT', '4');
  vi.stubEnv('DISCORD_TOKEN', 'somebody.elses.token');
  const { fake } = await started();
  expect(fake.gateway.received[0]).toMatchObject({ op: 2, d: { token: fake.token, shard: [0, 1] } });
});

test('identifies are five seconds apart, over all connections of a bot', async () => {
  const { fake, handlers, connect } = await bench();
  const slept: number[] = [];
  const chat = connect({
    identifyEveryMs: 5_000,
    clock: {
      now: () => 1_000_000,
      sleep: async (ms, signal) => {
        slept.push(ms);
        if (ms > 5_000) await systemClock.sleep(ms, signal);
      },
    },
  });
  await chat.start(handlers);
  await chat.stop();
  await chat.start(handlers);
  expect(slept.filter((ms) => ms === 5_000)).toHaveLength(1);
  expect(fake.gateway.identified).toBe(2);
});
