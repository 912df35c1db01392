import type { Store } from '../store/store.ts';
import { knownCentralUser } from './central-id.ts';
import { readEntries } from './entries.ts';
import { passkeysOf } from './passkeys.ts';
import { pendingActs } from './pending.ts';

/** For the person's own copy of everything that is kept. Times are ISO 8601, UTC. No keys. */
export interface ExportedSources {
  readonly origins: readonly Record<string, unknown>[];
  readonly waiting: readonly Record<string, unknown>[];
  readonly passkeys: readonly Record<string, unknown>[];
  readonly blocked: readonly Record<string, unknown>[];
  readonly notices: readonly Record<string, unknown>[];
}

export async function exportSources(store: Store, accountId: number): Promise<ExportedSources> {
  const user = await knownCentralUser(store.db, accountId);
  const passkeys = await passkeysOf(store, accountId);
  const notices = await store.db
    .selectFrom('account_notices')
    .select(['kind', 'subject', 'at'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return {
    origins: user === null ? [] : await origins(store, user),
    waiting:
      user === null
        ? []
        : (await pendingActs(store.db, user)).map(({ act, effectiveAt }) => ({
            ...act,
            at: iso(effectiveAt),
          })),
    passkeys: passkeys.map(({ name, createdAt, usedAt }) => ({
      name,
      addedAt: iso(createdAt),
      usedAt: usedAt === null ? null : iso(usedAt),
    })),
    blocked:
      user === null
        ? []
        : await store.db
            .selectFrom('csp_own_violations')
            .select(['origin', 'directive', 'day'])
            .where('csp_user', '=', user)
            .execute(),
    notices: notices.map(({ kind, subject, at }) => ({ kind, subject, at: iso(at) })),
  };
}

async function origins(store: Store, user: number) {
  return (await readEntries(store.db, user)).map((entry) => ({
    origin: entry.value,
    note: entry.note,
    addedAt: iso(entry.addedAt),
    expiresAt: entry.expiresAt === null ? null : iso(entry.expiresAt),
    paused: entry.paused,
    approvedBy: entry.assurance,
    lastSentOn: entry.sentOn,
  }));
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
