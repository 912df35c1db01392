import type { ChannelSettings } from '../core/projects/channel-settings.ts';
import type { Translate } from './cards.ts';
import type { Chat, CommandEvent } from './chat.ts';
import type { DeskDeps } from './desk.ts';

/** What a command is given: everything is looked up and checked before. */
export interface CommandContext {
  readonly deps: DeskDeps;
  readonly chat: Chat;
  readonly event: CommandEvent;
  readonly t: Translate;
  /** null: this chat user is not linked. */
  readonly account: { readonly id: number; readonly username: string } | null;
  /** null: not in a channel that is bound to a project. */
  readonly bound: {
    readonly id: number;
    readonly projectId: number;
    readonly settings: ChannelSettings;
  } | null;
}

export type Linked = CommandContext & { readonly account: NonNullable<CommandContext['account']> };
export type InProject = Linked & { readonly bound: NonNullable<CommandContext['bound']> };

/** What it is about, for the help. */
export const COMMAND_GROUPS = ['account', 'questions', 'writing', 'project', 'channel'] as const;

interface CommandBase {
  readonly name: string;
  readonly group: (typeof COMMAND_GROUPS)[number];
  /**
   * What stands behind the name, for the help: `WORD` is anything, `word` and `on|off` are words to choose from,
   * `[…]` may be left out, and `name=…` is given by its name, in any place.
   */
  readonly usage?: string;
  /** The only platforms that have it; all when nothing is given. */
  readonly on?: readonly Chat['platform'][];
}

/** Commands as data: the same on every platform. `needs` is checked first; rights inside what they change. */
export type Command = CommandBase &
  (
    | { readonly needs: 'nothing'; run(context: CommandContext): Promise<void> }
    | { readonly needs: 'link'; run(context: Linked): Promise<void> }
    | { readonly needs: 'project'; run(context: InProject): Promise<void> }
  );

/** As commands are typed where they are messages like any other. */
export function spellInWords(name: string, ...args: string[]): string {
  return ['!visavis', name, ...args].join(' ');
}
