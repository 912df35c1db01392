import { assertAdminRight } from '../accounts/admins.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { READ_ONLY, type ReadOnlyState, readState } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import type { Store } from '../store/store.ts';

const LONGEST_REASON = 500;

/**
 * Turns the read-only switch for emergencies. While it is on nobody writes anything, workers hold everything (runs
 * wait with their claims as they stand, detection and crawls too, so that the database is still), and the bots ask
 * nothing. Turned off, everything goes on where it stopped. Each process sees it within a second or so.
 * @throws VisavisError `forbidden`, `bad_input`
 */
export async function setReadOnly(
  { store, clock, nudges }: { readonly store: Store; readonly clock: Clock; readonly nudges: Nudges },
  args: { accountId: number; on: boolean; reason?: string },
): Promise<void> {
  const reason = (args.reason ?? '').trim();
  if (reason.length > LONGEST_REASON) throw refusal('reason-too-long', [LONGEST_REASON]);
  await store.transaction(async (trx) => {
    await assertAdminRight(trx, args.accountId);
    const was = await readState(trx);
    if ((was !== null) === args.on) return;
    const now = clock.now();
    if (args.on) {
      const state: ReadOnlyState = { since: now, reason };
      await trx
        .insertInto('settings')
        .values({ name: READ_ONLY, value: JSON.stringify(state) })
        .execute();
    } else await trx.deleteFrom('settings').where('name', '=', READ_ONLY).execute();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: args.on ? 'read-only on' : 'read-only off',
      subject: 'site',
      ...(args.on ? { detail: { reason } } : {}),
    });
  });
  nudges.nudge('work');
  nudges.nudge('posts');
}
