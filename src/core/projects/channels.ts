import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { type ChannelSettings, SETTINGS_COLUMNS, settingsColumns, settingsOf } from './channel-settings.ts';
import { assertMember, enterProject } from './members.ts';

export interface ChannelDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

/** Questions that wait for an answer in a channel at one time, unless its setup says otherwise. */
export const DEFAULT_MAX_OPEN = 3;

/**
 * Binds a channel to a project of which the account is an owner; a channel has one project at a time. Questions of
 * another project that wait there are released (`review/moving.ts`).
 * @param args.forDisputes only disputes are shown there, for the owners to decide
 * @param args.settings those that are not given stay as they are
 * @throws VisavisError `bad_input` in words for the person who asked, `forbidden`, `not_found`
 */
export async function bindChannel(deps: ChannelDeps, args: BindArgs): Promise<void> {
  const { store } = deps;
  await store.transaction(async (trx) => {
    // Held, so that none is bound to a project that is being deleted.
    await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    await bindIn(deps, trx, args);
  });
  deps.nudges.nudge('posts');
}

export interface BindArgs {
  readonly platform: string;
  readonly externalId: string;
  readonly name: string;
  readonly projectId: number;
  /** Who asks in the channel. */
  readonly accountId: number;
  readonly forDisputes?: boolean;
  readonly settings?: Partial<ChannelSettings>;
}

/**
 * For a transaction that holds the project and has looked at the rights.
 * @param detail for the audit log
 * @throws VisavisError `bad_input`
 */
export async function bindIn(
  { store, clock }: ChannelDeps,
  trx: Trx,
  args: BindArgs,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const settings = settingsColumns(args.settings ?? {}, args.platform);
  const values = {
    name: args.name.slice(0, 255),
    project_id: args.projectId,
    bound_by: args.accountId,
    bound_at: clock.now(),
    for_disputes: args.forDisputes ? (1 as const) : (0 as const),
    moved_to: null,
    ...settings,
  };
  const insert = trx.insertInto('channels').values({
    max_open: DEFAULT_MAX_OPEN,
    ...values,
    platform: args.platform,
    external_id: args.externalId,
  });
  await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate(values)
    : insert.onConflict((conflict) => conflict.columns(['platform', 'external_id']).doUpdateSet(values))
  ).execute();
  await audit(store, trx, {
    at: clock.now(),
    accountId: args.accountId,
    action: 'channel bound',
    subject: `project ${args.projectId}`,
    detail: { platform: args.platform, channel: args.externalId, ...settings, ...detail },
  });
}

/**
 * The channel belongs to no project any more; the questions that wait there are released.
 * @returns false when it was bound to nothing
 */
export async function unbindChannel(
  { store, clock, nudges }: ChannelDeps,
  args: { platform: string; externalId: string; accountId: number },
): Promise<boolean> {
  const was = await store.transaction(async (trx) => {
    const channel = await forUpdate(
      store,
      trx
        .selectFrom('channels')
        .selectAll()
        .where('platform', '=', args.platform)
        .where('external_id', '=', args.externalId),
    ).executeTakeFirst();
    if (!channel?.project_id) return false;
    await assertMember(store, trx, channel.project_id, args.accountId, 'owner');
    await trx.updateTable('channels').set({ project_id: null }).where('id', '=', channel.id).execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'channel unbound',
      subject: `project ${channel.project_id}`,
    });
    return true;
  });
  nudges.nudge('posts');
  return was;
}

export interface BoundChannel extends ChannelSettings {
  readonly id: number;
  readonly externalId: string;
  readonly projectId: number;
  /** Only disputes are shown here. */
  readonly forDisputes: boolean;
}

/** Channels of a platform that are bound to an active project. */
export async function boundChannels(store: Store, platform: string): Promise<BoundChannel[]> {
  const rows = await store.db
    .selectFrom('channels')
    .innerJoin('projects', 'projects.id', 'channels.project_id')
    .select(['channels.id', 'channels.external_id', 'channels.for_disputes'])
    .select(SETTINGS_COLUMNS)
    .select('projects.id as project')
    .where('channels.platform', '=', platform)
    .where('projects.state', '=', 'active')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    externalId: row.external_id,
    projectId: row.project,
    forDisputes: row.for_disputes === 1,
    ...settingsOf(row),
  }));
}

/** The channel's row id, its project and its settings, or null when it is bound to nothing. */
export async function channelByExternalId(
  store: Store,
  platform: string,
  externalId: string,
): Promise<{ id: number; projectId: number; settings: ChannelSettings } | null> {
  const row = await store.db
    .selectFrom('channels')
    .innerJoin('projects', 'projects.id', 'channels.project_id')
    .select(['channels.id', 'channels.project_id'])
    .select(SETTINGS_COLUMNS)
    .where('platform', '=', platform)
    .where('external_id', '=', externalId)
    .where('projects.state', '!=', 'deleted')
    .executeTakeFirst();
  return row?.project_id ? { id: row.id, projectId: row.project_id, settings: settingsOf(row) } : null;
}
