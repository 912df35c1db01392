import { expect } from 'vitest';
import { COMMANDS } from '../../../../src/bots/commands.ts';
import { optionsOf } from '../../../../src/bots/discord/definitions.ts';
import { createDiscordChat } from '../../../../src/bots/discord/discord.ts';
import { silentLog } from '../../../../src/core/platform/log.ts';
import { startFakeDiscord } from '../../../fakes/discord/discord.ts';
import type { FakeMessage } from '../../../fakes/discord/world.ts';
import { messages } from '../../../support/desk.ts';
import { NAMES, type Name, type Stage, type StageDeps } from '../stage.ts';

/** A message that only says that the bot is at work. */
const LOADING = 128;

/** The stand-in for Discord: people use slash commands, and the bot's private answers are ephemeral. */
export async function discordStage({ store, clock }: StageDeps): Promise<Stage> {
  const fake = await startFakeDiscord();
  const { world, gateway, interactions } = fake;
  const people = new Map(NAMES.map((name) => [name, world.addUser(name)]));
  const questions = world.addChannel('labelling');
  const disputes = world.addChannel('disputes');
  let identified = 0;

  return {
    platform: 'discord',
    questions: questions.id,
    disputes: disputes.id,
    repeats: false,
    connect() {
      identified = gateway.identified + 1;
      return createDiscordChat({
        token: fake.token,
        api: fake.api,
        store,
        clock,
        log: silentLog,
        messages,
        identifyEveryMs: 0,
      });
    },
    isReady: () => gateway.identified >= identified,
    idOf: (name) => personOf(name).id,
    async say(name, channel, command) {
      const [word = '', ...args] = command.split(' ');
      const { usage } = COMMANDS.find((one) => one.name === word) ?? {};
      const options = optionsOf(usage).flatMap((option, i): [string, string][] =>
        args[i] === undefined ? [] : [[option.name, args[i]]],
      );
      interactions.command(personOf(name), channelOf(channel), word, Object.fromEntries(options), {
        mayManage: name === 'Olga',
      });
    },
    async react(name, _channel, messageId, emoji) {
      world.react(messageOf(messageId), personOf(name), emoji);
    },
    async takeBack(name, _channel, messageId, emoji) {
      world.takeBack(messageOf(messageId), personOf(name), emoji);
    },
    async shown(channel) {
      return world
        .shown(channel)
        .filter((message) => message.author === world.bot && (message.flags & LOADING) === 0)
        .map((message) => ({
          id: message.id,
          text: wordsOf(message),
          hasPicture: message.embeds.some((embed) => embed.image !== undefined),
          seeds: message.reactions
            .filter(({ users }) => users.includes(world.bot))
            .map(({ emoji }) => emoji.name),
          reactions: message.reactions
            .flatMap(({ emoji, users }) =>
              users.filter((user) => user !== world.bot).map((user) => `${user.name} ${emoji.name}`),
            )
            .sort(),
          mentions: message.mentions,
        }));
    },
    toldTo: async (name) => world.toldTo(personOf(name)).map(wordsOf),
    async close() {
      await fake.stop();
      expect(fake.unplanned).toEqual([]);
    },
  };

  function personOf(name: Name) {
    const user = people.get(name);
    if (!user) throw new Error(`nobody is called ${name}`);
    return user;
  }

  function channelOf(id: string) {
    return id === disputes.id ? disputes : questions;
  }

  function messageOf(id: string): FakeMessage {
    const message = world.messages.get(id);
    if (!message || message.deleted) throw new Error(`no message ${id}`);
    return message;
  }
}

function wordsOf({ content, embeds }: FakeMessage): string {
  return [
    content,
    ...embeds.flatMap((embed) => {
      const { title, description, fields, footer } = embed as {
        title?: string;
        description?: string;
        fields?: { name: string; value: string }[];
        footer?: { text: string };
      };
      return [title, description, ...(fields ?? []).map((one) => `${one.name}: ${one.value}`), footer?.text];
    }),
  ]
    .filter((part) => part !== undefined && part !== '')
    .join('\n');
}
