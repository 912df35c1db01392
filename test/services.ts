import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { makeTemplates, type Templates } from './support/templates.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Administrator's address of the private MariaDB, or null where none is installed. */
    mariadb: string | null;
    redis: string | null;
    chromium: string | null;
    templates: Templates;
  }
}

/**
 * Starts a private MariaDB and a private Redis for the whole test run, in a folder and on ports of their own,
 * and stops them at the end. What is not installed is named loudly; in CI that is a failure.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(quickFolder(), 'visavis-test-'));
  const stops: (() => Promise<void>)[] = [];
  const missing: string[] = [];

  const mariadb = await startMariaDb(folder, stops);
  if (!mariadb) missing.push('MariaDB (mariadb-server): the store is tested on SQLite alone');
  const redis = await startRedis(folder, stops);
  if (!redis) missing.push('Redis (redis-server): locks, limits and nudges are tested in memory alone');
  const chromium =
    ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)) ?? null;
  if (!chromium) missing.push('Chromium (chromium): no test clicks through the pages');

  project.provide('mariadb', mariadb);
  project.provide('redis', redis);
  project.provide('chromium', chromium);
  project.provide('templates', await makeTemplates(folder, mariadb));

  if (missing.length > 0) {
    const lines = missing.map((line) => `  SKIPPED  ${line}`).join('\n');
    process.stderr.write(
      `\n${'='.repeat(78)}\nNot installed here, so not everything is tested:\n${lines}\n${'='.repeat(78)}\n\n`,
    );
    if (process.env.CI) throw new Error('in CI nothing may be skipped; see .ci/run');
  }
  return async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** Making and dropping databases is mostly waiting for the disk: memory is several times as quick where it is large. */
function quickFolder(): string {
  const memory = '/dev/shm';
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize > 2 * 1024 ** 3 ? memory : '/tmp';
  } catch {
    return '/tmp';
  }
}

export async function startMariaDb(folder: string, stops: (() => Promise<void>)[]): Promise<string | null> {
  const server = findProgram('mariadbd');
  const install = findProgram('mariadb-install-db');
  const admin = findProgram('mariadb-admin');
  if (!server || !install || !admin) return null;
  const data = join(folder, 'mariadb');
  const socket = join(folder, 'mariadb.sock');
  const port = await freePort();
  const user = userInfo().username;
  execFileSync(
    install,
    [
      '--no-defaults',
      `--user=${user}`,
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--skip-name-resolve',
    ],
    { stdio: 'ignore' },
  );
  const child = spawn(
    server,
    [
      '--no-defaults',
      `--user=${user}`,
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--pid-file=${join(folder, 'mariadb.pid')}`,
      // A server that starts clears its folder for temporary tables, whoever's they are.
      `--tmpdir=${folder}`,
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      '--skip-name-resolve',
      '--character-set-server=utf8mb4',
      // Nobody needs these tables after a power cut.
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-doublewrite=0',
    ],
    { stdio: 'ignore' },
  );
  const ask = (command: string) =>
    execFileSync(admin, ['--no-defaults', '-uroot', `--socket=${socket}`, command], { stdio: 'ignore' });
  await until(() => {
    try {
      ask('ping');
      return true;
    } catch {
      return false;
    }
  });
  stops.push(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    ask('shutdown');
    await gone;
  });
  return `mysql://root@127.0.0.1:${port}/`;
}

async function startRedis(folder: string, stops: (() => Promise<void>)[]): Promise<string | null> {
  const server = findProgram('redis-server');
  if (!server) return null;
  const port = await freePort();
  const child = spawn(
    server,
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error('redis-server ended before it was ready')));
  });
  stops.push(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  });
  return `redis://127.0.0.1:${port}`;
}

function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/usr/local/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function until(check: () => boolean): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('a test service did not start in 30 s');
}
