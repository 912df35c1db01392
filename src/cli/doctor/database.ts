import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { sql } from 'kysely';
import { migrations } from '../../../migrations/index.ts';
import type { Config } from '../../config.ts';
import { firstBrokenAuditRow } from '../../core/platform/audit.ts';
import { describeError } from '../../core/platform/errors.ts';
import { isUnknownDatabase } from '../../core/store/create.ts';
import { pendingSteps } from '../../core/store/migrate.ts';
import { type DatabaseAddress, openStore, type Store } from '../../core/store/store.ts';
import { bad, type Finding, note, ok } from './report.ts';
import { processes, retention } from './running.ts';

const WHAT = 'database';
/** SKIP LOCKED came with this one. */
const OLDEST_MARIADB = [10, 6];

/** Version, schema, what this user may do there, and how many connections it may have. */
export async function checkDatabase(
  config: Pick<Config, 'database' | 'databaseConnections'>,
): Promise<Finding[]> {
  const { database } = config;
  if (!isThere(database)) return [ok(WHAT, 'SQLite in the data folder, made at the first start')];
  const store = openStore(database, { connections: 1 });
  try {
    const findings = [await version(store, database.kind === 'sqlite' ? database.path : null)];
    const pending = await pendingSteps(store, migrations);
    findings.push(
      pending.length === 0
        ? ok(WHAT, 'its tables are up to date')
        : note(
            WHAT,
            `${pending.length} steps behind; the next start or "visavis migrate" brings it up to date`,
          ),
      await mayChangeTables(store),
    );
    if (pending.length === 0)
      findings.push(await processes(store), await retention(store), await auditLog(store));
    if (store.kind === 'mariadb') findings.push(await connections(store, config.databaseConnections));
    return findings;
  } catch (error) {
    return [bad(WHAT, isUnknownDatabase(error) ? NO_SUCH : describeError(error).message)];
  } finally {
    await store.close().catch(() => {});
  }
}

const NO_SUCH =
  'the server has no database of this name; "visavis migrate" makes it, where the user may, else CREATE DATABASE by hand';

async function version(store: Store, path: string | null): Promise<Finding> {
  if (path !== null) {
    const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(store.db);
    return ok(WHAT, `SQLite ${rows[0]?.version ?? '?'}, ${path}; one machine only`);
  }
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(store.db);
  const text = rows[0]?.version ?? '';
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = OLDEST_MARIADB;
  if (!/mariadb/i.test(text))
    return bad(WHAT, `${text} is not MariaDB; ${OLDEST_MARIADB.join('.')} or newer is needed`);
  const old = major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
  return old
    ? bad(WHAT, `MariaDB ${text} is too old; ${OLDEST_MARIADB.join('.')} or newer is needed`)
    : ok(WHAT, `MariaDB ${text}`);
}

/** Tried out with a table of its own, because lists of grants do not tell of a read-only server. */
async function mayChangeTables(store: Store): Promise<Finding> {
  const name = `visavis_doctor_${randomBytes(4).toString('hex')}`;
  const table = sql.table(name);
  const steps: [string, ReturnType<typeof sql>][] = [
    ['CREATE', sql`create table ${table} (id integer not null primary key)`],
    ['ALTER', sql`alter table ${table} add column word varchar(10)`],
    ['INDEX', sql`create index ${sql.ref(`${name}_word`)} on ${table} (word)`],
    ['INSERT', sql`insert into ${table} (id, word) values (1, 'a')`],
    ['UPDATE', sql`update ${table} set word = 'b' where id = 1`],
    ['SELECT', sql`select id from ${table}`],
    ['DELETE', sql`delete from ${table} where id = 1`],
  ];
  const refused: string[] = [];
  let made = false;
  for (const [right, step] of steps) {
    try {
      await step.execute(store.db);
      made = true;
    } catch (error) {
      // Without the table nothing further can be tried.
      if (!made) return bad(WHAT, `tables cannot be made: ${describeError(error).message}`);
      refused.push(right);
    }
  }
  await sql`drop table ${table}`.execute(store.db).catch(() => refused.push('DROP'));
  return refused.length === 0
    ? ok(WHAT, 'may make, change and drop tables')
    : bad(WHAT, `this user lacks ${refused.join(', ')}; grant all privileges on the database`);
}

/** Each row covers the one before it; after a restore this says whether the log is whole. */
async function auditLog(store: Store): Promise<Finding> {
  const broken = await firstBrokenAuditRow(store);
  return broken === null
    ? ok('audit log', 'its chain is whole')
    : bad('audit log', `row ${broken} does not fit the one before it: something was changed or taken out`);
}

/** ToolsDB allows 20 for each user, over all processes. */
async function connections(store: Store, each: number): Promise<Finding> {
  const { rows } = await sql<{ server: number; user: number }>`
    select @@global.max_connections as server, @@session.max_user_connections as user`.execute(store.db);
  const { server = 0, user = 0 } = rows[0] ?? {};
  const allowed = user > 0 ? Math.min(user, server) : server;
  const processes = Math.floor(allowed / each);
  const text = `at most ${allowed} connections${user > 0 ? ' for this user' : ''}, ${each} for each process (VISAVIS_DATABASE_CONNECTIONS): room for ${processes} processes`;
  return processes < 4 ? note(WHAT, `${text}; web, bots and two workers need 4`) : ok(WHAT, text);
}

/** A file that is not there yet would be made by opening it. */
export function isThere(database: DatabaseAddress): boolean {
  if (database.kind === 'mariadb' || database.path === ':memory:') return true;
  return statSync(database.path, { throwIfNoEntry: false }) !== undefined;
}
