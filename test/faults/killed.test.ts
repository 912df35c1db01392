import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startUndo } from '../../src/core/depicts/runs.ts';
import { type WriterPoint, writeStep } from '../../src/core/depicts/writer.ts';
import { guardChildren } from '../support/loopback-only.ts';
import type { DyingWorker } from './dying-worker.ts';
import { expectSame, FastClock, type FaultDesk, faultDesk, newWorld, type World } from './support.ts';

const POINTS: readonly (readonly [point: WriterPoint, nth: number])[] = [
  ['taken up', 1],
  ['read', 1],
  ['noted', 1],
  ['noted', 3],
  ['answered', 1],
  ['answered', 3],
  ['settled', 2],
  ['finishing', 1],
];
const FILES = 3;

describe('a worker that is killed', () => {
  let world: World;
  let desk: FaultDesk;
  beforeAll(async () => {
    world = await newWorld(new FastClock(Date.now()));
  });
  afterAll(() => world.pocket.close());
  afterEach(() => desk.dispose());

  it.each(POINTS)('while writing, when it has come to “%s” %i times', async (point, nth) => {
    desk = await faultDesk({ files: FILES, world });
    const run = await desk.start();
    await killedAt(point, nth);
    await takenOver(run);
    expect(await desk.states()).toEqual(Array(FILES).fill('written'));
    // At most the one that it was at is sent again.
    expect(desk.pocket.requests.count('wbsetclaim')).toBeLessThanOrEqual(FILES + 1);
    await expectSame(desk.store, desk.pocket);
  });

  it.each(POINTS.filter(([point]) => point !== 'taken up'))(
    'while taking back, when it has come to “%s” %i times',
    async (point, nth) => {
      desk = await faultDesk({ files: FILES, world });
      const written = await desk.write();
      const undo = await startUndo(desk.deps, { runId: written, accountId: desk.accountId });
      await killedAt(point, nth);
      await takenOver(undo);
      expect(await desk.states()).toEqual(Array(FILES).fill('removed'));
      await expectSame(desk.store, desk.pocket);
    },
  );

  it('leaves a run that can be stopped, and what it wrote can be taken back', async () => {
    desk = await faultDesk({ files: FILES, world });
    const run = await desk.start();
    await killedAt('answered', 2);
    await desk.store.db.updateTable('runs').set({ stop_requested_at: 1 }).where('id', '=', run).execute();
    await takenOver(run, 'stopped');
    expect(await desk.states()).toEqual(['written', 'written']);
    await expectSame(desk.store, desk.pocket);
    await desk.undo(run);
    expect(await desk.states()).toEqual(['removed', 'removed']);
    await expectSame(desk.store, desk.pocket);
  });

  /** Another worker waits for the lease to run out, then ends the run. */
  async function takenOver(run: number, state = 'done'): Promise<void> {
    const second = desk.worker('worker two');
    desk.clock.time = Date.now();
    expect(await writeStep(second)).toBe(false);
    desk.clock.time = Date.now() + 4 * 60_000;
    await desk.work(second);
    expect(await desk.run(run)).toMatchObject({ state });
  }

  async function killedAt(point: WriterPoint, nth: number): Promise<void> {
    const told: DyingWorker = {
      address: desk.address,
      apiUrl: `${desk.pocket.url}/w/api.php`,
      username: 'Practice Anna',
      token: await desk.deps.wikiAccount({ id: 0, username: '' }).accessToken(),
      point,
      nth,
    };
    const script = join(import.meta.dirname, 'dying-worker.ts');
    const args = ['--disable-warning=ExperimentalWarning', script, JSON.stringify(told)];
    const env = { ...process.env, ...guardChildren() };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once('exit', (_code, signal) => resolve(signal)),
    );
    let words = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (text) => {
        words += String(text);
        if (words.includes('\n')) resolve();
      });
      child.stderr.on('data', (text) => {
        words += String(text);
      });
      child.once('exit', () => reject(new Error(`the worker ended by itself: ${words}`)));
    });
    expect(words).toBe('here\n');
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
  }
});
