import { describeError } from '../core/platform/errors.ts';
import { type Metrics, measured } from '../core/platform/metrics.ts';
import type { Chat } from './chat.ts';

/** The chat, with each of its requests to the platform counted. The room is part of this process: nothing is counted. */
export function measuredChat(chat: Chat, metrics: Metrics): Chat {
  const { platform } = chat;
  if (platform === 'room') return chat;
  const count = (seconds: number, error: string | null) => metrics.service(platform, seconds, error);
  const counted =
    <A extends unknown[], R>(request: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      measured(count, () => request(...args), kindOf);
  return {
    ...chat,
    post: counted(chat.post),
    edit: counted(chat.edit),
    remove: counted(chat.remove),
    seed: counted(chat.seed),
    reactions: counted(chat.reactions),
    tell: counted(chat.tell),
  };
}

/** What went wrong, in one word out of few: the platform refused it, wants us to wait, or cannot be reached. */
function kindOf(error: unknown): string {
  const { code } = describeError(error);
  if (code === 'rate_limited') return 'rate_limited';
  return code === 'internal' ? 'away' : 'refused';
}
