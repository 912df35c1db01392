/** Channels that were replaced by others: the bot asks, and follows after an owner's yes. */
import { describeError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import {
  followChannel,
  type MovedChannel,
  movedChannelsOf,
  noteMoved,
} from '../core/projects/moved-channels.ts';
import type { Store } from '../core/store/store.ts';
import type { Translate } from './cards.ts';
import type { Chat } from './chat.ts';
import type { Linked } from './command.ts';

export interface MoveDeps {
  readonly store: Store;
  readonly log: Log;
  readonly translate: (language: string) => Translate;
}

/**
 * Says where a channel was replaced what brings the bot after it. Replaced rooms are often closed for bots too; then
 * every owner is told directly.
 */
export async function tellMoved(
  { store, log, translate }: MoveDeps,
  chat: Chat,
  { roomId, replacement }: { readonly roomId: string; readonly replacement: string },
): Promise<void> {
  const moved = await noteMoved(store, {
    platform: chat.platform,
    externalId: roomId,
    movedTo: replacement,
  });
  if (!moved) return;
  const t = translate(moved.language);
  try {
    await chat.post(roomId, { text: t('bot-moved', moved.title) }, `moved to ${replacement}`);
    return;
  } catch (error) {
    log.info({ platform: chat.platform, error: describeError(error) }, 'a replaced channel is closed');
  }
  for (const owner of await ownersOn(store, chat.platform, moved.projectId)) {
    try {
      await chat.tell(owner, { text: t('bot-moved-direct', moved.name, moved.title) });
    } catch (error) {
      log.info({ platform: chat.platform, error: describeError(error) }, 'an owner could not be told');
    }
  }
}

/** The owner's yes: in the old channel, in the new one, or in private when there is only one. */
export async function follow({ deps, chat, event, t, account }: Linked): Promise<void> {
  const say = (key: string, ...params: string[]) => event.replyPrivately({ text: t(key, ...params) });
  const all = await movedChannelsOf(deps.store, chat.platform, account.id);
  const moved = meant(all, event.channelId);
  if (!moved || !chat.follow) return say(all.length > 1 ? 'bot-follow-which' : 'bot-follow-nothing');
  const followed = await chat.follow(moved.movedTo, event.user.id);
  if (!followed.ok) return say(`bot-follow-${followed.why}`);
  const { name } = followed;
  await followChannel(deps, { channelId: moved.id, name, accountId: account.id });
  await say('bot-follow-done', moved.title, name);
}

function meant(all: readonly MovedChannel[], channelId: string | null): MovedChannel | undefined {
  const here = all.find(({ externalId, movedTo }) => externalId === channelId || movedTo === channelId);
  return here ?? (all.length === 1 ? all[0] : undefined);
}

async function ownersOn({ db }: Store, platform: string, projectId: number): Promise<string[]> {
  const rows = await db
    .selectFrom('project_members')
    .innerJoin('identities', 'identities.account_id', 'project_members.account_id')
    .select('identities.external_id')
    .where('identities.platform', '=', platform)
    .where('project_members.project_id', '=', projectId)
    .where('project_members.role', '=', 'owner')
    .where('project_members.status', '=', 'active')
    .orderBy('identities.id')
    .execute();
  return rows.map((row) => row.external_id);
}
