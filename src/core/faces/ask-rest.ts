import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertMember } from '../projects/members.ts';
import type { Store } from '../store/store.ts';

/**
 * An owner wants every face asked about, although nothing near an example is left.
 * @throws VisavisError `forbidden` for everybody else
 */
export async function askTheRest(
  { store, clock, nudges }: { store: Store; clock: Clock; nudges: Nudges },
  { projectId, accountId }: { projectId: number; accountId: number },
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertMember(store, trx, projectId, accountId, 'owner');
    await trx
      .updateTable('project_persons')
      .set({ ask_rest: 1 })
      .where('project_id', '=', projectId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'asks the rest',
      subject: `project ${projectId}`,
    });
  });
  nudges.nudge('posts');
  nudges.nudge(`project:${projectId}`);
}
