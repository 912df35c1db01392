import { setTimeout as sleep } from 'node:timers/promises';
import type { Health, WebDeps } from './deps.ts';

/** How this process does, its database included. Never throws. */
export async function healthNow(deps: Pick<WebDeps, 'store' | 'log' | 'health'>): Promise<Health> {
  const database = await databaseAnswers(deps);
  const more = await others(deps, database);
  return {
    ok: database && more.ok,
    degraded: more.degraded,
    parts: { database: database ? 'ok' : 'away', ...more.parts },
  };
}

/** Whoever asks how we do wants to know soon: a database that hangs is away. */
const ANSWER_MS = 3_000;

export async function databaseAnswers({ store, log }: Pick<WebDeps, 'store' | 'log'>): Promise<boolean> {
  const asked = store.db.selectFrom('settings').select('name').limit(1).execute();
  const late = new AbortController();
  try {
    await Promise.race([asked, noAnswer(late.signal)]);
    return true;
  } catch (error) {
    log.error({ err: error }, 'the database does not answer');
    return false;
  } finally {
    late.abort();
    asked.catch(() => {});
  }
}

async function noAnswer(signal: AbortSignal): Promise<never> {
  await sleep(ANSWER_MS, undefined, { signal });
  throw new Error(`no answer in ${ANSWER_MS / 1000} s`);
}

async function others(deps: Pick<WebDeps, 'log' | 'health'>, database: boolean): Promise<Health> {
  try {
    return (await deps.health?.(database)) ?? { ok: true, degraded: false, parts: {} };
  } catch (error) {
    deps.log.error({ err: error }, 'the health of the other parts is not known');
    return { ok: false, degraded: true, parts: { others: 'unknown' } };
  }
}
