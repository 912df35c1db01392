import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { type Db, forUpdate, type Store } from '../store/store.ts';
import { settingsColumns, settingsOf } from './channel-settings.ts';
import type { ChannelDeps } from './channels.ts';
import { assertMember } from './members.ts';

/** A bound channel that another one replaces, before an owner has said yes. */
export interface MovedChannel {
  readonly id: number;
  /** The platform's ids. */
  readonly externalId: string;
  readonly movedTo: string;
  readonly name: string;
  readonly projectId: number;
  /** Of the project. */
  readonly title: string;
  /** What the bot speaks there. */
  readonly language: string;
}

/**
 * Keeps in mind that a channel was replaced by another one.
 * @returns null when it is bound to nothing
 */
export async function noteMoved(
  { db }: Store,
  args: { platform: string; externalId: string; movedTo: string },
): Promise<MovedChannel | null> {
  await db
    .updateTable('channels')
    .set({ moved_to: args.movedTo.slice(0, 255) })
    .where('platform', '=', args.platform)
    .where('external_id', '=', args.externalId)
    .where('project_id', 'is not', null)
    .execute();
  const rows = await moved(db, args.platform).where('external_id', '=', args.externalId).execute();
  return rows.map(readRow)[0] ?? null;
}

/** Those whose projects this account owns. */
export async function movedChannelsOf(
  { db }: Store,
  platform: string,
  accountId: number,
): Promise<MovedChannel[]> {
  const rows = await moved(db, platform)
    .innerJoin('project_members', 'project_members.project_id', 'projects.id')
    .where('project_members.account_id', '=', accountId)
    .where('project_members.role', '=', 'owner')
    .where('project_members.status', '=', 'active')
    .orderBy('channels.id')
    .execute();
  return rows.map(readRow);
}

/**
 * An owner says yes: the channel that replaces this one is bound to the project with the same settings, and runs are
 * reported there. The old one is unbound, so its questions are released (`review/moving.ts`).
 * @param args.name of the new channel
 * @throws VisavisError `forbidden`, `not_found`: it did not move, or somebody else was quicker
 */
export async function followChannel(
  { store, clock, nudges }: ChannelDeps,
  args: { channelId: number; name: string; accountId: number },
): Promise<void> {
  const { channelId, accountId } = args;
  await store.transaction(async (trx) => {
    const old = await forUpdate(
      store,
      trx.selectFrom('channels').selectAll().where('id', '=', channelId),
    ).executeTakeFirst();
    if (!old?.project_id || old.moved_to === null) throw refusal('channel-not-moved');
    const projectId = old.project_id;
    await assertMember(store, trx, projectId, accountId, 'owner');
    const values = {
      name: args.name.slice(0, 255),
      project_id: projectId,
      bound_by: accountId,
      bound_at: clock.now(),
      for_disputes: old.for_disputes,
      moved_to: null,
      max_open: old.max_open,
      ...settingsColumns(settingsOf(old)),
    };
    const key = { platform: old.platform, external_id: old.moved_to };
    const insert = trx.insertInto('channels').values({ ...values, ...key });
    await (store.kind === 'mariadb'
      ? insert.onDuplicateKeyUpdate(values)
      : insert.onConflict((conflict) => conflict.columns(['platform', 'external_id']).doUpdateSet(values))
    ).execute();
    const { id } = await trx
      .selectFrom('channels')
      .select('id')
      .where('platform', '=', key.platform)
      .where('external_id', '=', key.external_id)
      .executeTakeFirstOrThrow();
    await trx
      .updateTable('channels')
      .set({ project_id: null, moved_to: null })
      .where('id', '=', channelId)
      .execute();
    await trx.updateTable('runs').set({ channel_id: id }).where('channel_id', '=', channelId).execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'channel followed',
      subject: `project ${projectId}`,
      detail: { platform: old.platform, from: old.external_id, to: old.moved_to },
    });
  });
  nudges.nudge('posts');
}

function moved(db: Db, platform: string) {
  return db
    .selectFrom('channels')
    .innerJoin('projects', 'projects.id', 'channels.project_id')
    .select([
      'channels.id',
      'channels.external_id',
      'channels.moved_to',
      'channels.name',
      'channels.language',
    ])
    .select(['projects.id as project', 'projects.title', 'projects.language as project_language'])
    .where('channels.platform', '=', platform)
    .where('channels.moved_to', 'is not', null)
    .where('projects.state', '!=', 'deleted');
}

function readRow(row: {
  id: number;
  external_id: string;
  moved_to: string | null;
  name: string;
  project: number;
  title: string;
  language: string | null;
  project_language: string;
}): MovedChannel {
  return {
    id: row.id,
    externalId: row.external_id,
    movedTo: row.moved_to ?? '',
    name: row.name,
    projectId: row.project,
    title: row.title,
    language: row.language ?? row.project_language,
  };
}
