import { refusal } from '../platform/refusals.ts';
import { personIds } from '../projects/persons.ts';
import { PORTRAIT_COLUMNS, type Portrait, portraitOf } from '../projects/portraits.ts';
import type { Pair } from '../review/pairs.ts';
import { askableFor } from '../review/skips.ts';
import { castBallot, type VoteDeps } from '../review/votes.ts';
import type { Answer } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Box } from './detector.ts';
import { nextQuestion } from './next.ts';
import { fileOfFace, type PictureFace, type PictureFile, pictureFaces, pictureFile } from './picture.ts';

/** What one page of the site asks: about one face, or which of several faces of one file it is. */
export interface AskedFaces {
  /** The question in a chat that this answers too; null for none. */
  readonly questionId: number | null;
  readonly person: string;
  /** In the order of their numbers; all in one file. */
  readonly faceIds: readonly number[];
}

/** What the address of a crop names: a box that was drawn anew has another one. */
export type CropOf = Pick<PictureFace, 'faceId' | 'boxNumber'>;

/** Everything that the page shows about it. */
export interface ReviewView extends AskedFaces {
  readonly label: string;
  readonly description: string;
  readonly portrait: Portrait | null;
  /** Up to three faces that are confirmed to be the person. */
  readonly examples: readonly CropOf[];
  readonly file: PictureFile;
  /** In the order of their numbers. */
  readonly faces: readonly PictureFace[];
  /** Boxes of the file's other faces. */
  readonly others: readonly Box[];
}

const MOST_FACES = 9;
const EXAMPLES = 3;

/**
 * What a member is asked next on the site (`askableFor`), one file at a time: of a batch, whose faces are in
 * different files, the first. A batch is answered without its question, because an answer to a part of it would say
 * that the rest was lettered.
 */
export async function nextForReview(
  store: Store,
  args: { projectId: number; accountId: number },
): Promise<AskedFaces | null> {
  const question = await askableFor(store, args);
  if (!question) return null;
  const { questionId, person, faceIds, kind } = question;
  if (kind !== 'batch') return { questionId: await outsideBatch(store, questionId), person, faceIds };
  return { questionId: null, person, faceIds: faceIds.slice(0, 1) };
}

/** The last face that is left of a batch is asked about alone; it is answered as the others were. */
async function outsideBatch(store: Store, questionId: number | null): Promise<number | null> {
  if (questionId === null) return null;
  const question = await store.db
    .selectFrom('questions')
    .select('kind')
    .where('id', '=', questionId)
    .executeTakeFirst();
  return question?.kind === 'batch' ? null : questionId;
}

/** @returns null unless the person and the faces are the project's, and the faces in one file that can be shown */
export async function reviewView(
  store: Store,
  projectId: number,
  asked: AskedFaces,
): Promise<ReviewView | null> {
  const { person, faceIds } = asked;
  const row = await store.db
    .selectFrom('project_persons')
    .select(['label', 'description', ...PORTRAIT_COLUMNS])
    .where('project_id', '=', projectId)
    .where('person', '=', person)
    .executeTakeFirst();
  const file = row && (await fileOf(store, projectId, faceIds[0] ?? 0));
  if (!file) return null;
  const inFile = await pictureFaces(store.db, file.id);
  const faces = faceIds.flatMap((faceId) => inFile.find((face) => face.faceId === faceId) ?? []);
  if (faces.length !== faceIds.length || new Set(faceIds).size !== faceIds.length) return null;
  return {
    ...asked,
    label: row.label,
    description: row.description,
    portrait: portraitOf(row),
    examples: await examplesOf(store, projectId, person, faceIds),
    file,
    faces,
    others: inFile.filter((face) => !faces.includes(face)).map((face) => face.box),
  };
}

async function fileOf(store: Store, projectId: number, faceId: number): Promise<PictureFile | null> {
  const fileId = await fileOfFace(store, faceId);
  return fileId === null ? null : pictureFile(store, projectId, fileId);
}

async function examplesOf(
  store: Store,
  projectId: number,
  person: string,
  without: readonly number[],
): Promise<CropOf[]> {
  const rows = await store.db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .select(['face_id', 'box_number'])
    .where('project_id', '=', projectId)
    .where('person', '=', person)
    .where('verdict', '=', 'match')
    .where('face_id', 'not in', without)
    .orderBy('changed_at', 'desc')
    .limit(EXAMPLES)
    .execute();
  return rows.map((row) => ({ faceId: row.face_id, boxNumber: row.box_number }));
}

/**
 * The picture that is likely to be asked about after this one, for browsers to load ahead: a guess, because what is
 * asked next depends on the answer.
 */
export async function pictureAhead(
  store: Store,
  projectId: number,
  { questionId, faceIds }: AskedFaces,
): Promise<string | null> {
  const faceId = await store.transaction(async (trx) => {
    const waiting = await trx
      .selectFrom('questions')
      .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
      .select('face_id')
      .where('project_id', '=', projectId)
      .where('state', '=', 'open')
      .where('purpose', 'in', ['ask', 'check'])
      .where('questions.id', '>', questionId ?? 0)
      .where('face_id', 'not in', faceIds)
      .orderBy('questions.id')
      .orderBy('position')
      .limit(1)
      .executeTakeFirst();
    if (waiting) return waiting.face_id;
    const next = await nextQuestion(trx, projectId, (pair) => !faceIds.includes(pair.faceId));
    return next?.faceIds[0] ?? null;
  });
  return faceId === null ? null : ((await fileOf(store, projectId, faceId))?.pictureUrl ?? null);
}

/** What somebody says on the page: about all faces, or which one it is. `else`: none of the project's persons. */
export type Said = Answer | 'else' | { readonly faceId: number };

/**
 * Votes as the page shows them: a chosen face is the person and the others are not. The same again
 * changes nothing. @throws VisavisError `not_found`, `bad_input`, `forbidden`
 */
export async function answerForReview(
  deps: VoteDeps,
  args: { projectId: number; accountId: number; asked: AskedFaces; said: Said },
): Promise<void> {
  const { projectId, accountId, asked, said } = args;
  const { questionId, person, faceIds } = asked;
  if (faceIds.length === 0 || faceIds.length > MOST_FACES || (await isMadeUp(deps.store, projectId, asked)))
    throw refusal('question-over');
  if (typeof said === 'object' && !faceIds.includes(said.faceId)) throw refusal('face-not-asked');
  const all = said === 'else' ? await personIds(deps.store.db, projectId) : [];
  const persons = [...new Set([person, ...all])];
  const answer = (faceId: number): Answer => {
    if (typeof said === 'object') return faceId === said.faceId ? 'yes' : 'no';
    return said === 'else' ? 'no' : said;
  };
  await castBallot(deps, {
    projectId,
    accountId,
    answers: faceIds.flatMap((faceId) =>
      persons.map((one) => ({ faceId, person: one, answer: answer(faceId) })),
    ),
    questionId,
    platform: 'web',
  });
}

/**
 * Somebody drew a face on the page and says who it is: one answer. A face that is the person means that the others
 * which were asked about are not, as with a number. The same again changes nothing.
 * @param args.asked what the page asked meanwhile; null: nothing
 * @throws VisavisError `not_found`, `forbidden`
 */
export async function answerWithDrawn(
  deps: VoteDeps,
  args: { projectId: number; accountId: number; faceId: number; person: string; asked: AskedFaces | null },
): Promise<void> {
  const { projectId, accountId, faceId, person, asked } = args;
  const isAnswered = asked?.person === person && !(await isNoVote(deps.store, projectId, asked));
  const fileId = await fileOfFace(deps.store, faceId);
  const inFile = fileId === null ? [] : await pictureFaces(deps.store.db, fileId);
  const others = isAnswered ? asked.faceIds.filter((id) => id !== faceId) : [];
  await castBallot(deps, {
    projectId,
    accountId,
    answers: [
      { faceId, person, answer: 'yes' },
      ...others
        .filter((id) => inFile.some((face) => face.faceId === id))
        .map((id) => ({ faceId: id, person, answer: 'no' as const })),
    ],
    questionId: isAnswered ? asked.questionId : null,
    platform: 'web',
  });
}

/** Answers to a check are no votes, and one that is not the project's is no question. */
async function isNoVote(store: Store, projectId: number, asked: AskedFaces): Promise<boolean> {
  if (await isMadeUp(store, projectId, asked)) return true;
  if (asked.questionId === null) return false;
  const question = await store.db
    .selectFrom('questions')
    .select('purpose')
    .where('id', '=', asked.questionId)
    .executeTakeFirst();
  return question?.purpose === 'check';
}

/** The question comes from a browser: it must be about this project, this person and these faces. */
async function isMadeUp(store: Store, projectId: number, asked: AskedFaces): Promise<boolean> {
  if (asked.questionId === null) return false;
  const rows = await store.db
    .selectFrom('questions')
    .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
    .select('face_id')
    .where('questions.id', '=', asked.questionId)
    .where('project_id', '=', projectId)
    .where('person', '=', asked.person)
    .where('kind', '!=', 'batch')
    .execute();
  const known = new Set(rows.map((row) => row.face_id));
  return !asked.faceIds.every((faceId) => known.has(faceId));
}

export interface LastAnswer extends AskedFaces {
  readonly ballotId: number;
  /** null: an answer was taken back. */
  readonly answers: readonly (Pair & { readonly answer: Answer | null })[];
}

/** What an undo would take back: the own last answer in a project that counts still, to a check or not. */
export async function lastAnswer(
  store: Store,
  { projectId, accountId }: { projectId: number; accountId: number },
): Promise<LastAnswer | null> {
  const ballot = await store.db
    .selectFrom('ballots')
    .select('id')
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .where('undone_at', 'is', null)
    .orderBy('id', 'desc')
    .executeTakeFirst();
  if (!ballot) return null;
  const votes = await store.db
    .selectFrom('votes')
    .select(['face_id', 'person', 'answer', 'question_id'])
    .where('ballot_id', '=', ballot.id)
    .orderBy('id')
    .execute();
  const checks = await store.db
    .selectFrom('check_answers')
    .select(['face_id', 'person', 'answer', 'question_id'])
    .where('ballot_id', '=', ballot.id)
    .orderBy('id')
    .execute();
  const rows = [...votes, ...checks];
  const [first] = rows;
  if (!first) return null;
  return {
    ballotId: ballot.id,
    questionId: await outsideBatch(store, first.question_id),
    person: first.person,
    faceIds: [...new Set(rows.filter((row) => row.person === first.person).map((row) => row.face_id))],
    answers: rows.map((row) => ({ faceId: row.face_id, person: row.person, answer: row.answer })),
  };
}
