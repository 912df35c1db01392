import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How a process ended. */
export type End = number | NodeJS.Signals | null;

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly gone: Promise<End>;
}

/** Connections away from this machine are refused, and noted in this file. */
export function guarded(awayFile: string): Record<string, string> {
  const guard = pathToFileURL(join(import.meta.dirname, '../support/away.ts')).href;
  return { NODE_OPTIONS: `--import=${guard}`, TEST_AWAY_FILE: awayFile };
}

/** Starts a Node program; what it says goes into a file. */
export function startChild(
  script: string,
  args: readonly string[],
  { env, logFile }: { readonly env: Readonly<Record<string, string>>; readonly logFile: string },
): Child {
  const options: ForkOptions = {
    env: { PATH: process.env.PATH ?? '', ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  };
  const child = fork(script, [...args], options);
  const note = (text: unknown) => appendFileSync(logFile, String(text));
  note(`--- started as ${child.pid} at ${new Date().toISOString()}\n`);
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  // A message to one that has just ended.
  child.on('error', () => {});
  const gone = new Promise<End>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  void gone.then((how) => note(`--- ${child.pid} ended with ${how} at ${new Date().toISOString()}\n`));
  return { process: child, pid: child.pid ?? 0, gone };
}

/** All processes below this one, its children's children included. */
export function descendants(pid: number): number[] {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const ids = own === '' ? [] : own.split(' ').map(Number);
    return ids.flatMap((id) => [id, ...descendants(id)]);
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** Nothing happens when it has ended meanwhile. */
export function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
