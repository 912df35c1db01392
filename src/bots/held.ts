import { describeError } from '../core/platform/errors.ts';
import type { ReadOnly } from '../core/platform/read-only.ts';
import { channelByExternalId } from '../core/projects/channels.ts';
import type { Translate } from './cards.ts';
import type { ButtonEvent, Chat, ReactionEvent } from './chat.ts';
import type { InboxDeps } from './inbox.ts';

export interface HeldDeps extends InboxDeps {
  readonly readOnly?: ReadOnly;
}

/** What the desk does with answers while the site is read-only. */
export interface Held {
  /** Whether nothing may be written now. */
  isHeld(): Promise<boolean>;
  /** A reaction is not taken: it stays below the post and is counted afterwards. Its author is told so, once. */
  reaction(event: ReactionEvent, take: () => Promise<void>): Promise<void>;
  /** A press of a button leaves nothing behind, so it has to be said again later. */
  button(event: ButtonEvent, take: () => Promise<void>): Promise<void>;
}

export function createHeld(deps: HeldDeps, chat: Chat): Held {
  const { store, readOnly, log } = deps;
  const told = new Set<string>();
  const isHeld = async () => {
    const held = ((await readOnly?.state()) ?? null) !== null;
    if (!held) told.clear();
    return held;
  };
  /** The switch may be turned while the answer is on its way. @returns false when it was not taken */
  const taken = async (take: () => Promise<void>): Promise<boolean> => {
    if (await isHeld()) return false;
    try {
      await take();
      return true;
    } catch (error) {
      if (describeError(error).code !== 'read_only') throw error;
      return false;
    }
  };
  const translate = async (channelId: string): Promise<Translate> => {
    const bound = await channelByExternalId(store, chat.platform, channelId);
    const project = await store.db
      .selectFrom('projects')
      .select('language')
      .where('id', '=', bound?.projectId ?? 0)
      .executeTakeFirst();
    return deps.translate(bound?.settings.language ?? project?.language ?? 'en');
  };

  return {
    isHeld,
    async reaction(event, take) {
      if ((await taken(take)) || event.change !== 'added' || told.has(event.user.id)) return;
      told.add(event.user.id);
      const t = await translate(event.channelId);
      await chat.tell(event.user.id, { text: t('bot-hint-read-only') }).catch((error: unknown) => {
        // Many people take no private messages from bots.
        log.info({ platform: chat.platform, error: describeError(error) }, 'a hint could not be given');
      });
    },
    async button(event, take) {
      if (await taken(take)) return;
      const t = await translate(event.channelId);
      await event.replyPrivately({ text: t('bot-read-only') });
    },
  };
}
