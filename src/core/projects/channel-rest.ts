import type { Db, Store } from '../store/store.ts';
import { type ChannelSettings, SETTINGS_COLUMNS, settingsOf } from './channel-settings.ts';
import { PACE_MS, paceAllows } from './pace.ts';
import { isQuiet } from './quiet-hours.ts';

type Paced = { readonly id: number } & Pick<ChannelSettings, 'pace' | 'quiet' | 'timeZone'>;

/** Whether one more question may be made for a channel now; those that are still to be shown there count too. */
export async function mayAskMore({ db }: Store, channel: Paced, now: number): Promise<boolean> {
  if (isQuietNow(channel, now)) return false;
  if (channel.pace === null) return true;
  const waiting = await db
    .selectFrom('posts')
    .select('id')
    .where('channel_id', '=', channel.id)
    .where('state', '=', 'waiting')
    .execute();
  return paceAllows(channel.pace, [...(await shownAt(db, channel.id, now)), ...waiting.map(() => now)], now);
}

/** Channels of a platform in which no new question is to be shown now, by row id. */
export async function restingChannels({ db }: Store, platform: string, now: number): Promise<Set<number>> {
  const rows = await db
    .selectFrom('channels')
    .select('channels.id')
    .select(SETTINGS_COLUMNS)
    .where('platform', '=', platform)
    .where((eb) => eb.or([eb('pace', 'is not', null), eb('quiet_from', 'is not', null)]))
    .execute();
  const resting = new Set<number>();
  for (const row of rows) {
    const channel: Paced = { id: row.id, ...settingsOf(row) };
    const rests =
      isQuietNow(channel, now) ||
      (channel.pace !== null && !paceAllows(channel.pace, await shownAt(db, channel.id, now), now));
    if (rests) resting.add(channel.id);
  }
  return resting;
}

function isQuietNow({ quiet, timeZone }: Paced, now: number): boolean {
  return quiet !== null && isQuiet(quiet, timeZone, now);
}

/** Of the questions of the last hour. */
async function shownAt(db: Db, channelId: number, now: number): Promise<number[]> {
  const rows = await db
    .selectFrom('posts')
    .select('posted_at')
    .where('channel_id', '=', channelId)
    .where('posted_at', '>', now - PACE_MS)
    .execute();
  return rows.flatMap((row) => row.posted_at ?? []);
}
