import { setTimeout as sleep } from 'node:timers/promises';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { VisavisError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { isAway, isConflict, isTooLong, isTooMany } from './troubles.ts';

/** So long somebody waits for a connection that the server does not give. */
const TOO_MANY_WAIT_MS = 15_000;
/** A single statement that lost a dead-lock is sent again so often. */
const ATTEMPTS = 5;
/** A broken connection is often the first sign of a server that restarts, and then there is none for a while. */
export const AGAIN_AFTER_MS: readonly number[] = [50, 500, 1_500];

/**
 * Four changes to Kysely's driver for MariaDB.
 *
 * mysql2's pool forgets those who wait in its own queue when a connection cannot be made: they would hang until
 * somebody else gets one. So at most as many as there are connections ask it at a time; the others wait here, and
 * each asks for itself.
 *
 * A server that has no connection to give (ToolsDB allows 20 to a user) is asked again for a while.
 *
 * A statement outside a transaction that loses a dead-lock, or waits too long for a lock, was undone as a whole: it is
 * sent again.
 *
 * A query outside a transaction whose connection breaks is sent again on another one, because reading twice changes
 * nothing. Whether a statement that writes was carried out nobody knows then: whoever sent it is told.
 */
export function patientDriver(
  driver: Driver,
  { connections, log }: { readonly connections: number; readonly log?: Log | undefined },
): Driver {
  const gate = createGate(connections);
  const acquire = async (...args: Parameters<Driver['acquireConnection']>) => {
    await gate.enter();
    try {
      const connection = await whenNotTooMany(() => driver.acquireConnection(...args), log);
      return new PatientConnection(connection, another);
    } catch (error) {
      gate.leave();
      throw inWords(error);
    }
  };
  /** In the place of a broken one: the pool throws that away. */
  const another: Another = async (broken) => {
    if (broken) await driver.releaseConnection(broken);
    return driver.acquireConnection();
  };
  return new Proxy(driver, {
    get(target, name) {
      if (name === 'acquireConnection') return acquire;
      if (name === 'releaseConnection') {
        return async (connection: PatientConnection) => {
          try {
            if (connection.raw) await target.releaseConnection(connection.raw);
          } finally {
            gate.leave();
          }
        };
      }
      if (name === 'beginTransaction') {
        return (connection: PatientConnection, ...more: [Parameters<Driver['beginTransaction']>[1]]) => {
          connection.isBound = true;
          return target.beginTransaction(connection, ...more);
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

class PatientConnection implements DatabaseConnection {
  /** null: it broke, and there is no other one. */
  raw: DatabaseConnection | null;
  /** Something counts that was done on this very connection: it is in a transaction, or holds a lock of the server's. */
  isBound = false;
  private readonly another: Another;

  constructor(raw: DatabaseConnection, another: Another) {
    this.raw = raw;
    this.another = another;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (/\bget_lock\(/.test(query.sql)) this.isBound = true;
    let lost = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.use().executeQuery<R>(query);
      } catch (error) {
        if (this.isBound) throw isConflict(error) ? error : inWords(error);
        if (isAway(error) && isRead(query)) await this.renew(error, AGAIN_AFTER_MS[lost++]);
        else if (isConflict(error) && attempt < ATTEMPTS) await sleep(aFew(attempt));
        else throw inWords(error);
      }
    }
  }

  streamQuery<R>(...args: Parameters<DatabaseConnection['streamQuery']>) {
    return this.use().streamQuery<R>(...args);
  }

  private use(): DatabaseConnection {
    if (this.raw) return this.raw;
    throw Object.assign(new Error('the connection is gone'), { fatal: true });
  }

  /** @param pause before the next attempt; undefined: there were enough */
  private async renew(error: unknown, pause: number | undefined): Promise<void> {
    if (pause === undefined) throw inWords(error);
    await sleep(pause);
    const broken = this.raw;
    this.raw = null;
    // Where there is none to be had, the next attempt says so.
    this.raw = await this.another(broken).catch(() => null);
  }
}

type Another = (broken: DatabaseConnection | null) => Promise<DatabaseConnection>;

/** What Kysely has built as a query; it may lock rows, which outside a transaction means nothing. */
function isRead({ query }: CompiledQuery): boolean {
  return query.kind === 'SelectQueryNode';
}

/** Milliseconds: those who were in each other's way come back at different times. */
export function aFew(attempt: number): number {
  return Math.random() * 20 * 2 ** Math.min(attempt, 5);
}

/** An outage is told as one, as is what others keep from being done; what is wrong with a query stays what it is. */
export function inWords(error: unknown): unknown {
  if (isTooMany(error))
    return new VisavisError(
      'database',
      'The database lets in no more connections: run fewer processes, or give each fewer with VISAVIS_DATABASE_CONNECTIONS.',
      { cause: error, details: { retryAfter: 10 } },
    );
  if (isConflict(error))
    return new VisavisError(
      'database',
      'The database is busy: others keep what is to be changed. Nothing was changed. Try again in a minute.',
      { cause: error, details: { retryAfter: 10 } },
    );
  if (isTooLong(error))
    return new VisavisError(
      'database',
      'The database broke off a statement that took too long. Nothing was changed. If that happens again, look for “slow query” in the log, and raise VISAVIS_STATEMENT_SECONDS.',
      { cause: error },
    );
  if (!isAway(error)) return error;
  const { code = 'lost' } = error as { code?: string };
  return new VisavisError(
    'database',
    `The database cannot be reached at the moment (${code}). Try again in a minute.`,
    { cause: error, details: { retryAfter: 30 } },
  );
}

async function whenNotTooMany<T>(get: () => Promise<T>, log?: Log): Promise<T> {
  const until = performance.now() + TOO_MANY_WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await get();
    } catch (error) {
      if (!isTooMany(error) || performance.now() >= until) throw error;
      if (attempt === 1) log?.warn({}, 'the database lets in no more connections; waiting for one');
      await sleep(Math.min(1_000, 50 * 2 ** attempt) * (0.5 + Math.random()));
    }
  }
}

/** Lets in so many at a time, the others in the order in which they came. */
function createGate(places: number): { enter(): Promise<void>; leave(): void } {
  const waiting: (() => void)[] = [];
  let free = places;
  return {
    async enter() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    leave() {
      // Whoever leaves hands its place over.
      const next = waiting.shift();
      if (next) next();
      else free++;
    },
  };
}
