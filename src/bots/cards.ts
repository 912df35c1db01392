import type { Detector, Drawing, Drawn } from '../core/faces/detector.ts';
import { describeError, type ErrorCode } from '../core/platform/errors.ts';
import { usernamesOf } from '../core/review/names.ts';
import { pairKey } from '../core/review/pairs.ts';
import { markLabel, seedsFor } from '../core/review/reactions.ts';
import { standingVotesOf } from '../core/review/standing.ts';
import type { QuestionKind, QuestionPurpose, QuestionState, VerdictValue } from '../core/store/schema.ts';
import type { Store } from '../core/store/store.ts';
import type { Pictures } from '../core/wiki/pictures.ts';
import type { Card, CardPicture } from './chat.ts';

/** A message in one language, with its parameters. */
export interface Translate {
  (key: string, ...params: (string | number)[]): string;
  /** Of the messages, which may be a fallback of the one asked for. */
  readonly language: string;
}

export interface CardDeps {
  readonly store: Store;
  readonly pictures: Pictures;
  readonly detector: Detector;
  readonly translate: (language: string) => Translate;
  /** Address of an item's page. */
  readonly itemUrl: (person: string) => string;
}

interface ShownFace {
  readonly fileId: number;
  readonly faceId: number;
  readonly position: number;
  readonly box: readonly [number, number, number, number];
  readonly thumbUrl: string;
  readonly title: string;
  readonly pageUrl: string;
  readonly author: string;
  readonly licence: string;
  readonly verdict: VerdictValue;
  readonly decided: boolean;
}

export interface Question {
  readonly id: number;
  readonly projectId: number;
  readonly kind: QuestionKind;
  readonly purpose: QuestionPurpose;
  readonly state: QuestionState;
  readonly person: string;
  /** Whom the project looks for. */
  readonly persons: number;
  readonly label: string;
  readonly description: string;
  readonly portraitUrl: string | null;
  readonly language: string;
  readonly votesNeeded: number;
  /** Shown where answers are private: no reactions, and nobody is named before there is a verdict. */
  readonly blind: boolean;
  readonly faces: readonly ShownFace[];
}

/** The question in the language of its project; channels may have a language of their own, and be blind. */
export async function readQuestion(store: Store, questionId: number): Promise<Question | null> {
  const row = await store.db
    .selectFrom('questions')
    .innerJoin('projects', 'projects.id', 'questions.project_id')
    .innerJoin('project_persons', (join) =>
      join
        .onRef('project_persons.project_id', '=', 'questions.project_id')
        .onRef('project_persons.person', '=', 'questions.person'),
    )
    .select((eb) => [
      eb
        .selectFrom('project_persons as all')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('all.project_id', '=', 'questions.project_id')
        .as('persons'),
      'questions.project_id',
      'questions.kind',
      'questions.purpose',
      'questions.state',
      'questions.person',
      'label',
      'description',
      'portrait_url',
      'language',
      'votes_needed',
    ])
    .where('questions.id', '=', questionId)
    .executeTakeFirst();
  if (!row) return null;
  const faces = await store.db
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'questions.project_id')
        .onRef('verdicts.face_id', '=', 'question_faces.face_id')
        .onRef('verdicts.person', '=', 'questions.person'),
    )
    .select([
      'question_faces.face_id',
      'files.id as file_id',
      'position',
      'x',
      'y',
      'w',
      'h',
      'thumb_url',
      'title',
      'page_url',
      'author',
      'licence',
      'verdicts.verdict',
    ])
    .where('question_faces.question_id', '=', questionId)
    .orderBy('position')
    .execute();
  return {
    id: questionId,
    projectId: row.project_id,
    kind: row.kind,
    purpose: row.purpose,
    state: row.state,
    person: row.person,
    persons: row.persons ?? 1,
    label: row.label,
    description: row.description,
    portraitUrl: row.portrait_url,
    language: row.language,
    votesNeeded: row.votes_needed,
    blind: false,
    faces: faces.map((face) => ({
      faceId: face.face_id,
      fileId: face.file_id,
      position: face.position,
      box: [face.x, face.y, face.w, face.h],
      thumbUrl: face.thumb_url,
      title: face.title,
      pageUrl: face.page_url,
      author: face.author,
      licence: face.licence,
      verdict: face.verdict ?? 'open',
      decided: (face.verdict ?? 'open') !== 'open',
    })),
  };
}

/** The question as people first see it, with its picture, and the bot's own reactions. */
export async function questionCard(
  deps: CardDeps,
  question: Question,
): Promise<{ card: Card; seeds: string[] }> {
  const drawn = await drawQuestion(deps, question);
  const t = deps.translate(question.language);
  const picture: CardPicture = { ...drawn, alt: altText(t, question) };
  const words = await questionWords(deps, question);
  return { card: { ...words, picture }, seeds: seedsOf(question) };
}

/** The bot's own reactions below a question. */
export function seedsOf(question: Question): string[] {
  return question.blind ? [] : answersTo(question);
}

/** What can be said to a question, as emoji. */
function answersTo(question: Question): string[] {
  return seedsFor(question.kind, question.faces.length, question.persons);
}

/** The words around the picture: the question, and what has come of it. */
export async function questionWords(deps: CardDeps, question: Question): Promise<Card> {
  const t = deps.translate(question.language);
  const [first] = question.faces;
  const lines = [question.description, t(`bot-how-${question.kind}`)];
  if (question.kind === 'batch') lines.push(t('bot-how-batch-letters'));
  else if (question.persons > 1) lines.push(t('bot-how-somebody-else'));
  if (question.purpose === 'dispute') lines.push(t('bot-how-dispute'));
  if (question.blind) lines.push(t('bot-how-blind'));
  const outcome = await outcomeLines(deps, question, t);
  const text = (question.state === 'open' ? [...lines, ...outcome] : [question.description, ...outcome])
    .filter((line) => line !== '')
    .join('\n');
  const files = new Map(question.faces.map((face) => [face.pageUrl, face]));
  return {
    title: t(`bot-ask-${question.kind}`, question.label, question.faces.length),
    text,
    links: [
      ...(files.size === 1 && first
        ? [{ text: t('bot-link-file'), url: first.pageUrl }]
        : [...files.values()].map((face) => ({
            text: markLabel(question.kind, face.position),
            url: face.pageUrl,
          }))),
      { text: t('bot-link-item', question.label), url: deps.itemUrl(question.person) },
    ],
    // The reactions once more, for those who prefer or need them; below a decided question reactions are enough, where
    // they count.
    buttons:
      question.state === 'open' || (question.blind && question.state === 'decided')
        ? answersTo(question).map((emoji) => ({ emoji, label: wordOf(t, emoji) }))
        : [],
    footer: [
      // The number by which an owner withdraws it.
      `#${question.id}`,
      ...[...files.values()].map((face) => {
        const cut = (text: string, most: number) => (files.size === 1 ? text : shortened(text, most));
        const title = cut(plainTitle(face.title), MOST_OF_TITLE);
        const author = cut(face.author || t('bot-author-unknown'), MOST_OF_AUTHOR);
        const credit = t('bot-credit', title, author, face.licence);
        return files.size === 1 ? credit : `${markLabel(question.kind, face.position)}: ${credit}`;
      }),
    ].join(' · '),
  };
}

/** What stands beside the emoji on a button; numbers and letters say enough. */
function wordOf(t: Translate, emoji: string): string {
  const word = BUTTON_WORDS.get(emoji);
  return word === undefined ? '' : t(word);
}

const BUTTON_WORDS: ReadonlyMap<string, string> = new Map([
  ['✅', 'bot-button-yes'],
  ['❌', 'bot-button-no'],
  ['🤷', 'bot-button-unsure'],
  ['🚫', 'bot-button-none'],
  ['👤', 'bot-button-else'],
]);

/** What the votes have come to, face by face, and who said so; nothing before there is a verdict (PRODUCT C3). */
async function outcomeLines(deps: CardDeps, question: Question, t: Translate): Promise<string[]> {
  if (question.state === 'withdrawn') return [t('bot-withdrawn')];
  // A check looks like any other question until it is closed; who was wrong is nobody's business here.
  const isCheck = question.purpose === 'check';
  if (isCheck && question.state === 'open') return [];
  const decided = question.faces.filter((face) => face.decided);
  const lines = isCheck ? [t('bot-was-check')] : [];
  const groups = Map.groupBy(decided, (face) => face.verdict);
  for (const [verdict, faces] of groups) {
    const labels = faces.map((face) => markLabel(question.kind, face.position)).join(', ');
    const key = question.kind === 'single' ? `bot-verdict-${verdict}` : `bot-verdicts-${verdict}`;
    lines.push(t(key.replaceAll('_', '-'), question.label, labels, faces.length));
  }
  // In a blind channel nobody's name stands below faces that others still answer about, or owners decide.
  const told = question.blind ? decided.filter((face) => face.verdict !== 'disputed') : question.faces;
  const voters = decided.length === 0 || isCheck ? [] : await votersOf(deps.store, question, told);
  if (voters.length > 0) lines.push(t('bot-voters', voters.join(', '), voters.length));
  if (question.state === 'over' || question.state === 'resting') lines.push(t('bot-over'));
  return lines;
}

async function votersOf(store: Store, question: Question, faces: readonly ShownFace[]): Promise<string[]> {
  const standing = await standingVotesOf(
    store.db,
    question.projectId,
    faces.map((face) => face.faceId),
  );
  const ids = faces
    .flatMap(({ faceId }) => standing.get(pairKey({ faceId, person: question.person })) ?? [])
    .filter((vote) => vote.answer !== 'unsure')
    .map((vote) => vote.accountId);
  const names = await usernamesOf(store.db, ids);
  return [...names.values()].sort();
}

/** These files can never be shown: asking again would give the same. */
export class UndrawableError extends Error {
  /** Why, in words, by the id of the file. */
  readonly files: ReadonlyMap<number, string>;

  constructor(files: ReadonlyMap<number, string>) {
    super([...files.values()].join('; '));
    this.name = 'UndrawableError';
    this.files = files;
  }
}

async function drawQuestion({ pictures, detector }: CardDeps, question: Question): Promise<Drawn> {
  const [first] = question.faces;
  if (!first) throw new Error(`question ${question.id} has no faces`);
  const portrait = question.portraitUrl
    ? await pictures.download(question.portraitUrl).catch(() => undefined)
    : undefined;
  const seen = question.kind === 'batch' ? question.faces : [first];
  const downloads = await eachFace(seen, (face) => pictures.download(face.thumbUrl));
  const picture = (face: ShownFace) => downloads.get(face.faceId) ?? new Uint8Array();
  const drawing: Drawing =
    question.kind === 'batch'
      ? {
          kind: 'sheet',
          tiles: question.faces.map((face) => ({
            picture: picture(face),
            box: face.box,
            label: markLabel('batch', face.position),
          })),
        }
      : {
          kind: 'question',
          picture: picture(first),
          marks: question.faces.map((face) => ({ box: face.box, label: String(face.position) })),
        };
  try {
    if (portrait) {
      try {
        return await detector.draw({ ...drawing, portrait });
      } catch (error) {
        // It may be the portrait, which a question can do without.
        if (!isFinal(error)) throw error;
      }
    }
    return await detector.draw(drawing);
  } catch (error) {
    if (!isFinal(error)) throw error;
    // Which of them is it?
    await eachFace(seen, (face) =>
      detector.draw({ kind: 'crop', picture: picture(face), box: face.box, size: 64 }),
    );
    if (seen.length > 1) throw error;
    throw new UndrawableError(new Map([[first.fileId, describeError(error).message]]));
  }
}

/** @throws UndrawableError naming all files that fail for good */
async function eachFace<T>(
  faces: readonly ShownFace[],
  work: (face: ShownFace) => Promise<T>,
): Promise<Map<number, T>> {
  const results = new Map<number, T>();
  const broken = new Map<number, string>();
  for (const face of faces) {
    try {
      results.set(face.faceId, await work(face));
    } catch (error) {
      if (!isFinal(error)) throw error;
      broken.set(face.fileId, describeError(error).message);
    }
  }
  if (broken.size > 0) throw new UndrawableError(broken);
  return results;
}

/** About the bytes, as in detection: the same again would give the same. */
const FINAL: readonly ErrorCode[] = [
  'not_a_picture',
  'broken_picture',
  'picture_too_large',
  'file_unreadable',
  'too_large',
];

function isFinal(error: unknown): boolean {
  return FINAL.includes(describeError(error).code);
}

function altText(t: Translate, question: Question): string {
  const [first] = question.faces;
  return t(`bot-alt-${question.kind}`, question.label, question.faces.length, plainTitle(first?.title ?? ''));
}

/** So that the credits of nine files fit below a message of Discord, which has room for 2,048 characters. */
const MOST_OF_TITLE = 60;
const MOST_OF_AUTHOR = 110;

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

function plainTitle(title: string): string {
  return title.replace(/^File:/, '').replace(/\.[a-z]{3,4}$/i, '');
}
