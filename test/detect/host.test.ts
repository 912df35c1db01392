import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/core/platform/clock.ts';
import { Host } from '../../src/detect/host.ts';
import { launchChild } from '../../src/detect/launch.ts';
import type { Answer, Task } from '../../src/detect/protocol.ts';

/**
 * Stands for the real child: the first byte of the picture says what happens. 0 kills it, 1 is never answered,
 * 2 is the answer "failed"; any other is answered as the width of a picture without faces.
 */
const FAKE_CHILD = `
  process.on('message', ({ type, id, task }) => {
    if (type !== 'task') return;
    const [what] = task.picture;
    if (what === 0) process.kill(process.pid, 'SIGKILL');
    if (what < 2) return;
    const answer = what === 2
      ? { error: { code: 'failed', message: 'as told' } }
      : { found: { width: what, height: 0, faces: [] } };
    process.send({ type: 'answer', id, answer });
  });
  process.on('disconnect', () => process.exit());
  process.send({ type: 'ready' });`;

const KILLS = 0;
const HANGS = 1;

let host: Host | null = null;
let launched = 0;
afterEach(async () => {
  vi.unstubAllEnvs();
  await host?.close();
  host = null;
});

function hostOf(options: { code?: string; clock?: Clock; threads?: number } = {}): Host {
  const { code = FAKE_CHILD, clock = systemClock, threads = 2 } = options;
  launched = 0;
  const launch = (): ChildProcess => {
    launched++;
    return spawn(process.execPath, ['--eval', code], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
  };
  const models = async () => ({ bundle: 'default' as const, files: {} });
  host = new Host({ threads, models, clock, patience: 1000, launch });
  return host;
}

const task = (what: number): Task => ({
  kind: 'detect',
  picture: Uint8Array.of(what),
  embed: false,
  boxes: null,
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

it('a task that hangs is ended when its time is over, and counts as a death', async () => {
  const alarms: (() => void)[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        alarms.push(resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
  };
  const host = hostOf({ clock, threads: 1 });
  const hanging = host.run(task(HANGS)).catch((error: unknown) => error);
  const fine = host.run(task(30));
  expect(width(await fine)).toBe(30);
  // Time passes for all that is in work, as often as it takes.
  let over = false;
  void hanging.then(() => {
    over = true;
  });
  while (!over) {
    for (const ring of alarms.splice(0)) ring();
    await pause(5);
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

describe.runIf(process.platform === 'linux')('the real child', () => {
  it('has an empty environment', async () => {
    vi.stubEnv('VISAVIS_TOKEN_KEY', 'must-not-be-seen');
    const child = launchChild(1);
    try {
      await new Promise((resolve) => child.once('message', resolve));
      const environment = readFileSync(`/proc/${child.pid}/environ`, 'utf8').split('\0');
      // Node itself tells the child which pipe its parent is at.
      expect(environment.filter((line) => line !== '' && !line.startsWith('NODE_CHANNEL_'))).toEqual([]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('ends when its parent is killed', async () => {
    const module = new URL('../../src/detect/launch.ts', import.meta.url).href;
    const script =
      `const { launchChild } = await import(${JSON.stringify(module)});` +
      'const child = launchChild(2);' +
      "child.once('message', () => process.stdout.write(String(child.pid), () => process.kill(process.pid, 'SIGKILL')));";
    const failure = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      script,
    ]).catch((error: { signal: string; stdout: string }) => error);
    const pid = Number(failure.stdout);
    expect(pid).toBeGreaterThan(0);
    // The test's own time limit ends this if it never goes.
    while (isRunning(pid)) await pause(20);
  });
});

/** A process that ended but that nobody waited for still has a number; its state is Z. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
