import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/core/platform/clock.ts';
import { Host } from '../../src/detect/host.ts';
import type { Answer, Task } from '../../src/detect/protocol.ts';

/**
 * Stands for the real child: the first byte of the picture says what happens. It aborts at 0, never answers 1,
 * answers 2 with "failed" and 3 with its process id as the height. 4 is not answered and uses up its computing
 * time, 5 is answered with nonsense, at 6 somebody sends it SIGKILL. Any other is answered as the width of a
 * picture without faces.
 */
const FAKE_CHILD = `
  import { Socket } from 'node:net';
  const { Channel } = await import(${JSON.stringify(new URL('../../src/detect/channel.ts', import.meta.url).href)});
  const channel = new Channel(new Socket({ fd: 3 }), Infinity, { message, over: () => process.exit() });
  let cpuSeconds = 0;
  function message({ type, id, task }) {
    if (type !== 'task') return;
    const [what] = task.picture;
    if (what === 0) process.abort();
    if (what === 1) return;
    if (what === 4) { cpuSeconds = 1000; return; }
    if (what === 5) channel.send({ type: 'answer', id, cpuSeconds, answer: { found: 'nonsense' } });
    if (what === 6) return process.kill(process.pid, 'SIGKILL');
    const answer = what === 2
      ? { error: { code: 'failed', message: 'as told' } }
      : { found: { width: what, height: what === 3 ? process.pid : 0, faces: [] } };
    channel.send({ type: 'answer', id, answer, cpuSeconds });
  }
  channel.send({ type: 'ready' });`;

const PATIENCE = 5000;
const KILLS = 0;
const HANGS = 1;
const TELLS_PID = 3;
const AGES = 4;
const NONSENSE = 5;
const KILLED = 6;

let host: Host | null = null;
let launched = 0;
/** What the next child runs. */
let program = '';
afterEach(async () => {
  await host?.close();
  host = null;
});

function hostOf(options: { code?: string; clock?: Clock; threads?: number } = {}): Host {
  const { code = FAKE_CHILD, clock = systemClock, threads = 2 } = options;
  launched = 0;
  program = code;
  const launch = (): ChildProcess => {
    launched++;
    return spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program],
      {
        env: {},
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      },
    );
  };
  const models = async () => ({ bundle: 'default' as const, files: {} });
  host = new Host({ threads, models, clock, patience: PATIENCE, launch });
  return host;
}

const task = (what: number): Task => ({
  kind: 'detect',
  picture: Uint8Array.of(what),
  embed: false,
  boxes: null,
  smallFaces: false,
});

const width = (answer: Answer) => ('found' in answer ? answer.found.width : null);

describe('a picture that kills the process', () => {
  it('is given up after the second time, and nothing else is lost', async () => {
    const host = hostOf();
    const results = await Promise.allSettled(
      [10, 11, KILLS, 12, 13, KILLS, 14].map((what) => host.run(task(what))),
    );
    const told = results.map((result) =>
      result.status === 'fulfilled' ? width(result.value) : result.reason.code,
    );
    expect(told).toEqual([10, 11, 'broken_picture', 12, 13, 'broken_picture', 14]);
    expect(width(await host.run(task(20)))).toBe(20);
  });

  it('takes no neighbour with it, however many die with it the first time', async () => {
    // All five are in work at the first death; each is then tried alone, and two die a second time.
    const host = hostOf({ threads: 8 });
    const results = await Promise.allSettled([KILLS, 10, 11, KILLS, 12].map((what) => host.run(task(what))));
    const told = results.map((result) =>
      result.status === 'fulfilled' ? width(result.value) : result.reason.code,
    );
    expect(told).toEqual(['broken_picture', 10, 11, 'broken_picture', 12]);
    expect(launched).toBe(4);
  });
});

describe('when a picture that is known to be good fails too', () => {
  const ABORTS = FAKE_CHILD.replace('const [what] = task.picture;', 'process.abort();');
  const FAILS = FAKE_CHILD.replace('if (what === 1) return;', 'if (what > 200) task.picture = [2];').replace(
    'const answer = what',
    'const answer = task.picture[0]',
  );

  /** Stands still until it is told: what is slept through is real. */
  const standing = (): Clock & { at: number } => ({
    at: 1_000_000,
    now() {
      return this.at;
    },
    sleep: systemClock.sleep,
  });

  it('nothing is set aside, nothing is started for a minute, and then it is tried again', async () => {
    const clock = standing();
    const host = hostOf({ code: ABORTS, clock });
    const tasks = [10, 11, 12, 13, 14, 15, 16].map((what) => host.run(task(what)));
    const results = await Promise.allSettled(tasks);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'detector_unavailable' } });
    expect(String((results[0] as PromiseRejectedResult).reason)).toMatch(/known to be good.*SIGABRT/);
    expect(host.restsUntil).toBe(clock.at + 60_000);
    const before = launched;
    await expect(host.run(task(20))).rejects.toMatchObject({ code: 'detector_unavailable' });
    expect(launched).toBe(before);
    clock.at += 60_000;
    await expect(host.run(task(20))).rejects.toMatchObject({ code: 'detector_unavailable' });
    // The picture twice, the known-good one once.
    expect(launched).toBe(before + 3);
  });

  it('an error in its place proves the same', async () => {
    const host = hostOf({ code: FAILS });
    await expect(host.run(task(KILLS))).rejects.toMatchObject({
      code: 'detector_unavailable',
      message: expect.stringContaining('as told'),
    });
  });

  it('a machine that is whole again after a while loses nothing', async () => {
    const clock = standing();
    const host = hostOf({ code: ABORTS, clock });
    await expect(host.run(task(10))).rejects.toMatchObject({ code: 'detector_unavailable' });
    clock.at += 60_000;
    program = FAKE_CHILD;
    expect(width(await host.run(task(10)))).toBe(10);
  });
});

it('a task that hangs is ended when its time is over, and counts as a death', async () => {
  const alarms: { ring: () => void; signal: AbortSignal | undefined }[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) => {
      // The time of a start is not what this is about.
      if (ms !== PATIENCE) return systemClock.sleep(ms, signal);
      return new Promise((resolve) => {
        alarms.push({ ring: resolve, signal });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
  const host = hostOf({ clock, threads: 1 });
  const hanging = host.run(task(HANGS)).catch((error: unknown) => error);
  const fine = host.run(task(30));
  expect(width(await fine)).toBe(30);
  // Time passes for it twice, and not for the known-good picture that is tried then.
  for (let rung = 0; rung < 2; await pause(5)) {
    for (const { ring, signal } of alarms.splice(0)) {
      if (signal?.aborted) continue;
      ring();
      rung++;
    }
  }
  expect(await hanging).toMatchObject({ code: 'broken_picture' });
  expect(width(await host.run(task(31)))).toBe(31);
});

it('says so when the process does not start, and tries again with the next request', async () => {
  const host = hostOf({ code: 'process.stderr.write("no such thing"); process.exit(3)' });
  const both = await Promise.all([5, 6].map((what) => host.run(task(what)).catch((error: unknown) => error)));
  for (const failure of both) expect(failure).toMatchObject({ code: 'detector_unavailable' });
  expect(String(both[0])).toMatch(/exit code 3 no such thing/);
  await expect(host.run(task(7))).rejects.toMatchObject({ code: 'detector_unavailable' });
  expect(launched).toBe(2);
});

it('an answer that tells of a fault of ours is passed on', async () => {
  expect(await hostOf().run(task(2))).toEqual({ error: { code: 'failed', message: 'as told' } });
});

it('models that cannot be had are told, and asked for again', async () => {
  let asked = 0;
  const host = new Host({
    threads: 1,
    clock: systemClock,
    patience: 1000,
    models: async () => {
      asked++;
      throw new Error('no models');
    },
  });
  await expect(host.run(task(5))).rejects.toThrow('no models');
  await expect(host.run(task(5))).rejects.toThrow('no models');
  expect(asked).toBe(2);
  expect(host.pid).toBeNull();
});

it('what means nothing is the fault of the picture that was in work', async () => {
  const host = hostOf();
  await expect(host.run(task(NONSENSE))).rejects.toMatchObject({
    code: 'broken_picture',
    message: expect.stringContaining('a message that means nothing'),
  });
  expect(width(await host.run(task(12)))).toBe(12);
});

it('a kill by somebody else is weak evidence: it takes twelve of them', async () => {
  const host = hostOf();
  const [killed, fine] = await Promise.all([
    host.run(task(KILLED)).catch((error: unknown) => error),
    host.run(task(13)),
  ]);
  expect(killed).toMatchObject({ code: 'broken_picture', message: expect.stringContaining('12 times') });
  expect(width(fine)).toBe(13);
  // The first one took both, and the last one proves with the known-good picture that the fault is not ours.
  expect(launched).toBe(14);
});

describe('a child that has used most of its computing time', () => {
  const pidOf = async (host: Host) => {
    const answer = await host.run(task(TELLS_PID));
    return 'found' in answer ? answer.found.height : null;
  };

  it('is changed for a new one, and finishes what it has in work', async () => {
    const host = hostOf({ threads: 2 });
    const first = await pidOf(host);
    // Not answered by the first child: it ends with it when somebody kills that, and is done by the next.
    const unanswered = host.run(task(AGES)).catch((error: unknown) => error);
    expect(await pidOf(host)).toBe(first);
    let now = first;
    while (now === first) now = await pidOf(host);
    expect(launched).toBe(2);
    expect(host.pid).toBe(now);
    await host.close();
    expect(await unanswered).toMatchObject({ code: 'detector_unavailable' });
  });

  it('ends as soon as nothing is in work', async () => {
    const host = hostOf({ threads: 2 });
    const first = Number(await pidOf(host));
    const gone = host.run(task(AGES)).catch(() => null);
    while ((await pidOf(host)) === first);
    expect(() => process.kill(first, 0)).not.toThrow();
    await host.close();
    await gone;
    expect(() => process.kill(first, 0)).toThrow();
  });
});

it('starts that somebody kills are repeated, but not for ever', async () => {
  const host = hostOf({ code: "process.kill(process.pid, 'SIGKILL')" });
  await expect(host.run(task(9))).rejects.toMatchObject({
    code: 'detector_unavailable',
    message: expect.stringContaining('SIGKILL'),
  });
  expect(launched).toBe(30);
});

it('a program that is not there is told, too', async () => {
  const models = async () => ({ bundle: 'default' as const, files: {} });
  const launch = () => spawn('/nowhere/at-all', { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  host = new Host({ threads: 1, models, clock: systemClock, patience: 1000, launch });
  await expect(host.run(task(9))).rejects.toMatchObject({ code: 'detector_unavailable' });
});

it('what holds a child from being launched is told as it is', async () => {
  const models = async () => ({ bundle: 'default' as const, files: {} });
  const launch = () => Promise.reject(new Error('nothing works here'));
  host = new Host({ threads: 1, models, clock: systemClock, patience: 1000, launch });
  await expect(host.run(task(9))).rejects.toThrow(/not available: .*nothing works here/);
});
