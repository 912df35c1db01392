import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import type { ProjectState } from '../store/schema.ts';
import type { Trx } from '../store/store.ts';
import type { ChannelDeps } from './channels.ts';
import { enterProject } from './members.ts';

/**
 * Pauses a project, goes on with it, or says that the work is done. Open questions stay where they are; nothing new
 * is asked meanwhile. Of a completed project embeddings are kept for 90 days more (SECURITY.md, S19).
 * @throws VisavisError `forbidden`, `conflict` (about living people, and nobody has acknowledged the rules)
 */
export async function setProjectState(
  { store, clock, nudges }: ChannelDeps,
  args: {
    projectId: number;
    accountId: number;
    state: Exclude<ProjectState, 'deleted'>;
    /** The owner has read the rules for photographs of identifiable people. */
    acknowledges?: boolean;
  },
): Promise<void> {
  await store.transaction(async (trx) => {
    const project = await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    const now = clock.now();
    const acknowledged = project.acknowledged_at !== null || args.acknowledges === true;
    if (args.state === 'active' && !acknowledged && (await hasLiving(trx, args.projectId))) {
      throw refusal('acknowledge-first');
    }
    await trx
      .updateTable('projects')
      .set({
        state: args.state,
        completed_at: args.state === 'completed' ? (project.completed_at ?? now) : null,
        ...(args.acknowledges && project.acknowledged_at === null
          ? { acknowledged_by: args.accountId, acknowledged_at: now }
          : {}),
      })
      .where('id', '=', args.projectId)
      .execute();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: `project ${args.state}`,
      subject: `project ${args.projectId}`,
      ...(args.acknowledges ? { detail: { acknowledges: true } } : {}),
    });
  });
  nudges.nudge('work');
  nudges.nudge('posts');
  nudges.nudge(`project:${args.projectId}`);
}

/**
 * Deletes a project: from now on nobody sees it, its channels are free, its posts leave the chats, and then its rows
 * go (`privacy/purge.ts`). What stays: the ledger of what was written to the wiki, the audit log, and how many
 * answers each account gave.
 * @throws VisavisError `forbidden`, `conflict` while a run is under way
 */
export async function deleteProject(
  { store, clock, nudges }: ChannelDeps,
  args: { projectId: number; accountId: number },
): Promise<void> {
  await store.transaction(async (trx) => {
    await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    const run = await trx
      .selectFrom('runs')
      .select('id')
      .where('project_id', '=', args.projectId)
      .where('state', 'in', ['waiting', 'working', 'paused'])
      .executeTakeFirst();
    if (run) throw refusal('run-stop-first', [run.id]);
    const now = clock.now();
    await trx
      .updateTable('projects')
      .set({ state: 'deleted', deleted_at: now })
      .where('id', '=', args.projectId)
      .execute();
    await trx.updateTable('questions').set({ erase: 1 }).where('project_id', '=', args.projectId).execute();
    await trx
      .updateTable('channels')
      .set({ project_id: null })
      .where('project_id', '=', args.projectId)
      .execute();
    await trx.deleteFrom('suggestions').where('project_id', '=', args.projectId).execute();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'project deleted',
      subject: `project ${args.projectId}`,
    });
  });
  nudges.nudge('work');
  nudges.nudge('posts');
  nudges.nudge(`project:${args.projectId}`);
}

async function hasLiving(trx: Trx, projectId: number): Promise<boolean> {
  const row = await trx
    .selectFrom('project_persons')
    .select('person')
    .where('project_id', '=', projectId)
    .where('living', '=', 1)
    .executeTakeFirst();
  return row !== undefined;
}
