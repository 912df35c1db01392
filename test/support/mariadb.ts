import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { freePort } from './free-port.ts';

/** A MariaDB of a test's own, with an empty database, which may be killed. */
export interface OwnMariaDb {
  /** With the name of the database. */
  readonly url: string;
  /** Runs a statement as the administrator, on a connection of its own. */
  admin(statement: string): Promise<unknown>;
  /** At once, as when its machine fails. */
  kill(): Promise<void>;
  /** The same data at the same address. */
  revive(): Promise<void>;
  /** Alive, but it answers nothing until `wake`. */
  freeze(): void;
  wake(): void;
  stop(): Promise<void>;
}

/** @param options for mariadbd, such as `--max-connections=10` */
export async function startMariaDb(options: readonly string[] = []): Promise<OwnMariaDb> {
  const folder = mkdtempSync('/tmp/visavis-mariadb-');
  const port = await freePort();
  const data = join(folder, 'data');
  const user = userInfo().username;
  execFileSync(
    program('mariadb-install-db'),
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
  const start = () =>
    started(
      [
        '--no-defaults',
        `--user=${user}`,
        `--datadir=${data}`,
        `--socket=${join(folder, 'mariadb.sock')}`,
        `--pid-file=${join(folder, 'mariadb.pid')}`,
        `--tmpdir=${folder}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        '--skip-name-resolve',
        '--character-set-server=utf8mb4',
        ...options,
      ],
      join(folder, 'mariadb.sock'),
    );
  let server = await start();
  const address = `mysql://root@127.0.0.1:${port}/`;
  const admin = async (statement: string) => {
    const connection = await createConnection({
      user: 'root',
      socketPath: join(folder, 'mariadb.sock'),
      multipleStatements: true,
    });
    try {
      return (await connection.query(statement))[0];
    } finally {
      await connection.end();
    }
  };
  await admin('create database visavis character set utf8mb4');
  return {
    url: `${address}visavis`,
    admin,
    kill: () => killed(server),
    async revive() {
      server = await start();
    },
    freeze: () => void server.kill('SIGSTOP'),
    wake: () => void server.kill('SIGCONT'),
    async stop() {
      await killed(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function started(args: string[], socketPath: string): Promise<ChildProcess> {
  const server = spawn(program('mariadbd'), args, { stdio: 'ignore' });
  for (let i = 0; i < 600; i++) {
    if (server.exitCode !== null) throw new Error('mariadbd ended before it was ready');
    try {
      await (await createConnection({ user: 'root', socketPath })).end();
      return server;
    } catch {
      await pause(100);
    }
  }
  throw new Error('mariadbd did not start in a minute');
}

async function killed(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL');
  await gone;
}

function program(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/usr/local/bin'];
  const path = folders.map((folder) => join(folder, name)).find((one) => existsSync(one));
  if (!path) throw new Error(`${name} is not installed`);
  return path;
}
