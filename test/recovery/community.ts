import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '../../src/core/store/schema.ts';
import type { StoredEvent } from '../fakes/homeserver/events.ts';
import type { Person as ChatPerson } from '../fakes/homeserver/people.ts';
import type { Room } from '../fakes/homeserver/room.ts';
import type { Person as Browser } from '../oauth/person.ts';
import type { Deed } from './journal.ts';
import { pick, type Random } from './random.ts';
import type { Scene } from './scene.ts';

export interface Member {
  readonly name: string;
  readonly chat: ChatPerson;
  readonly browser: Browser;
  readonly accountId: number;
}

/** A project with a room of its own, which its owner writes for. */
export interface Project {
  readonly id: number;
  readonly owner: Member;
  readonly room: Room;
  readonly faceIds: readonly number[];
  readonly pageIds: readonly number[];
}

export interface Community {
  readonly journal: readonly Deed[];
  /** Until `rest`, everybody does what people do. */
  live(): void;
  /** Resolves when nobody does anything any more. */
  rest(): Promise<void>;
  /** The only face that a message asks about; undefined: it is no question, or nobody knows yet. */
  faceOf(messageId: string): number | undefined;
  /** Finds out about all questions that there are. */
  look(): Promise<void>;
}

const YES = '✅';
const NO = '❌';
const UNSURE = '🤷';
const STOP = '🛑';
/** Of these faces people speak on the site alone, so that the order of what they say is known. */
const onTheSite = (faceId: number) => faceId % 5 === 0;
/** So many of the newest questions are looked at. */
const LOOKED_AT = 8;
/** Nobody waits longer for a page. */
const PATIENCE_MS = 15_000;

/**
 * People who review and write, in the chat and on the site. What they see there is all they know; what they did is in
 * the journal. They are in no hurry: somebody who gets no answer says it again.
 */
export function createCommunity(
  scene: Scene,
  { members, projects, random }: { members: readonly Member[]; projects: readonly Project[]; random: Random },
): Community {
  const journal: Deed[] = [];
  const faces = new Map<string, number>();
  let over = false;
  let living: Promise<unknown> = Promise.resolve();
  /** Reactions of a person that stand: `WHO MESSAGE` → emoji → event id. */
  const standing = new Map<string, Map<string, string>>();
  const answered = new Map<string, Answer | null>();

  const community: Community = {
    journal,
    live() {
      living = Promise.all([
        ...members.map((member) => repeat(300, 1_200, () => review(member))),
        ...members.map((member) => repeat(1_500, 5_000, () => answerOnTheSite(member))),
        ...projects.map((project) => repeat(6_000, 15_000, () => write(project))),
        repeat(1_000, 1_500, () => community.look()),
      ]);
    },
    async rest() {
      over = true;
      await living;
    },
    faceOf: (messageId) => faces.get(messageId),
    async look() {
      const rows = await scene.store.db
        .selectFrom('posts')
        .innerJoin('question_faces', 'question_faces.question_id', 'posts.question_id')
        .select(['posts.external_id', 'question_faces.face_id'])
        .where('posts.external_id', 'is not', null)
        .orderBy('posts.id', 'desc')
        .limit(over ? 1_000_000 : 200)
        .execute()
        // The database is away; later.
        .catch(() => []);
      for (const row of rows) faces.set(row.external_id ?? '', row.face_id);
    },
  };
  return community;

  async function repeat(fromMs: number, toMs: number, work: () => Promise<void> | void): Promise<void> {
    while (!over) {
      await pause(fromMs + random() * (toMs - fromMs));
      if (!over) await work();
    }
  }

  /** Below one of the newest questions: an answer, another one, or the own one taken back. */
  function review(member: Member): void {
    const project = pick(random, projects);
    const questions = questionsIn(project.room).slice(-LOOKED_AT);
    const known = questions.filter(({ eventId }) => {
      const faceId = faces.get(eventId);
      return faceId !== undefined && !onTheSite(faceId);
    });
    const open = known.filter(({ eventId }) => !standing.has(`${member.name} ${eventId}`));
    const chance = random();
    if (open.length > 0 && chance < 0.8) {
      const { eventId } = pick(random, open);
      react(member, project.room, eventId, opinion(faces.get(eventId) ?? 0));
      return;
    }
    // Who has said everything changes their mind now and then.
    if (known.length === 0 || (open.length === 0 && chance < 0.8)) return;
    const { eventId } = pick(random, known);
    const own = standing.get(`${member.name} ${eventId}`);
    const [emoji] = own ? [...own.keys()] : [];
    if (emoji !== undefined && chance < 0.92) takeBack(member, project.room, eventId, emoji);
    else react(member, project.room, eventId, pick(random, [YES, NO, UNSURE]));
  }

  function react(member: Member, room: Room, messageId: string, emoji: string): void {
    const key = `${member.name} ${messageId}`;
    const own = standing.get(key) ?? new Map<string, string>();
    standing.set(key, own);
    if (own.has(emoji)) return;
    own.set(emoji, member.chat.react(room, messageId, emoji));
    journal.push({ where: 'chat', who: member.name, messageId, emoji, change: 'added' });
  }

  function takeBack(member: Member, room: Room, messageId: string, emoji: string): void {
    const own = standing.get(`${member.name} ${messageId}`);
    const eventId = own?.get(emoji);
    if (!own || eventId === undefined) return;
    member.chat.redact(room, eventId);
    own.delete(emoji);
    journal.push({ where: 'chat', who: member.name, messageId, emoji, change: 'taken back' });
  }

  /** Mostly right. */
  function opinion(faceId: number): string {
    const chance = random();
    if (chance < 0.03) return UNSURE;
    const right = faceId % 3 === 0 ? NO : YES;
    return chance < 0.06 ? (right === YES ? NO : YES) : right;
  }

  async function answerOnTheSite(member: Member): Promise<void> {
    const project = pick(random, projects);
    const key = (faceId: number) => `${member.name} ${faceId}`;
    const own = project.faceIds.filter(onTheSite);
    const fresh = own.filter((faceId) => !answered.has(key(faceId))).slice(0, 3);
    const again = own.filter((faceId) => answered.has(key(faceId))).slice(-3);
    const faceId = again.length > 0 && random() < 0.2 ? pick(random, again) : fresh[0];
    if (faceId === undefined) return;
    const before = answered.get(key(faceId)) ?? null;
    const answer: Answer | null = before !== null ? null : faceId % 3 === 0 ? 'no' : 'yes';
    answered.set(key(faceId), answer);
    // Until the site says that it has it, however often that must be said.
    for (let taken = false; !taken; ) {
      taken = await vote(member, project, faceId, answer);
      journal.push({ where: 'web', who: member.name, faceId, answer, taken });
      if (!taken && over) return;
      if (!taken) await pause(1_000);
    }
  }

  async function vote(
    { browser }: Member,
    project: Project,
    faceId: number,
    answer: Answer | null,
  ): Promise<boolean> {
    const asked = (async () => {
      const page = await browser.open(`${scene.publicUrl}/language`);
      if (page.status !== 200) return false;
      const fields = { project: String(project.id), person: PERSON, answer: answer ?? 'back' };
      const { status } = await browser.send(page, `/faces/${faceId}/answer`, fields);
      return status === 200;
    })();
    asked.catch(() => {});
    const late = pause(PATIENCE_MS, false, { ref: false });
    return Promise.race([asked, late]).catch(() => false);
  }

  /** The owner has it written, now and then stops it, or takes the last run back. */
  function write({ owner, room }: Project): void {
    const chance = random();
    const progress = progressIn(room).at(-1);
    if (chance < 0.1 && progress) {
      const again = room
        .related(progress.eventId, 'm.annotation')
        .some((one) => one.sender === owner.chat.id);
      if (!again) owner.chat.react(room, progress.eventId, STOP);
      return;
    }
    owner.chat.say(room, chance < 0.25 ? '!visavis undo yes' : '!visavis write yes');
  }

  /** Messages of the bot that have a picture, the oldest first. */
  function questionsIn(room: Room): StoredEvent[] {
    return ownMessages(scene, room).filter((event) => event.content.msgtype === 'm.image');
  }

  function progressIn(room: Room): StoredEvent[] {
    return ownMessages(scene, room).filter((event) => runOf(event) !== null);
  }
}

/** The person who is looked for in the projects that people review. */
export const PERSON = 'Q9001';

/** What the bot has said in a room and what still stands there, without its edits. */
export function ownMessages({ homeserver }: Scene, room: Room): StoredEvent[] {
  return room.events.filter(
    (event) =>
      event.sender === homeserver.bot.id &&
      event.type === 'm.room.message' &&
      !event.redactedBy &&
      (event.content['m.relates_to'] as { rel_type?: string } | undefined)?.rel_type !== 'm.replace',
  );
}

/** The run that a message is about; null: none. */
export function runOf(event: StoredEvent): number | null {
  const found = /\/runs\/(\d+)/.exec(`${event.content.body} ${event.content.formatted_body}`);
  return found ? Number(found[1]) : null;
}
