import { setTimeout as sleep } from 'node:timers/promises';
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { VisavisError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { isAway, isConflict, isTooMany } from './troubles.ts';

/** So long somebody waits for a connection that the server does not give. */
const TOO_MANY_WAIT_MS = 15_000;
/** A single statement that lost a dead-lock is sent again so often. */
const ATTEMPTS = 5;

/**
 * Three changes to Kysely's driver for MariaDB.
 *
 * mysql2's pool forgets those who wait in its own queue when a connection cannot be made: they would hang until
 * somebody else gets one. So at most as many as there are connections ask it at a time; the others wait here, and
 * each asks for itself.
 *
 * A server that has no connection to give (ToolsDB allows 20 to a user) is asked again for a while.
 *
 * A statement outside a transaction that loses a dead-lock was undone as a whole: it is sent again.
 */
export function patientDriver(
  driver: Driver,
  { connections, log }: { readonly connections: number; readonly log?: Log | undefined },
): Driver {
  const gate = createGate(connections);
  const wrapped = new WeakMap<DatabaseConnection, PatientConnection>();
  const acquire = async (...args: Parameters<Driver['acquireConnection']>) => {
    await gate.enter();
    try {
      const connection = await whenNotTooMany(() => driver.acquireConnection(...args), log);
      const known = wrapped.get(connection) ?? new PatientConnection(connection);
      wrapped.set(connection, known);
      return known;
    } catch (error) {
      gate.leave();
      throw inWords(error);
    }
  };
  return new Proxy(driver, {
    get(target, name) {
      if (name === 'acquireConnection') return acquire;
      if (name === 'releaseConnection') {
        return async (connection: PatientConnection) => {
          try {
            connection.inTransaction = false;
            await target.releaseConnection(connection.raw);
          } finally {
            gate.leave();
          }
        };
      }
      if (name === 'beginTransaction') {
        return (connection: PatientConnection, ...more: [Parameters<Driver['beginTransaction']>[1]]) => {
          connection.inTransaction = true;
          return target.beginTransaction(connection, ...more);
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

class PatientConnection implements DatabaseConnection {
  readonly raw: DatabaseConnection;
  /** Until it is given back: what fails then fails the whole transaction. */
  inTransaction = false;

  constructor(raw: DatabaseConnection) {
    this.raw = raw;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.raw.executeQuery<R>(query);
      } catch (error) {
        if (this.inTransaction || attempt >= ATTEMPTS || !isConflict(error)) throw inWords(error);
        await sleep(aFew(attempt));
      }
    }
  }

  streamQuery<R>(...args: Parameters<DatabaseConnection['streamQuery']>) {
    return this.raw.streamQuery<R>(...args);
  }
}

/** Milliseconds: those who were in each other's way come back at different times. */
export function aFew(attempt: number): number {
  return Math.random() * 20 * 2 ** Math.min(attempt, 5);
}

/** An outage is told as one; what is wrong with a query stays what it is. */
function inWords(error: unknown): unknown {
  if (isTooMany(error))
    return new VisavisError(
      'database',
      'The database lets in no more connections: run fewer processes, or give each fewer with VISAVIS_DATABASE_CONNECTIONS.',
      { cause: error, details: { retryAfter: 10 } },
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
