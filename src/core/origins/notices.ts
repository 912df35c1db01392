import type { NoticeKind } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';

export interface Notice {
  readonly id: number;
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly at: number;
}

/** Tells the person at the next visit, on every page until it was seen. */
export async function addNotice(
  trx: Trx,
  given: { accountId: number; kind: NoticeKind; subject: string; now: number },
): Promise<void> {
  await trx
    .insertInto('account_notices')
    .values({
      account_id: given.accountId,
      kind: given.kind,
      subject: given.subject,
      at: given.now,
      seen_at: null,
    })
    .execute();
}

/** What this person has not seen yet, the latest first. */
export async function noticesFor(store: Store, accountId: number): Promise<Notice[]> {
  return store.db
    .selectFrom('account_notices')
    .select(['id', 'kind', 'subject', 'at'])
    .where('account_id', '=', accountId)
    .where('seen_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(20)
    .execute();
}

/** The person saw one and put it away. */
export async function dismissNotice(
  { store }: { store: Store },
  args: { accountId: number; id: number; now: number },
): Promise<void> {
  await store.db
    .updateTable('account_notices')
    .set({ seen_at: args.now })
    .where('id', '=', args.id)
    .where('account_id', '=', args.accountId)
    .execute();
}
