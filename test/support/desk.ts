import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import type { Card, ChatUser } from '../../src/bots/chat.ts';
import { createDesk, type Desk, type DeskDeps } from '../../src/bots/desk.ts';
import type { Detector, Drawing } from '../../src/core/faces/detector.ts';
import type { Clock } from '../../src/core/platform/clock.ts';
import { VisavisError } from '../../src/core/platform/errors.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { createMessages } from '../../src/core/platform/messages.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import type { Flag } from '../../src/core/store/schema.ts';
import { openStore, type Store } from '../../src/core/store/store.ts';
import type { Pictures } from '../../src/core/wiki/pictures.ts';
import { type FakeMessage, type FakePlatform, fakePlatform } from './fake-chat.ts';
import { addAccount, addChannel, addMember, addProject } from './people.ts';
import { addFace, addFile } from './pictures.ts';

export const messages = createMessages(join(import.meta.dirname, '../../i18n'));

/** A migrated database in memory: one connection, so nothing for tests about concurrency. */
export async function memoryStore(): Promise<Store> {
  const store = openStore({ kind: 'sqlite', path: ':memory:' });
  await migrate(store, migrations);
  return store;
}

/** A clock whose sleepers wake only when the test moves it on. */
export interface HeldClock extends Clock {
  /** Wakes those whose time has come. */
  advance(ms: number): void;
  /** Resolves when that many sleep for exactly `ms`. */
  sleeping(ms: number, count?: number): Promise<void>;
}

export function heldClock(start: number = Date.UTC(2026, 0, 1)): HeldClock {
  let now = start;
  let sleepers: { ms: number; due: number; wake: () => void }[] = [];
  let watchers: (() => void)[] = [];
  const rest = (ms: number, count: number) => sleepers.filter((one) => one.ms === ms).length >= count;
  return {
    now: () => now,
    sleep(ms, signal) {
      if (signal?.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const sleeper = {
          ms,
          due: now + ms,
          wake: () => {
            sleepers = sleepers.filter((one) => one !== sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        sleepers.push(sleeper);
        for (const look of watchers) look();
      });
    },
    advance(ms) {
      now += ms;
      for (const sleeper of [...sleepers]) if (sleeper.due <= now) sleeper.wake();
    },
    sleeping(ms, count = 1) {
      if (rest(ms, count)) return Promise.resolve();
      return new Promise((resolve) => {
        const look = () => {
          if (!rest(ms, count)) return;
          watchers = watchers.filter((one) => one !== look);
          resolve();
        };
        watchers.push(look);
      });
    },
  };
}

/** Pictures whose bytes are their address, and a detector that notes down what it draws. */
export interface Studio {
  readonly pictures: Pictures;
  readonly detector: Detector;
  readonly drawings: Drawing[];
  /** Addresses whose bytes cannot be decoded. */
  readonly broken: Set<string>;
  /** What becomes of a download. */
  onDownload: (url: string) => void;
  onDraw: (drawing: Drawing) => void;
}

export function fakeStudio(): Studio {
  const drawings: Drawing[] = [];
  const broken = new Set<string>();
  const check = (picture: Uint8Array | undefined) => {
    if (picture && broken.has(Buffer.from(picture).toString()))
      throw new VisavisError('broken_picture', 'The picture ends early.');
  };
  const unplanned = () => Promise.reject(new Error('unplanned'));
  const studio: Studio = {
    drawings,
    broken,
    onDownload: () => {},
    onDraw: () => {},
    pictures: {
      async download(url) {
        studio.onDownload(url);
        return Buffer.from(url);
      },
    },
    detector: {
      model: 'test-model',
      detect: unplanned,
      close: unplanned,
      async draw(drawing) {
        studio.onDraw(drawing);
        if (drawing.kind === 'sheet') for (const tile of drawing.tiles) check(tile.picture);
        else check(drawing.picture);
        if (drawing.kind === 'question' || drawing.kind === 'sheet') check(drawing.portrait);
        drawings.push(drawing);
        return { bytes: Buffer.from(drawing.kind), type: 'image/jpeg', width: 800, height: 600 };
      },
    },
  };
  return studio;
}

const LOOK_EVERY_MS = 5_000;

export interface World {
  readonly store: Store;
  readonly clock: HeldClock;
  readonly platform: FakePlatform;
  readonly studio: Studio;
  readonly deps: DeskDeps;
  readonly projectId: number;
  readonly owner: number;
  /** The channel's row and the platform's id of it. */
  readonly channel: { readonly id: number; readonly name: string };
  /** Starts a desk, and resolves when it rests. */
  open(given?: Partial<DeskDeps>): Promise<Desk>;
  /** Ends every desk that is open. */
  close(): Promise<void>;
  /** One whole round of the desk, and whatever follows from it. */
  round(resting?: number): Promise<void>;
  /** A member with a chat user of the same name. */
  member(name: string, given?: { role?: 'owner' | 'member'; blocked?: boolean }): Promise<Person>;
  /** The only message that asks something now, in the channel. */
  question(): FakeMessage;
}

export interface Person extends ChatUser {
  readonly accountId: number;
}

const open: (() => Promise<void>)[] = [];
const platforms: FakePlatform[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  for (const platform of platforms.splice(0)) {
    // Nobody is ever shown a message's key, or a parameter that nobody filled in.
    for (const text of platform.texts)
      expect(text).not.toMatch(/\bbot-[a-z]|project-waits|⧼|undefined|\bNaN\b|\[object|\$\d|\{\{/);
  }
});

/** A project bound to a channel of a platform, and a desk that can be opened there. */
export async function deskWorld(
  given: { store?: Store; maxOpen?: number; votes_needed?: number; language?: string; open?: Flag } = {},
): Promise<World> {
  const { store: known, maxOpen = 3, ...settings } = given;
  const store = known ?? (await memoryStore());
  if (!known) open.push(() => store.close());
  const { id: projectId, owner } = await addProject(store, { votes_needed: 2, crawled_at: 1, ...settings });
  const channelId = await addChannel(store, projectId);
  await store.db.updateTable('channels').set({ max_open: maxOpen }).where('id', '=', channelId).execute();
  const { external_id: name } = await store.db
    .selectFrom('channels')
    .select('external_id')
    .where('id', '=', channelId)
    .executeTakeFirstOrThrow();
  const clock = heldClock();
  const platform = fakePlatform();
  platforms.push(platform);
  const studio = fakeStudio();
  const nudges = memoryNudges();
  let desks: Desk[] = [];
  const closeDesks = async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
  };
  open.push(closeDesks);
  const deps: DeskDeps = {
    store,
    clock,
    nudges,
    log: silentLog,
    pictures: studio.pictures,
    detector: studio.detector,
    translate: (language) => messages.translator(language),
    languages: messages.languages,
    itemUrl: (person) => `https://items.example/wiki/${person}`,
    publicUrl: 'https://visavis.example',
    workerId: 'desk one',
  };
  return {
    store,
    clock,
    platform,
    studio,
    deps,
    projectId,
    owner,
    channel: { id: channelId, name },
    async open(other = {}) {
      const desk: { start(): Promise<void>; stop(): Promise<void> } = createDesk(
        { ...deps, ...other },
        platform.connect(),
      );
      const stop = desk.stop.bind(desk);
      desk.stop = async () => {
        desks = desks.filter((one) => one !== desk);
        await stop();
      };
      desks.push(desk);
      await desk.start();
      await clock.sleeping(LOOK_EVERY_MS);
      return desk;
    },
    close: closeDesks,
    async round(resting = 1) {
      await clock.sleeping(LOOK_EVERY_MS, resting);
      clock.advance(LOOK_EVERY_MS);
      await clock.sleeping(LOOK_EVERY_MS, resting);
    },
    async member(username, { role = 'member', blocked = false } = {}) {
      const accountId = await addAccount(store, { username, blocked });
      await addMember(store, projectId, { accountId, role });
      await linkUser(store, accountId, username);
      return { id: username, name: username, accountId };
    },
    question() {
      const [message, ...more] = platform.shown(name);
      if (!message || more.length > 0) throw new Error(`${more.length + (message ? 1 : 0)} messages`);
      return message;
    },
  };
}

/** A desk with one question up. */
export async function asked(faces = 1, given: Parameters<typeof deskWorld>[0] = {}) {
  const world = await deskWorld(given);
  const { faceIds } = await addPicture(world.store, world.projectId, faces);
  await world.open();
  const answers = async (person: Person) => {
    const all = await Promise.all(faceIds.map((id) => answersAbout(world.store, id)));
    return all.map((one) => one[person.accountId] ?? null);
  };
  return { ...world, world, message: world.question(), faceIds, answers };
}

/** What the person is told, in private, about one command; `null`: said in private, too. */
export async function answer(world: World, user: ChatUser, text: string, channel?: null): Promise<Card[]> {
  const before = world.platform.toldTo(user.id).length;
  await world.platform.say(channel === null ? null : world.channel.name, user, text);
  return world.platform.toldTo(user.id).slice(before);
}

/** The last of a list, which has one. */
export function last<T>(list: readonly T[]): T {
  return nth(list, list.length - 1);
}

export function nth<T>(list: readonly T[], i: number): T {
  if (i < 0 || i >= list.length) throw new Error(`there are only ${list.length}`);
  return list[i] as T;
}

/** Another channel of the project; its id on the platform. */
export async function anotherChannel({ store, projectId }: World): Promise<string> {
  const id = await addChannel(store, projectId);
  const row = await store.db
    .selectFrom('channels')
    .select('external_id')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.external_id;
}

/** The number that stands below a question. */
export function numberOf(message: FakeMessage): number {
  return Number(/^#(\d+) /.exec(message.card.footer ?? '')?.[1]);
}

/** A chat user of that id belongs to the account. */
export async function linkUser(store: Store, accountId: number, userId: string): Promise<void> {
  await store.db
    .insertInto('identities')
    .values({
      account_id: accountId,
      platform: 'room',
      external_id: userId,
      display_name: userId,
      linked_at: 0,
    })
    .execute();
}

export const visitor = (name: string): ChatUser => ({ id: name, name });

export interface Shown {
  readonly fileId: number;
  readonly faceIds: readonly number[];
  readonly thumbUrl: string;
}

/** A file with faces side by side. */
export async function addPicture(
  store: Store,
  projectId: number,
  faces = 1,
  given: { title?: string; author?: string } = {},
): Promise<Shown> {
  const fileId = await addFile(store, projectId, {
    author: 'A. Photographer',
    licence: 'CC BY-SA 4.0',
    ...given,
  });
  const faceIds: number[] = [];
  for (let i = 0; i < faces; i++) faceIds.push(await addFace(store, fileId, { x: 0.1 + i * 0.05 }));
  const { thumb_url: thumbUrl } = await store.db
    .selectFrom('files')
    .select('thumb_url')
    .where('id', '=', fileId)
    .executeTakeFirstOrThrow();
  return { fileId, faceIds, thumbUrl };
}

/** The matcher finds these faces near enough to be asked in a batch. */
export async function suggest(store: Store, projectId: number, faceIds: readonly number[]): Promise<void> {
  for (const [i, face_id] of faceIds.entries())
    await store.db
      .insertInto('suggestions')
      .values({ project_id: projectId, face_id, person: 'Q1', distance: 0.2 + i / 100, suggested: 1 })
      .execute();
}

/** The verdict about a face, `open` where there is none. */
export async function verdictOf(store: Store, projectId: number, faceId: number): Promise<string> {
  const row = await store.db
    .selectFrom('verdicts')
    .select('verdict')
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .executeTakeFirst();
  return row?.verdict ?? 'open';
}

/** Standing answers about a face by account. */
export async function answersAbout(store: Store, faceId: number): Promise<Record<number, string | null>> {
  const rows = await store.db
    .selectFrom('votes')
    .select(['account_id', 'answer'])
    .where('face_id', '=', faceId)
    .orderBy('id')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.account_id, row.answer]));
}

export async function countVotes(store: Store): Promise<number> {
  const { n } = await store.db
    .selectFrom('votes')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return n;
}
