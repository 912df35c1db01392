import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import type { ChannelsTable } from '../store/schema.ts';
import { forUpdate } from '../store/store.ts';
import type { ChannelDeps } from './channels.ts';
import { assertMember } from './members.ts';
import { type QuietHours, readTimeZone } from './quiet-hours.ts';

/** How the bot behaves in one channel. */
export interface ChannelSettings {
  /** BCP 47; null: the language of the project. */
  readonly language: string | null;
  /** Questions that may wait for an answer at one time, 1 to 20. */
  readonly maxOpen: number;
  /** New questions within any hour, 1 to 60; null: as many as there is room for. */
  readonly pace: number | null;
  /** No new question is shown then; answers are counted and posts edited all the same. */
  readonly quiet: QuietHours | null;
  /** IANA name; the quiet hours are meant there. */
  readonly timeZone: string;
  /** Votes by private buttons only. Holds for questions that are shown from then on. */
  readonly blind: boolean;
}

export const MOST_OPEN = 20;
export const FASTEST_PACE = 60;

/** Blind channels need buttons that nobody else sees being pressed; the other platforms have reactions alone. */
export function mayBeBlind(platform: string): boolean {
  return platform === 'discord';
}

/** @throws VisavisError `bad_input` in words for the form, `forbidden`, `not_found` */
export async function changeChannel(
  { store, clock, nudges }: ChannelDeps,
  args: { channelId: number; projectId: number; accountId: number; settings: ChannelSettings },
): Promise<void> {
  const { channelId, projectId, accountId } = args;
  await store.transaction(async (trx) => {
    const row = await forUpdate(
      store,
      trx.selectFrom('channels').selectAll().where('id', '=', channelId).where('project_id', '=', projectId),
    ).executeTakeFirst();
    if (!row) throw refusal('channel-not-bound');
    await assertMember(store, trx, projectId, accountId, 'owner');
    const before = settingsColumns(settingsOf(row));
    const after = settingsColumns(args.settings, row.platform);
    const changed = NAMES.filter((name) => before[name] !== after[name]);
    if (changed.length === 0) return;
    await trx.updateTable('channels').set(after).where('id', '=', channelId).execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'channel changed',
      subject: `project ${projectId}`,
      detail: {
        channel: row.external_id,
        ...Object.fromEntries(changed.map((name) => [name, [before[name] ?? null, after[name] ?? null]])),
      },
    });
  });
  nudges.nudge('posts');
}

type SettingsRow = Pick<ChannelsTable, 'max_open'> & {
  readonly language: string | null;
  readonly pace: number | null;
  readonly quiet_from: number | null;
  readonly quiet_to: number | null;
  readonly time_zone: string;
  readonly blind: 0 | 1;
};

const NAMES = ['language', 'max_open', 'pace', 'quiet_from', 'quiet_to', 'time_zone', 'blind'] as const;

/** The columns that `settingsOf` reads. */
export const SETTINGS_COLUMNS = NAMES.map((name) => `channels.${name}` as const);

export function settingsOf(row: SettingsRow): ChannelSettings {
  return {
    language: row.language,
    maxOpen: row.max_open,
    pace: row.pace,
    quiet:
      row.quiet_from === null || row.quiet_to === null ? null : { from: row.quiet_from, to: row.quiet_to },
    timeZone: row.time_zone,
    blind: row.blind === 1,
  };
}

/**
 * Settings as they are stored; those that are not given are left out.
 * @param platform when given, what it cannot do is refused
 * @throws VisavisError `bad_input` in words for the form
 */
export function settingsColumns(given: Partial<ChannelSettings>, platform?: string): Partial<SettingsRow> {
  const { language, maxOpen, pace, quiet, timeZone, blind } = given;
  if (language && !/^[a-z]{2,3}(-[a-z0-9]{1,8}){0,2}$/i.test(language)) throw refusal('language-code');
  if (maxOpen !== undefined && !isWhole(maxOpen, MOST_OPEN)) throw refusal('channel-open', [MOST_OPEN]);
  if (pace !== undefined && pace !== null && !isWhole(pace, FASTEST_PACE))
    throw refusal('channel-pace', [FASTEST_PACE]);
  const zone = timeZone === undefined ? undefined : readTimeZone(timeZone);
  if (zone === null) throw refusal('time-zone');
  if (blind && platform !== undefined && !mayBeBlind(platform)) throw refusal('no-blind');
  return {
    ...(language === undefined ? {} : { language }),
    ...(maxOpen === undefined ? {} : { max_open: maxOpen }),
    ...(pace === undefined ? {} : { pace }),
    ...(quiet === undefined ? {} : { quiet_from: quiet?.from ?? null, quiet_to: quiet?.to ?? null }),
    ...(zone === undefined ? {} : { time_zone: zone }),
    ...(blind === undefined ? {} : { blind: blind ? (1 as const) : (0 as const) }),
  };
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
