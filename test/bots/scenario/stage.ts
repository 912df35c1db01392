import type { Chat } from '../../../src/bots/chat.ts';
import type { Clock } from '../../../src/core/platform/clock.ts';
import type { Nudges } from '../../../src/core/platform/nudges.ts';
import type { Store } from '../../../src/core/store/store.ts';

/** Who plays. Olga manages the channels; nobody has ever heard of Zoe. */
export type Name = 'Olga' | 'Ann' | 'Bob' | 'Zoe';
export const NAMES: readonly Name[] = ['Olga', 'Ann', 'Bob', 'Zoe'];

export interface StageDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

/** A message of the bot, as everybody in the channel sees it now. */
export interface Shown {
  readonly id: string;
  /** All its words. */
  readonly text: string;
  readonly hasPicture: boolean;
  /** The bot's own reactions, in their order. */
  readonly seeds: readonly string[];
  /** `Ann ✅`, sorted. */
  readonly reactions: readonly string[];
  readonly mentions: readonly string[];
}

/**
 * A chat platform on which the story is played. What differs from one to the next is how a person does something,
 * and how one reads what people see there.
 */
export interface Stage {
  readonly platform: Chat['platform'];
  /** Ids of the channels: one for questions, one for what members disagree about. */
  readonly questions: string;
  readonly disputes: string;
  /** What was taken back while nobody listened is told when somebody does. */
  readonly repeats: boolean;
  /** A new adapter, as a process that starts has one. */
  connect(): Chat;
  /** The bot hears and sees what people do in both channels. */
  isReady(): boolean;
  /** The platform's id of somebody. */
  idOf(name: Name): string;
  /** A command in a channel, without what stands in front of every command there. */
  say(name: Name, channel: string, command: string): Promise<void>;
  react(name: Name, channel: string, messageId: string, emoji: string): Promise<void>;
  takeBack(name: Name, channel: string, messageId: string, emoji: string): Promise<void>;
  /** The oldest first. */
  shown(channel: string): Promise<Shown[]>;
  /** What nobody else sees, the oldest first. */
  toldTo(name: Name): Promise<string[]>;
  /** What went wrong with the stage itself is thrown. */
  close(): Promise<void>;
}
