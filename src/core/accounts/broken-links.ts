import type { Clock } from '../platform/clock.ts';
import type { Store } from '../store/store.ts';

/** Whether the person has to sign in again before anything can be done in their name. */
export async function isLinkBroken(store: Store, accountId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('account_tokens')
    .select('broken_at')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row !== undefined && row.broken_at !== null;
}

export interface BrokenLink {
  readonly externalId: string;
  readonly username: string;
  readonly language: string | null;
}

/** Chat users whose account's link broke and who have not been told; each is given out once for each break. */
export async function takeBrokenLinks(
  { store, clock }: { store: Store; clock: Clock },
  platform: string,
): Promise<BrokenLink[]> {
  const rows = await store.db
    .selectFrom('identities')
    .innerJoin('account_tokens', 'account_tokens.account_id', 'identities.account_id')
    .innerJoin('account_profiles', 'account_profiles.account_id', 'identities.account_id')
    .select([
      'identities.id',
      'identities.external_id',
      'account_profiles.username',
      'account_profiles.language',
      'account_tokens.broken_at',
    ])
    .where('identities.platform', '=', platform)
    .where('account_tokens.broken_at', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('identities.broken_told_at', 'is', null),
        eb('identities.broken_told_at', '<', eb.ref('account_tokens.broken_at')),
      ]),
    )
    .execute();
  const taken: BrokenLink[] = [];
  for (const { id, external_id, username, language, broken_at } of rows) {
    const brokenAt = broken_at ?? 0;
    const result = await store.db
      .updateTable('identities')
      .set({ broken_told_at: Math.max(clock.now(), brokenAt) })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('broken_told_at', 'is', null), eb('broken_told_at', '<', brokenAt)]))
      .executeTakeFirst();
    if (result.numUpdatedRows > 0n) taken.push({ externalId: external_id, username, language });
  }
  return taken;
}
