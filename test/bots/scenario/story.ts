import { vi } from 'vitest';
import { createDesk, type Desk, type DeskDeps } from '../../../src/bots/desk.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { fakeStudio, messages } from '../../support/desk.ts';
import { type FakeWiki, fakeWiki, wikiAccountOf } from '../../support/fake-wiki.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import type { Name, Shown, Stage, StageDeps } from './stage.ts';

export interface Asked {
  readonly questionId: number;
  readonly channel: string;
  readonly messageId: string;
  /** In the order in which they are numbered or lettered. */
  readonly faceIds: readonly number[];
}

/** The real desk on a stage, a project with its people, and a wiki to write to. */
export interface Story {
  readonly stage: Stage;
  readonly store: Store;
  readonly deps: DeskDeps;
  readonly wiki: FakeWiki;
  readonly projectId: number;
  /** Accounts on the wiki; who is linked in the chat is for the story to say. */
  readonly accounts: Readonly<Record<Exclude<Name, 'Zoe'>, number>>;
  /** Ends the desk, as when the process stops; nothing happens when there is none. */
  leave(): Promise<void>;
  /** Another process, with an adapter of its own. */
  arrive(): Promise<void>;
  /**
   * Files with one face each, all there at once.
   * @param before is done while nobody can be asked about them yet
   */
  addPictures(count: number, before?: (faceIds: number[]) => Promise<void>): Promise<number[]>;
  /** The only question that is open, as soon as people can answer it. */
  asked(channel?: string): Promise<Asked>;
  shown(asked: Pick<Asked, 'channel' | 'messageId'>): Promise<Shown>;
  /** What is told to somebody after they said this. */
  answer(name: Name, command: string): Promise<string>;
  /** The worker writes what waits. */
  write(): Promise<void>;
}

/** Waits for what the desk or a socket does. */
export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 });
}

export async function tellStory(
  store: Store,
  makeStage: (deps: StageDeps) => Promise<Stage>,
): Promise<Story> {
  const base = { store, clock: systemClock, nudges: memoryNudges() };
  const stage = await makeStage(base);
  const accounts = {
    Olga: await addAccount(store, { username: 'Olga' }),
    Ann: await addAccount(store, { username: 'Ann' }),
    Bob: await addAccount(store, { username: 'Bob' }),
  };
  const { id: projectId } = await addProject(store, {
    created_by: accounts.Olga,
    crawled_at: 1,
    votes_needed: 2,
    // What people decided before is asked again now and then; not here.
    check_every: 0,
  });
  for (const name of ['Ann', 'Bob'] as const)
    await addMember(store, projectId, { accountId: accounts[name] });
  const studio = fakeStudio();
  const deps: DeskDeps = {
    ...base,
    log: silentLog,
    pictures: studio.pictures,
    detector: studio.detector,
    translate: (language) => messages.translator(language),
    languages: messages.languages,
    itemUrl: (person) => `https://items.example/wiki/${person}`,
    publicUrl: 'https://visavis.example',
    workerId: 'a desk',
  };
  const wiki = fakeWiki();
  let desk: Desk | null = null;

  const story: Story = {
    stage,
    store,
    deps,
    wiki,
    projectId,
    accounts,
    async leave() {
      await desk?.stop();
      desk = null;
    },
    async arrive() {
      desk = createDesk(deps, stage.connect());
      await desk.start();
      await until(() => {
        if (!stage.isReady()) throw new Error('the bot is not there yet');
      });
    },
    async addPictures(count, before = async () => {}) {
      const fileIds: number[] = [];
      const faceIds: number[] = [];
      for (let i = 0; i < count; i++) {
        const file = { state: 'waiting', author: 'A. Photographer', licence: 'CC BY-SA 4.0' } as const;
        const fileId = await addFile(store, projectId, file);
        fileIds.push(fileId);
        faceIds.push(await addFace(store, fileId));
      }
      await before(faceIds);
      await store.db.updateTable('files').set({ state: 'detected' }).where('id', 'in', fileIds).execute();
      deps.nudges.nudge('posts');
      return faceIds;
    },
    asked: (channel = stage.questions) =>
      until(async () => {
        const [row, ...more] = await openPosts(channel);
        if (!row || more.length > 0) throw new Error(`${more.length + (row ? 1 : 0)} questions are open`);
        if (row.messageId === null || row.shown !== row.wanted) throw new Error('it is not shown yet');
        const faces = await store.db
          .selectFrom('question_faces')
          .select('face_id')
          .where('question_id', '=', row.questionId)
          .orderBy('position')
          .execute();
        const { questionId, messageId } = row;
        return { questionId, messageId, channel, faceIds: faces.map((face) => face.face_id) };
      }),
    async shown({ channel, messageId }) {
      const message = (await stage.shown(channel)).find((one) => one.id === messageId);
      if (!message) throw new Error(`nobody sees message ${messageId}`);
      return message;
    },
    async answer(name, command) {
      const before = (await stage.toldTo(name)).length;
      await stage.say(name, stage.questions, command);
      return until(async () => {
        const [text, ...more] = (await stage.toldTo(name)).slice(before);
        if (text === undefined || more.length > 0) throw new Error(`${name} was told ${more.length} more`);
        return text;
      });
    },
    async write() {
      await writeStep({ ...deps, wiki, wikiAccount: wikiAccountOf, editsPerMinute: null });
      deps.nudges.nudge('runs');
    },
  };
  return story;

  function openPosts(channel: string) {
    return store.db
      .selectFrom('posts')
      .innerJoin('channels', 'channels.id', 'posts.channel_id')
      .innerJoin('questions', 'questions.id', 'posts.question_id')
      .select(['questions.id as questionId', 'posts.external_id as messageId', 'posts.shown', 'posts.wanted'])
      .where('channels.external_id', '=', channel)
      .where('questions.state', '=', 'open')
      .execute();
  }
}
