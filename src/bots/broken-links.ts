import { takeBrokenLinks } from '../core/accounts/broken-links.ts';
import { describeError } from '../core/platform/errors.ts';
import type { Chat } from './chat.ts';
import type { DeskDeps } from './desk.ts';

/**
 * Tells people privately, once, that the wiki no longer takes the link to their account, and where to renew it.
 * @returns whether there was somebody to tell
 */
export async function tellBrokenLinks(deps: DeskDeps, chat: Chat): Promise<boolean> {
  const broken = await takeBrokenLinks(deps, chat.platform);
  for (const { externalId, username, language } of broken) {
    const t = deps.translate(language ?? 'en');
    await chat
      .tell(externalId, {
        text: t('bot-link-broken', username),
        links: [{ text: t('bot-link-renew'), url: `${deps.publicUrl}/sign-in?next=%2Faccount` }],
      })
      .catch((error: unknown) => {
        // Many people take no private messages from bots; the pages tell them too.
        deps.log.info({ platform: chat.platform, error: describeError(error) }, 'a broken link was not told');
      });
  }
  return broken.length > 0;
}
