/**
 * How quick the site is with a large project, on MariaDB, over loopback; the site runs in a process of its own:
 *
 *   node test/bench/load.ts [SECONDS] [FACES]
 *
 * Starts a private MariaDB in a folder for temporary files and asserts nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { migrations } from '../../migrations/index.ts';
import { projectFaces } from '../../src/core/projects/gallery.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { startMariaDb } from '../services.ts';
import { addBigProject } from '../support/big-project.ts';
import type { LoadResult, LoadWish } from '../support/load.ts';
import { answersOf, openFaces, signInMembers } from '../support/load-review.ts';
import { evenLoad } from './even-load.ts';

const seconds = Number(process.argv[2] ?? 60);
const faces = Number(process.argv[3] ?? 20_000);
/** Where the gallery is left for the deep page. */
const DEEP_PAGES = 200;

const folder = mkdtempSync(join(tmpdir(), 'visavis-load-'));
const stops: (() => Promise<void>)[] = [];
try {
  const server = await startMariaDb(folder, stops);
  if (!server) throw new Error('MariaDB is not installed');
  await measure(`${server}visavis_load`, server);
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(database: string, server: string): Promise<void> {
  const connection = await createConnection(server);
  await connection.query('create database visavis_load character set utf8mb4');
  await connection.end();
  const store = openStore({ kind: 'mariadb', url: database });
  stops.push(() => store.close());
  await migrate(store, migrations);
  const begun = performance.now();
  const project = await addBigProject(store, { faces, now: Date.now() });
  print(`${faces} faces, made in ${Math.round(performance.now() - begun)} ms; ${seconds} s each`);
  const { url, child } = await startSiteProcess(database);
  stops.push(async () => void child.kill());
  const members = await signInMembers(store, url, project, 4);
  const [member] = members;
  if (!member) throw new Error('nobody is signed in');
  const open = await openFaces(store, project, faces);
  const deep = await deepPlace();
  const page = `/projects/${project.id}`;
  const get = (path: string, headers?: Readonly<Record<string, string>>): LoadWish['next'] => {
    return () => ({ method: 'GET', path, ...(headers ? { headers } : {}) });
  };
  print(`${'request'.padEnd(34)}  sent  /s    failed  p50    p95    p99    most   load`);
  const run = async (name: string, rate: number, status: number, next: LoadWish['next']) =>
    row(await evenLoad({ name, url, rate, seconds, status, next }));
  await run('nothing but the frame (/help)', 50, 200, get('/help'));
  await run('front page', 50, 200, get('/'));
  await run('project page', 50, 200, get(page));
  await run('project page, signed in', 50, 200, get(page, member.headers));
  await run(`gallery, page ${DEEP_PAGES + 1}`, 50, 200, get(`${page}?after=${deep}`));
  await run('next question', 20, 200, get(`${page}/review`, member.headers));
  await run('answers', 50, 303, answersOf(members, open, project));
  const both = { url, seconds };
  const mixed = await Promise.all([
    evenLoad({ ...both, name: 'project page beside answers', rate: 10, status: 200, next: get(page) }),
    evenLoad({
      ...both,
      name: 'answers beside project pages',
      rate: 10,
      status: 303,
      next: answersOf(members, open.toReversed(), project),
    }),
  ]);
  for (const result of mixed) row(result);

  async function deepPlace(): Promise<string> {
    let place: string | null = null;
    for (let i = 0; i < DEEP_PAGES; i++) {
      const after: { after?: string } = place ? { after: place } : {};
      place = (await projectFaces(store, project.id, { perPage: 24, ...after })).next ?? place;
    }
    return place ?? '';
  }
}

async function startSiteProcess(database: string): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(join(import.meta.dirname, 'load-site.ts'), [database], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', () => reject(new Error('the site ended before it was ready')));
  });
  return { url, child };
}

function row({ name, sent, perSecond, failed, p50, p95, p99, most }: LoadResult): void {
  const ms = [p50, p95, p99, most].map((value) => value.toFixed(1).padEnd(7)).join('');
  const [average = ''] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  const counts = [sent, perSecond.toFixed(1), failed].map((value) => String(value).padEnd(6)).join('');
  print(`${name.padEnd(34)}  ${counts}  ${ms}${average}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
