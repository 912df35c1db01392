/** Every test begins with this file (`setupFiles`): whoever opens a connection away from this machine fails. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect } from 'vitest';
import { takeAway } from './away.ts';

const file = join(tmpdir(), `visavis-away-${process.pid}`);

afterEach(() => {
  expect([...takeAway(), ...takeAwayOfChildren()], 'connections away from this machine').toEqual([]);
});

/** What goes into the environment of a child process, so that it is guarded too. */
export function guardChildren(): Record<string, string> {
  const guard = pathToFileURL(join(import.meta.dirname, 'away.ts')).href;
  return { NODE_OPTIONS: `--import=${guard}`, TEST_AWAY_FILE: file };
}

/** Hosts that guarded child processes asked for since the last time. */
export function takeAwayOfChildren(): string[] {
  try {
    const hosts = readFileSync(file, 'utf8').trim().split('\n');
    rmSync(file);
    return hosts;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
