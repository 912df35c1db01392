import { join } from 'node:path';
import type { Chat, ChatHealth } from '../../../src/bots/chat.ts';
import { createDesk, type DeskDeps } from '../../../src/bots/desk.ts';
import { createDiscordChat } from '../../../src/bots/discord/discord.ts';
import { createMatrixChat } from '../../../src/bots/matrix/matrix.ts';
import { type Clock, systemClock } from '../../../src/core/platform/clock.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { createMessages } from '../../../src/core/platform/messages.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { Stage } from './stages.ts';

export interface Bot {
  health(): Record<string, ChatHealth | undefined>;
  stop(): Promise<void>;
}

/**
 * The bot as it is in production, a desk and an adapter for each platform, but with pictures that nobody has to draw.
 * @param clock of the desks, and of Matrix; discord.js has its own
 */
export async function startBot(
  store: Store,
  clock: Clock,
  stages: readonly Pick<Stage, 'platform' | 'url' | 'token'>[],
): Promise<Bot> {
  const messages = createMessages(join(import.meta.dirname, '../../../i18n'));
  const log = silentLog;
  const unplanned = () => Promise.reject(new Error('unplanned'));
  const deps: DeskDeps = {
    store,
    clock,
    log,
    nudges: memoryNudges(),
    pictures: { download: async (url) => Buffer.from(url) },
    detector: {
      model: 'test-model',
      detect: unplanned,
      close: unplanned,
      draw: async () => ({ bytes: Buffer.alloc(5_000, 1), type: 'image/jpeg', width: 800, height: 600 }),
    },
    translate: (language) => messages.translator(language),
    languages: messages.languages,
    itemUrl: (person) => `https://items.example/wiki/${person}`,
    publicUrl: 'https://visavis.example',
    workerId: `bot ${process.pid}`,
  };
  const chats = stages.map(({ platform, url, token }): Chat => {
    if (platform === 'discord')
      return createDiscordChat({
        token,
        api: url,
        store,
        clock: systemClock,
        log,
        messages,
        identifyEveryMs: 0,
      });
    const { translate } = deps;
    const mayInvite = async () => true;
    return createMatrixChat({
      store,
      clock,
      log,
      homeserver: url,
      token,
      userAgent: 'Visavis tests',
      translate,
      mayInvite,
    });
  });
  const desks = chats.map((chat) => createDesk(deps, chat));
  for (const desk of desks) await desk.start();
  return {
    health: () => Object.fromEntries(chats.map((chat) => [chat.platform, chat.health?.()])),
    async stop() {
      await Promise.all(desks.map((desk) => desk.stop()));
    },
  };
}
