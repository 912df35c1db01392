import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import type { ButtonEvent, Chat, ChatHandlers, CommandEvent, ReactionEvent } from '../../../src/bots/chat.ts';
import { createDiscordChat, type DiscordChatDeps } from '../../../src/bots/discord/discord.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import type { Log } from '../../../src/core/platform/log.ts';
import { createMessages } from '../../../src/core/platform/messages.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { type FakeDiscord, startFakeDiscord } from '../../fakes/discord/discord.ts';
import type { FakeChannel, FakeUser } from '../../fakes/discord/world.ts';
import { freshStore } from '../../support/stores.ts';

export const messages = createMessages(join(import.meta.dirname, '../../../i18n'));

/** What the adapter hands over. */
export interface Heard {
  readonly reactions: ReactionEvent[];
  readonly commands: CommandEvent[];
  readonly buttons: ButtonEvent[];
  gaps: number;
}

export interface Bench {
  readonly fake: FakeDiscord;
  readonly store: Store;
  readonly channel: FakeChannel;
  readonly ada: FakeUser;
  readonly heard: Heard;
  /** Lines of the log with the level first. */
  readonly logged: string[];
  readonly chat: Chat;
  /** What becomes of a command. */
  onCommand: (event: CommandEvent) => Promise<void>;
  onButton: (event: ButtonEvent) => Promise<void>;
  readonly handlers: ChatHandlers;
  /** Another adapter for the same bot, which is stopped at the end. */
  connect(given?: Partial<DiscordChatDeps>): Chat;
  /** Moves the stand-in's own clock, by which interactions grow old. */
  later(ms: number): void;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A server with a channel and a person, and a bot that is not started yet. */
export async function bench(): Promise<Bench> {
  let offset = 0;
  const fake = await startFakeDiscord({ now: () => Date.now() + offset });
  const { store, dispose } = await freshStore();
  open.push(async () => {
    await fake.stop();
    await dispose();
    expect(fake.unplanned).toEqual([]);
  });
  const logged: string[] = [];
  const heard: Heard = { reactions: [], commands: [], buttons: [], gaps: 0 };
  const connect = (given: Partial<DiscordChatDeps> = {}): Chat => {
    const chat = createDiscordChat({
      token: fake.token,
      api: fake.api,
      store,
      clock: systemClock,
      log: listLog(logged),
      messages,
      identifyEveryMs: 0,
      ...given,
    });
    open.push(() => chat.stop());
    return chat;
  };
  const made: Bench = {
    fake,
    store,
    channel: fake.world.addChannel('labelling'),
    ada: fake.world.addUser('Ada'),
    heard,
    logged,
    chat: connect(),
    onCommand: async () => {},
    onButton: async () => {},
    handlers: {
      onReaction: async (event) => void heard.reactions.push(event),
      onCommand: async (event) => {
        heard.commands.push(event);
        await made.onCommand(event);
      },
      onButton: async (event) => {
        heard.buttons.push(event);
        await made.onButton(event);
      },
      onGap: () => void heard.gaps++,
    },
    connect,
    later: (ms) => {
      offset += ms;
    },
  };
  return made;
}

/** Waits for something that another process or a socket does; fails after some seconds. */
export function until(check: () => void | Promise<void>, timeout = 10_000): Promise<void> {
  return vi.waitFor(check, { timeout, interval: 5 });
}

function listLog(lines: string[]): Log {
  const note = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = {
    debug: () => {},
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => log,
  };
  return log;
}

export const PICTURE = {
  bytes: new Uint8Array([0xff, 0xd8, 0xff, 0xd9]),
  type: 'image/jpeg' as const,
  width: 800,
  height: 600,
  alt: 'Photo “Ada” with one face marked',
};
