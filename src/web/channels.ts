import { botName } from '../core/projects/bot-names.ts';
import {
  type ChannelSettings,
  mayBeBlind,
  SETTINGS_COLUMNS,
  settingsOf,
} from '../core/projects/channel-settings.ts';
import { parseQuietHours, showQuietHours } from '../core/projects/quiet-hours.ts';
import type { Store } from '../core/store/store.ts';
import type { WebContext } from './context.ts';
import type { WebDeps } from './deps.ts';
import { field, ticked, toNumber } from './form.ts';

/** A channel of a project, as the settings page lists it. */
export interface ListedChannel {
  readonly id: number;
  readonly platform: string;
  readonly name: string;
  readonly externalId: string;
  readonly forDisputes: boolean;
  /** Blind mode can be chosen. */
  readonly mayBeBlind: boolean;
  readonly settings: ChannelSettings;
}

export async function projectChannels(store: Store, projectId: number): Promise<ListedChannel[]> {
  const rows = await store.db
    .selectFrom('channels')
    .select(['id', 'platform', 'name', 'external_id', 'for_disputes'])
    .select(SETTINGS_COLUMNS)
    .where('project_id', '=', projectId)
    .orderBy('platform')
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    platform: row.platform,
    name: row.name,
    externalId: row.external_id,
    forDisputes: row.for_disputes === 1,
    mayBeBlind: mayBeBlind(row.platform),
    settings: settingsOf(row),
  }));
}

/** What the form of a channel holds, as it was typed. There are several forms on the page: names end in the id. */
export interface ChannelForm {
  readonly language: string;
  readonly maxOpen: string;
  readonly pace: string;
  readonly quiet: string;
  readonly timeZone: string;
  readonly blind: boolean;
}

export function channelForm({ settings }: ListedChannel): ChannelForm {
  const { language, maxOpen, pace, quiet, timeZone, blind } = settings;
  return {
    language: language ?? '',
    maxOpen: String(maxOpen),
    pace: pace === null ? '' : String(pace),
    quiet: quiet === null ? '' : showQuietHours(quiet),
    timeZone,
    blind,
  };
}

export function readChannelForm(ctx: WebContext, id: number): ChannelForm {
  const text = (name: string) => field(ctx, `${name}-${id}`).trim();
  return {
    language: text('language'),
    maxOpen: text('maxOpen'),
    pace: text('pace'),
    quiet: text('quiet'),
    timeZone: text('timeZone'),
    blind: ticked(ctx, `blind-${id}`),
  };
}

/** @returns null where the quiet hours cannot be read; the core says what is wrong with the rest */
export function settingsFrom(form: ChannelForm): ChannelSettings | null {
  const quiet = form.quiet === '' ? null : parseQuietHours(form.quiet);
  if (quiet === null && form.quiet !== '') return null;
  return {
    language: form.language === '' ? null : form.language,
    maxOpen: toNumber(form.maxOpen),
    pace: form.pace === '' ? null : toNumber(form.pace),
    quiet,
    timeZone: form.timeZone,
    blind: form.blind,
  };
}

/** How people bring the bot into their chats; null where there is none. */
export interface Invites {
  /** An address. */
  readonly discord: string | null;
  /** The bot's user id. */
  readonly matrix: string | null;
}

export async function botInvites({ store, chats }: WebDeps): Promise<Invites> {
  return {
    discord: chats?.discord ?? null,
    matrix: chats?.matrix ? await botName(store, 'matrix') : null,
  };
}
