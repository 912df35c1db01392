import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ALWAYS } from '../../../src/detect/limits/layers.ts';
import { inside } from './inside.ts';

describe('what happens in the child stays there', () => {
  it.each([
    ['abort', /^(ended by|over)/],
    ['exit', /^(ended by|over)/],
    ['garbage on the channel', /^over: a message came that cannot be read/],
    ['a message without end', /^over: a message of 4294967295 bytes/],
  ] as const)('%s', async (what, outcome) => {
    expect(await inside(ALWAYS, { what })).toMatch(outcome);
  });
});

it.runIf(process.platform === 'linux')('the child ends when its parent is killed', async () => {
  const module = new URL('../../../src/detect/launch.ts', import.meta.url).href;
  const script = `
    const { launchChild } = await import(${JSON.stringify(module)});
    const child = await launchChild(2);
    child.stdio[3].once('data', () =>
      process.stdout.write(String(child.pid), () => process.kill(process.pid, 'SIGKILL')));`;
  const node = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  const failure = await promisify(execFile)(process.execPath, node).catch(
    (error: { signal: string; stdout: string }) => error,
  );
  const pid = Number(failure.stdout);
  expect(pid).toBeGreaterThan(0);
  // The test's own time limit ends this if it never goes.
  while (isRunning(pid)) await pause(20);
});

/** A process that ended but that nobody waited for still has a number; its state is Z. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
