/**
 * What every chat must do, and what it shows. An adapter translates between its platform's wire and these
 * types and decides nothing: what a reaction or a command means is decided in `desk.ts` and `commands.ts`.
 */

/** A picture with its alternative text. */
export interface CardPicture {
  readonly bytes: Uint8Array;
  readonly type: 'image/jpeg' | 'image/png';
  readonly width: number;
  readonly height: number;
  readonly alt: string;
}

export interface CardLink {
  readonly text: string;
  readonly url: string;
}

/**
 * A message. All texts are plain text, never markup: adapters escape them. Lines of `text` are separated by
 * `\n`. An edit shows all of the new card, but keeps the picture when the new card has none.
 */
export interface Card {
  readonly title?: string;
  readonly text?: string;
  /** Label and value, shown in one line each. */
  readonly fields?: readonly { readonly label: string; readonly value: string }[];
  readonly links?: readonly CardLink[];
  readonly picture?: CardPicture;
  /** Small print: author and licence. */
  readonly footer?: string;
  /** Users to mention, by the platform's ids. */
  readonly mentions?: readonly string[];
  /**
   * Answers that can be given by a button as well, seen by nobody else, where the platform has buttons and the desk
   * takes them (`onButton`). A card without any takes those away that are there.
   */
  readonly buttons?: readonly CardButton[];
}

export interface CardButton {
  /** Says the same as this reaction. */
  readonly emoji: string;
  /** What stands on it beside the emoji; may be empty. */
  readonly label: string;
}

export interface ChatUser {
  readonly id: string;
  /** As the platform shows it; untrusted. */
  readonly name: string;
}

export interface ReactionEvent {
  readonly channelId: string;
  readonly messageId: string;
  readonly user: ChatUser;
  /** As the platform has it; the desk normalises it. */
  readonly emoji: string;
  /** The reaction's own id, where the platform has one (Matrix). */
  readonly eventId?: string;
  /**
   * `taken_back`: by the user; `cleared`: by somebody else, so the vote stands. Where the platform does not say whose
   * reactions were cleared, the user's id and name are empty; where all were, the emoji is empty too.
   */
  readonly change: 'added' | 'taken_back' | 'cleared';
}

/** Somebody presses a button of a card. Nobody else sees it, and a button can be pressed again and again. */
export interface ButtonEvent {
  readonly channelId: string;
  readonly messageId: string;
  readonly user: ChatUser;
  /** Of the `CardButton`. */
  readonly emoji: string;
  /** Answers where only this user sees it. */
  replyPrivately(card: Card): Promise<void>;
}

export interface CommandEvent {
  /** `link`, `write`, … in lower case. */
  readonly name: string;
  readonly args: readonly string[];
  readonly user: ChatUser;
  /** null in a private conversation. */
  readonly channelId: string | null;
  readonly channelName: string;
  /** Whether the platform lets this user manage the channel (binding needs the platform's own right). */
  readonly mayManageChannel: boolean;
  /** Answers where only this user sees it. */
  replyPrivately(card: Card): Promise<void>;
  /** Answers in the channel; the id allows later edits. */
  reply(card: Card): Promise<string>;
}

/**
 * What the desk does with events. They resolve when the event has been dealt with; an adapter whose platform can repeat
 * events acknowledges them only then, so that a restart loses none. Without the database nothing can be dealt with:
 * reactions wait for it. An adapter that keeps its place hands an event over again when they reject.
 */
export interface ChatHandlers {
  onReaction(event: ReactionEvent): Promise<void>;
  onCommand(event: CommandEvent): Promise<void>;
  /** Without it no buttons are shown. */
  onButton?(event: ButtonEvent): Promise<void>;
  /** The connection is back, but events in between are lost: the posts' reactions must be read. */
  onGap?(): void;
}

export interface ChatHealth {
  /** `ended`: for good, until the process starts anew with another configuration. */
  readonly state: 'starting' | 'up' | 'away' | 'ended';
  /** What to do about it; null while all is well. */
  readonly reason: string | null;
}

/**
 * `not-let-in`: the bot has to be invited first. `encrypted`: the bot cannot write there. `no-right`: this user may not
 * manage the new channel, and the bot has left it again.
 */
export type Followed =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly why: 'not-let-in' | 'encrypted' | 'no-right' };

export interface Chat {
  readonly platform: 'discord' | 'matrix' | 'room';
  /**
   * Its place among the events is in the database: whoever takes over goes on there, so an event that is handed over has
   * to be dealt with. Else everybody who is connected hears of all events.
   */
  readonly keepsPlace?: true;
  /**
   * How a command is typed here, for texts that say what to type: `!visavis write yes`.
   * @param args as in its `usage`
   */
  spell(name: string, ...args: string[]): string;
  start(handlers: ChatHandlers): Promise<void>;
  stop(): Promise<void>;
  /** Posts a card. The same `key` again gives the message that is there already. Returns the message id. */
  post(channelId: string, card: Card, key: string): Promise<string>;
  edit(channelId: string, messageId: string, card: Card): Promise<void>;
  /** Removing what is gone already is fine. */
  remove(channelId: string, messageId: string): Promise<void>;
  /** The bot's own reactions, in this order; those that are there already are left. */
  seed(channelId: string, messageId: string, emoji: readonly string[]): Promise<void>;
  /** Takes the bot's own reactions away; those that are not there are fine. */
  unseed(channelId: string, messageId: string, emoji: readonly string[]): Promise<void>;
  /**
   * All standing reactions of people on a message, or null when the message is gone. What is still to be told as an
   * event may be missing.
   */
  reactions(
    channelId: string,
    messageId: string,
  ): Promise<{ user: ChatUser; emoji: string; eventId?: string }[] | null>;
  /**
   * Takes a person's reaction away, on platforms where the bot may be given that right; without it nothing happens.
   * @param emoji as the event had it
   */
  takeAway?(channelId: string, messageId: string, userId: string, emoji: string): Promise<void>;
  /** A private message, as far as the platform has one. */
  tell(userId: string, card: Card): Promise<void>;
  /** Enters a channel that replaces another one, on platforms where channels are replaced. */
  follow?(channelId: string, userId: string): Promise<Followed>;
  /** How the connection stands; platforms inside this process have none. */
  health?(): ChatHealth;
}
