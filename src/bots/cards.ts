import type { Detector } from '../core/faces/detector.ts';
import { PORTRAIT_COLUMNS, type Portrait, portraitOf } from '../core/projects/portraits.ts';
import { markLabel, seedsFor } from '../core/review/reactions.ts';
import { askedRows } from '../core/review/verdict-rows.ts';
import type { QuestionKind, QuestionPurpose, QuestionState, VerdictValue } from '../core/store/schema.ts';
import type { Store } from '../core/store/store.ts';
import type { Pictures } from '../core/wiki/pictures.ts';
import type { Card, CardPicture } from './chat.ts';
import { drawQuestion } from './drawing.ts';
import { voterLines } from './voters.ts';

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

export interface ShownFace {
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
  readonly portrait: Portrait | null;
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
      ...PORTRAIT_COLUMNS,
      'language',
      'votes_needed',
    ])
    .where('questions.id', '=', questionId)
    .executeTakeFirst();
  if (!row) return null;
  const faces = await askedRows(store.db)
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
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
    portrait: portraitOf(row),
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
  const { drawn, withPortrait } = await drawQuestion(deps, question);
  const t = deps.translate(question.language);
  const shown = withPortrait ? question : { ...question, portrait: null };
  const picture: CardPicture = { ...drawn, alt: altText(t, shown) };
  const words = await questionWords(deps, shown);
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
  const { portrait } = question;
  const lines = [question.description];
  if (portrait) lines.push(t('bot-portrait', question.label));
  lines.push(t(`bot-how-${question.kind}`));
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
      ...(portrait ? [{ text: t('bot-link-portrait'), url: portrait.pageUrl }] : []),
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
      ...[...files.values()].map((face) =>
        files.size === 1
          ? creditOf(t, face)
          : `${markLabel(question.kind, face.position)}: ${shortCreditOf(t, face)}`,
      ),
      ...(portrait ? [t('bot-credit-portrait', shortCreditOf(t, portrait))] : []),
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

/** What the votes have come to, face by face, and who said so; nothing before there is a verdict. */
async function outcomeLines(deps: CardDeps, question: Question, t: Translate): Promise<string[]> {
  if (question.state === 'withdrawn') return [t('bot-withdrawn')];
  // A check looks like any other question until it is closed; who was wrong is nobody's business here.
  const isCheck = question.purpose === 'check';
  if (isCheck && question.state === 'open') return [];
  const decided = question.faces.filter((face) => face.decided);
  const lines = isCheck ? [t('bot-was-check')] : [];
  const groups = Map.groupBy(decided, (face) => face.verdict);
  for (const verdict of ['match', 'no_match', 'disputed'] as const) {
    const faces = groups.get(verdict);
    if (!faces) continue;
    const labels = faces.map((face) => markLabel(question.kind, face.position)).join(', ');
    const key = question.kind === 'single' ? `bot-verdict-${verdict}` : `bot-verdicts-${verdict}`;
    lines.push(t(key.replaceAll('_', '-'), question.label, labels, faces.length));
  }
  // What others said is told of decided faces alone; in a blind channel also not below those that owners decide.
  const told = question.blind ? decided.filter((face) => face.verdict !== 'disputed') : decided;
  if (!isCheck) lines.push(...(await voterLines(deps.store, question, told, t)));
  if (question.state === 'over' || question.state === 'resting') lines.push(t('bot-over'));
  return lines;
}

interface Credited {
  readonly title: string;
  readonly author: string;
  readonly licence: string;
}

function creditOf(t: Translate, { title, author, licence }: Credited): string {
  return t('bot-credit', plainTitle(title), author || t('bot-author-unknown'), licence);
}

/** So that the credits of nine files and a portrait fit below a message of Discord, which has room for 2,048 characters. */
function shortCreditOf(t: Translate, { title, author, licence }: Credited): string {
  return creditOf(t, {
    title: shortened(plainTitle(title), MOST_OF_TITLE),
    author: shortened(author, MOST_OF_AUTHOR),
    licence,
  });
}

const MOST_OF_TITLE = 45;
const MOST_OF_AUTHOR = 110;

function altText(t: Translate, question: Question): string {
  const [first] = question.faces;
  const alt = t(
    `bot-alt-${question.kind}`,
    question.label,
    question.faces.length,
    plainTitle(first?.title ?? ''),
  );
  return question.portrait ? t('bot-alt-portrait', alt, question.label) : alt;
}

function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}

function plainTitle(title: string): string {
  return title.replace(/^File:/, '').replace(/\.[a-z]{3,4}$/i, '');
}
