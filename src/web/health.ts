import type { Health, WebDeps } from './deps.ts';

/** How this process does, its database included. Never throws. */
export async function healthNow(deps: Pick<WebDeps, 'store' | 'log' | 'health'>): Promise<Health> {
  const database = await databaseAnswers(deps);
  const more = await others(deps);
  return {
    ok: database && more.ok,
    degraded: more.degraded,
    parts: { database: database ? 'ok' : 'away', ...more.parts },
  };
}

export async function databaseAnswers({ store, log }: Pick<WebDeps, 'store' | 'log'>): Promise<boolean> {
  try {
    await store.db.selectFrom('settings').select('name').limit(1).execute();
    return true;
  } catch (error) {
    log.error({ err: error }, 'the database does not answer');
    return false;
  }
}

async function others(deps: Pick<WebDeps, 'log' | 'health'>): Promise<Health> {
  try {
    return (await deps.health?.()) ?? { ok: true, degraded: false, parts: {} };
  } catch (error) {
    deps.log.error({ err: error }, 'the health of the other parts is not known');
    return { ok: false, degraded: true, parts: { others: 'unknown' } };
  }
}
