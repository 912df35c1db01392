import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardChildren } from '../support/loopback-only.ts';

const root = join(import.meta.dirname, '../..');

export interface RunningProduct {
  readonly url: string;
  readonly wikiUrl: string;
  /** Everything it has printed. */
  output(): string;
  stop(): Promise<void>;
}

/** `npm start`, as a person runs it: a new data folder, free ports, nothing configured. */
export async function npmStart(): Promise<RunningProduct> {
  const dataDir = mkdtempSync(join(tmpdir(), 'visavis-start-'));
  const port = await twoFreePorts();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: root,
    env: {
      ...guardChildren(),
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      PORT: String(port),
      VISAVIS_DATA_DIR: dataDir,
      ...registrySettings(),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm's own child has to be reached too when it is stopped.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  const ready = `ready http://localhost:${port}/`;
  await until(
    child,
    () => output.includes(ready),
    () => output,
  );
  return {
    url: `http://localhost:${port}`,
    wikiUrl: `http://localhost:${port + 1}`,
    output: () => output,
    stop: async () => {
      await end(child);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Where packages come from is set outside the project. */
function registrySettings(): Record<string, string> {
  const names = Object.keys(process.env).filter(
    (name) => /^npm_config_/i.test(name) || name === 'NODE_EXTRA_CA_CERTS',
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  await gone;
}

async function until(child: ChildProcess, check: () => boolean, output: () => string): Promise<void> {
  for (let i = 0; i < 1800; i++) {
    if (check()) return;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await end(child);
  throw new Error(`npm start was not ready within 3 minutes:\n${output()}`);
}

async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
