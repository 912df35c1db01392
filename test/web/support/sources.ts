import type { Store } from '../../../src/core/store/store.ts';

/** The account of somebody who has signed in, with the central id. */
export async function accountNamed(store: Store, username: string): Promise<{ id: number; user: number }> {
  const row = await store.db
    .selectFrom('account_profiles')
    .select(['account_id', 'central_id'])
    .where('username', '=', username)
    .executeTakeFirstOrThrow();
  return { id: row.account_id, user: Number(row.central_id) };
}

/** An origin on somebody's list, as after a confirmation. @param user central id */
export async function addSource(store: Store, user: number, origin: string): Promise<void> {
  const entry = { csp_user: user, csp_domain: Buffer.from(origin) };
  await store.db
    .insertInto('csp_sources')
    .values({ ...entry, csp_timestamp: Buffer.from('20260101000000') })
    .execute();
  await store.db
    .insertInto('csp_source_details')
    .values({
      ...entry,
      note: '',
      assurance: 'passkey',
      approved_at: 0,
      expires_at: Date.now() + 24 * 60 * 60_000,
      sent_on: null,
    })
    .execute();
}
