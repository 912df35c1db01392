import { audit } from '../platform/audit.ts';
import { assertMember } from '../projects/members.ts';
import type { Store } from '../store/store.ts';
import type { RunDeps } from './runs.ts';

/** Whether statements of the project say where in the picture the person is (P2677). For owners. */
export async function setWriteBoxes(
  { store, clock }: Pick<RunDeps, 'store' | 'clock'>,
  args: { projectId: number; accountId: number; on: boolean },
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertMember(store, trx, args.projectId, args.accountId, 'owner');
    await trx
      .updateTable('projects')
      .set({ write_boxes: args.on ? 1 : 0 })
      .where('id', '=', args.projectId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'positions in statements set',
      subject: `project ${args.projectId}`,
      detail: { on: args.on },
    });
  });
}

/** Whether a statement about this face is on the wiki that may say where in the picture the person is. */
export async function isBoxWritten(store: Store, projectId: number, faceId: number): Promise<boolean> {
  if (!(await writesBoxes(store, projectId))) return false;
  const claim = await store.db
    .selectFrom('sdc_claims')
    .select('id')
    .where('face_id', '=', faceId)
    .where('state', '=', 'written')
    .limit(1)
    .executeTakeFirst();
  return claim !== undefined;
}

export async function writesBoxes(store: Store, projectId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('projects')
    .select('write_boxes')
    .where('id', '=', projectId)
    .executeTakeFirst();
  return row?.write_boxes === 1;
}
