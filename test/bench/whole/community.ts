/** People with browsers: they sign in through the wiki, link their names in the practice room, and answer there. */
import { setTimeout as pause } from 'node:timers/promises';
import { perfect } from '../../../src/cli/review/reviewer.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { PocketWiki } from '../../../src/sandbox/wiki.ts';
import { fieldsOf } from '../../sandbox/harness.ts';
import { until } from '../../support/until.ts';
import { Browser } from '../../web/support/browser.ts';
import { ITEMS, whoIsAt } from './pictures.ts';
import { CATEGORY, numberOf } from './wiki.ts';

const CHANNEL = 'practice';
const LOOK_EVERY_MS = 300;

export class Member {
  readonly name: string;
  readonly browser: Browser;
  readonly #wiki: PocketWiki;
  #csrf = '';

  constructor(name: string, siteUrl: string, wiki: PocketWiki) {
    this.name = name;
    this.browser = new Browser(siteUrl);
    this.#wiki = wiki;
  }

  /** Signs in at the site, and allows it at the wiki. */
  async signIn(): Promise<void> {
    const begun = await this.browser.get('/sign-in?next=/');
    const wiki = new Browser(this.#wiki.url);
    const open = async (url: string): Promise<Response> => {
      const answer = await wiki.get(pathOf(url));
      const next = answer.headers.get('location');
      return next && new URL(next, this.#wiki.url).origin === this.#wiki.url ? open(next) : answer;
    };
    const login = await open(begun.headers.get('location') ?? '');
    const user = String(this.#wiki.hands.user(this.name).id);
    const asked = await wiki.post('/wiki/Special:UserLogin', { ...fieldsOf(await login.text()), user });
    const consent = await open(asked.headers.get('location') ?? '');
    const allowed = await wiki.post('/wiki/Special:OAuth/approve', {
      ...fieldsOf(await consent.text()),
      accept: 'x',
    });
    const back = await open(allowed.headers.get('location') ?? '');
    await this.browser.get(pathOf(back.headers.get('location') ?? ''));
    this.#csrf = await this.browser.csrf();
  }

  /** Links the name in the room to the account, as the bot says. */
  async link(): Promise<void> {
    await this.say('!visavis link');
    const address = await until('the bot gives a link', async () => {
      const room = await (await this.browser.get(`/room/${CHANNEL}/messages`)).text();
      return /\/link\/[\w-]+/.exec(room)?.[0];
    });
    await this.#post(address, {}, 'text/html');
  }

  /** Makes the project that looks for everybody in the category. */
  async setUp({ votesNeeded }: { readonly votesNeeded: number }): Promise<void> {
    await this.send('/projects/new', {
      persons: ITEMS.join(' '),
      category: CATEGORY,
      title: 'The whole way',
      threshold: '0.6',
      minConfirmed: '2',
      votesNeeded: String(votesNeeded),
      depth: '0',
      open: 'on',
      matching: 'on',
      acknowledged: 'on',
      anyway: 'on',
    });
  }

  async say(text: string, channel = CHANNEL): Promise<void> {
    await this.#post(`/room/${channel}/messages`, { text });
  }

  async react(messageId: string, emoji: string): Promise<void> {
    await this.#post(`/room/${CHANNEL}/messages/${messageId}/reactions`, { change: `add ${emoji}` });
  }

  /** Sends a form of the site. @returns where it leads to */
  async send(path: string, fields: Record<string, string>): Promise<string> {
    const answer = await this.#post(path, fields, 'text/html');
    const text = await answer.text();
    const where = answer.headers.get('location');
    if (!where) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 2000)}`);
    return where;
  }

  async #post(path: string, fields: Record<string, string>, accept = 'application/json'): Promise<Response> {
    for (let times = 1; ; times++) {
      const answer = await patiently(() =>
        this.browser.post(path, { ...fields, csrf: this.#csrf }, { accept }),
      );
      if (answer.status < 400) return answer;
      // People who are told to slow down do so; and on a busy machine they try again.
      const later = answer.status === 429 || answer.status === 408 || answer.status >= 500;
      if (!later || times >= 10) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
      await pause(1000 * Number(answer.headers.get('retry-after') ?? 1));
    }
  }
}

export interface Community {
  readonly answers: number;
  /** Rejects when one of them cannot go on. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Everybody answers what waits in the room, one question after the other, as whoever looks at every face and knows
 * everybody: letters first, then the tick.
 * @param votesNeeded so many of them answer each question
 * @param thinkMs of each of them, between two answers
 */
export function letAnswer(
  store: Store,
  members: readonly Member[],
  { votesNeeded, thinkMs }: { readonly votesNeeded: number; readonly thinkMs: number },
): Community {
  const ending = new AbortController();
  const answered = new Map<number, Set<Member>>();
  let answers = 0;
  let open: readonly OpenQuestion[] = [];
  const watch = async () => {
    while (!ending.signal.aborted) {
      open = await openQuestions(store);
      await pause(LOOK_EVERY_MS);
    }
  };
  const live = async (member: Member) => {
    while (!ending.signal.aborted) {
      const question = open.find(({ questionId }) => {
        const by = answered.get(questionId);
        return !by || (by.size < votesNeeded && !by.has(member));
      });
      if (!question) {
        await pause(LOOK_EVERY_MS);
        continue;
      }
      const by = answered.get(question.questionId) ?? new Set();
      answered.set(question.questionId, by.add(member));
      const signs = await signsFor(store, question);
      for (const sign of signs) await member.react(question.messageId, sign);
      answers++;
      await pause(thinkMs);
    }
  };
  /** What a person has open in the browser beside the room. */
  const read = async (member: Member) => {
    for (let i = 0; !ending.signal.aborted; i++) {
      const page = i % 2 === 0 ? `/room/${CHANNEL}/messages` : '/projects/1';
      await patiently(async () => (await member.browser.get(page)).text());
      await pause(10_000, undefined, { signal: ending.signal }).catch(() => {});
    }
  };
  const all = Promise.all([watch(), ...members.map(live), ...members.map(read)]);
  const failed = new Promise<never>((_, reject) => all.catch(reject));
  failed.catch(() => {});
  return {
    failed,
    get answers() {
      return answers;
    },
    async stop() {
      ending.abort();
      await all;
    },
  };
}

interface OpenQuestion {
  readonly questionId: number;
  readonly messageId: string;
  readonly kind: 'single' | 'several' | 'batch';
  readonly person: string;
}

async function openQuestions({ db }: Store): Promise<OpenQuestion[]> {
  const rows = await db
    .selectFrom('questions')
    .innerJoin('posts', 'posts.question_id', 'questions.id')
    .select(['questions.id', 'questions.kind', 'questions.person', 'posts.external_id'])
    .where('questions.state', '=', 'open')
    .where('posts.state', '=', 'up')
    .orderBy('questions.id')
    .execute();
  return rows.flatMap(({ id, kind, person, external_id: messageId }) =>
    messageId === null ? [] : [{ questionId: id, messageId, kind, person }],
  );
}

/** The reactions of somebody who looks at the picture: the order is that of a careful person. */
async function signsFor({ db }: Store, { questionId, kind, person }: OpenQuestion): Promise<string[]> {
  const faces = await db
    .selectFrom('question_faces')
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['files.title', 'faces.x', 'faces.w'])
    .where('question_id', '=', questionId)
    .orderBy('position')
    .execute();
  const truth = faces.map(({ title, x, w }) => whoIsAt(numberOf(title), x + w / 2) === person);
  // As the post shows them.
  return perfect({ kind, truth })
    .toReversed()
    .map((sign) => sign.replace('\u{20E3}', '\u{FE0F}\u{20E3}'));
}

/**
 * As browsers do: a connection that the site has closed, because nothing was asked on it for long, is opened again. What
 * is asked for here can be asked twice.
 */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times++) {
    try {
      return await ask();
    } catch (error) {
      if (times >= 5 || !(error instanceof TypeError)) throw error;
      await pause(200 * times);
    }
  }
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url, 'http://localhost');
  return pathname + search;
}
