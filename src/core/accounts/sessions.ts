import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { isDuplicate, type Store, type Trx } from '../store/store.ts';

/** How long a browser stays signed in without coming back. */
export const SESSION_LIFETIME_MS = 30 * 24 * 60 * 60_000;

/** A sign-in that has begun: kept until the wiki sends the browser back, and used once. */
const pendingSignIn = z.object({ state: z.string(), codeVerifier: z.string(), next: z.string() });

const sessionData = z.object({
  accountId: z.number().int().positive().optional(),
  /** When the account signed in, in this session. */
  signedInAt: z.number().int().optional(),
  /** The CSRF token of this session's forms. */
  csrf: z.string().optional(),
  signIn: pendingSignIn.optional(),
  /** Who this browser is in the practice room; the name is empty until one is made. */
  room: z.object({ id: z.string(), name: z.string() }).optional(),
});
export type SessionData = z.infer<typeof sessionData>;

export interface Sessions {
  /** null for a session that never was, has run out or was ended. */
  read(id: string): Promise<SessionData | null>;
  /** Begins a session. */
  create(id: string, data: SessionData): Promise<void>;
  /** Keeps what changed. A session that was ended meanwhile stays ended. */
  update(id: string, data: SessionData): Promise<void>;
  end(id: string): Promise<void>;
  /** Signs the account out everywhere. */
  endAll(accountId: number): Promise<void>;
  /** Deletes what has run out. */
  prune(): Promise<void>;
}

/** Sessions in the database. Only hashes of their ids are kept, so a copy of the table opens no session. */
export function createSessions({ store, clock }: { store: Store; clock: Clock }): Sessions {
  const row = (id: string) => ({ id_hash: hashId(id) });
  const values = (data: SessionData) => ({
    account_id: data.accountId ?? null,
    data: JSON.stringify(data),
    expires_at: clock.now() + SESSION_LIFETIME_MS,
  });

  return {
    async read(id) {
      const found = await store.db
        .selectFrom('sessions')
        .select(['data', 'expires_at'])
        .where('id_hash', '=', hashId(id))
        .executeTakeFirst();
      if (!found || found.expires_at <= clock.now()) return null;
      return readData(found.data);
    },

    async create(id, data) {
      try {
        await store.db
          .insertInto('sessions')
          .values({ ...row(id), ...values(data), created_at: clock.now() })
          .execute();
      } catch (error) {
        // Saved twice within one request.
        if (!isDuplicate(error)) throw error;
        await this.update(id, data);
      }
    },

    async update(id, data) {
      await store.db.updateTable('sessions').set(values(data)).where('id_hash', '=', hashId(id)).execute();
    },

    async end(id) {
      await store.db.deleteFrom('sessions').where('id_hash', '=', hashId(id)).execute();
    },

    async endAll(accountId) {
      await store.db.deleteFrom('sessions').where('account_id', '=', accountId).execute();
    },

    async prune() {
      await store.db.deleteFrom('sessions').where('expires_at', '<=', clock.now()).execute();
    },
  };
}

/**
 * Signs an account that is being forgotten out everywhere. A browser in the practice room keeps its place there,
 * without a name, so that it is told how the forgetting went.
 * @param roomUsers who the account was there
 */
export async function endForgottenSessions(
  trx: Trx,
  accountId: number,
  roomUsers: readonly string[],
): Promise<void> {
  for (const id of roomUsers) {
    const rows = await trx
      .selectFrom('sessions')
      .select(['id_hash', 'data'])
      .where('data', 'like', `%"${id}"%`)
      .execute();
    for (const row of rows) {
      const data = readData(row.data);
      if (data?.room?.id !== id) continue;
      const kept: SessionData = { ...(data.csrf ? { csrf: data.csrf } : {}), room: { id, name: '' } };
      await trx
        .updateTable('sessions')
        .set({ account_id: null, data: JSON.stringify(kept) })
        .where('id_hash', '=', row.id_hash)
        .execute();
    }
  }
  await trx.deleteFrom('sessions').where('account_id', '=', accountId).execute();
}

function readData(text: string): SessionData | null {
  try {
    const parsed = sessionData.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function hashId(id: string): Uint8Array {
  return createHash('sha256').update(id).digest();
}
