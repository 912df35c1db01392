import { migrations } from '../../migrations/index.ts';
import type { Config } from '../config.ts';
import { systemClock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import type { Metrics } from '../core/platform/metrics.ts';
import { migrate } from '../core/store/migrate.ts';
import { openStore, type Store } from '../core/store/store.ts';
import { isAway, isTooMany } from '../core/store/troubles.ts';

/** Machines start in any order: so long a process waits for the database before it gives up. */
const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

/**
 * The database with the schema of this version: one process changes it while the others wait.
 * @throws VisavisError `database`, `schema_too_new`
 */
export async function openDatabase(config: Config, log: Log, metrics: Metrics | null): Promise<Store> {
  const store = openStore(config.database, {
    connections: config.databaseConnections,
    slowQueryMs: config.slowQueryMs,
    statementSeconds: config.statementSeconds,
    log,
    ...(metrics ? { metrics } : {}),
  });
  const until = performance.now() + WAIT_MS;
  for (let said = false; ; said = true) {
    try {
      await migrate(store, migrations);
      return store;
    } catch (error) {
      if (!isOutage(error) || performance.now() >= until) {
        await store.close();
        throw error;
      }
      if (!said) log.warn({}, 'the database does not answer; waiting a minute for it');
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  }
}

/** Whether an outage is at the bottom of it: the errors above say what could not be done for it. */
function isOutage(error: unknown): boolean {
  if (isAway(error) || isTooMany(error)) return true;
  return error instanceof VisavisError && error.cause !== undefined && isOutage(error.cause);
}
