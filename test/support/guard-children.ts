/** For child processes of tests and benchmarks: whoever opens a connection away from this machine writes it down. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const file = join(tmpdir(), `visavis-away-${process.pid}`);

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
