import { normaliseEmoji } from '../core/review/reactions.ts';
import type { ReactionEvent } from './chat.ts';

type Place = Pick<ReactionEvent, 'channelId' | 'messageId'>;

/** Was this taken back after the reading had begun? Then it must not be counted, whatever the chat has answered. */
export type IsOver = (userId: string, emoji: string) => boolean;

/** Posts whose reactions are being read, and what people take back below them meanwhile. */
export interface Readings {
  /** Does `work`, which asks the chat for a message's reactions and counts them. */
  run<T>(place: Place, work: (isOver: IsOver) => Promise<T>): Promise<T>;
  /** Told of every event as soon as it comes. */
  note(event: ReactionEvent): void;
}

export function createReadings(): Readings {
  const takenBack = new Map<string, Set<string>>();

  return {
    async run(place, work) {
      const name = nameOf(place);
      const here = new Set<string>();
      takenBack.set(name, here);
      try {
        return await work((userId, emoji) => here.has(`${userId} ${normaliseEmoji(emoji)}`));
      } finally {
        takenBack.delete(name);
      }
    },
    note(event) {
      if (event.change === 'taken_back')
        takenBack.get(nameOf(event))?.add(`${event.user.id} ${normaliseEmoji(event.emoji)}`);
    },
  };
}

function nameOf({ channelId, messageId }: Place): string {
  return `${channelId} ${messageId}`;
}
