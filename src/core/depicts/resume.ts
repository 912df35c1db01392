import type { Nudges } from '../platform/nudges.ts';
import type { Store } from '../store/store.ts';

/**
 * Lets every paused run of an account go on, after the person has signed in again. Their claims were left as they
 * stood, so nothing is written twice. A blocked account's runs stay where they are.
 * @returns how many
 */
export async function resumeRunsOf(
  { store, nudges }: { store: Store; nudges: Nudges },
  account: { id: number; blocked: boolean },
): Promise<number> {
  if (account.blocked) return 0;
  const result = await store.db
    .updateTable('runs')
    .set({ state: 'waiting', reason: null, retry_at: null })
    .where('account_id', '=', account.id)
    .where('state', '=', 'paused')
    .executeTakeFirst();
  const resumed = Number(result.numUpdatedRows);
  if (resumed > 0) {
    nudges.nudge('work');
    nudges.nudge('runs');
  }
  return resumed;
}
