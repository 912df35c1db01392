import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';

/** A Redis of a test's own, which may be killed. */
export interface OwnRedis {
  readonly url: string;
  /** At once, as when its machine fails. */
  kill(): Promise<void>;
  /** A new one at the same address, which remembers nothing. */
  revive(): Promise<void>;
  /** Alive, but it answers nothing until `wake`. */
  freeze(): void;
  wake(): void;
  stop(): Promise<void>;
}

export async function startRedis(): Promise<OwnRedis> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'visavis-redis-'));
  let server = await start(port, folder);
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => server.kill(),
    async revive() {
      server = await start(port, folder);
    },
    freeze: () => void server.child.kill('SIGSTOP'),
    wake: () => void server.child.kill('SIGCONT'),
    async stop() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(port: number, folder: string) {
  const child: ChildProcess = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error('redis-server ended before it was ready')));
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    child,
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await gone;
    },
  };
}
