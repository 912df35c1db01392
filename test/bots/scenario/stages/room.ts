import { createRoomChat } from '../../../../src/bots/room/room.ts';
import { silentLog } from '../../../../src/core/platform/log.ts';
import type { RoomCard } from '../../../../src/core/room/body.ts';
import { BOT_USER, postMessage } from '../../../../src/core/room/messages.ts';
import { addReaction, reactionsOf, removeReaction } from '../../../../src/core/room/reactions.ts';
import { listMessages } from '../../../../src/core/room/reading.ts';
import type { Name, Stage, StageDeps } from '../stage.ts';

const userOf = (name: Name) => ({ id: `room-${name.toLowerCase()}`, name });

/** The practice room: people do what the browser's forms do. */
export async function roomStage(deps: StageDeps): Promise<Stage> {
  const { store } = deps;
  const questions = 'practice';
  const disputes = 'disputes';

  return {
    platform: 'room',
    questions,
    disputes,
    repeats: true,
    connect: () =>
      createRoomChat({ ...deps, log: silentLog, mayManageRoom: (userId) => userId === userOf('Olga').id }),
    isReady: () => true,
    idOf: (name) => userOf(name).id,
    async say(name, channel, command) {
      await postMessage(deps, { channel, user: userOf(name), body: { text: `!visavis ${command}` } });
    },
    react: (name, _channel, messageId, emoji) =>
      addReaction(deps, { messageId: Number(messageId), user: userOf(name), emoji }),
    takeBack: (name, _channel, messageId, emoji) =>
      removeReaction(deps, { messageId: Number(messageId), user: userOf(name), emoji }),
    async shown(channel) {
      const messages = await listMessages(store, { channel, forUser: 'nobody' });
      return Promise.all(
        messages
          .filter((message) => message.fromBot)
          .map(async ({ id, body }) => ({
            id: String(id),
            text: wordsOf(body),
            hasPicture: body.picture !== undefined,
            seeds: await seedsOn(id),
            reactions: ((await reactionsOf(deps, id)) ?? [])
              .map(({ user, emoji }) => `${user.name} ${emoji}`)
              .sort(),
            mentions: body.mentions ?? [],
          })),
      );
    },
    async toldTo(name) {
      const forUser = userOf(name).id;
      const there = await Promise.all(
        [questions, disputes].map((channel) => listMessages(store, { channel, forUser })),
      );
      return there
        .flat()
        .filter((message) => message.isPrivate)
        .sort((a, b) => a.id - b.id)
        .map(({ body }) => wordsOf(body));
    },
    close: async () => {},
  };

  async function seedsOn(messageId: number): Promise<string[]> {
    const rows = await store.db
      .selectFrom('room_reactions')
      .select('emoji')
      .where('message_id', '=', messageId)
      .where('user_id', '=', BOT_USER)
      .orderBy('added_at')
      .execute();
    return rows.map(({ emoji }) => emoji);
  }
}

function wordsOf({ title, text, fields, links, footer }: RoomCard): string {
  return [
    title,
    text,
    ...(fields ?? []).map(({ label, value }) => `${label}: ${value}`),
    ...(links ?? []).map((link) => `${link.text}: ${link.url}`),
    footer,
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}
