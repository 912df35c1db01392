import type { ExpressionBuilder } from 'kysely';
import { lockProject } from '../projects/members.ts';
import type { Pair } from '../review/pairs.ts';
import { hasRoom, type NewQuestion, openQuestion } from '../review/questions.ts';
import type { MatchBasis, Schema } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import {
  type Askable,
  type AskableOptions,
  askableAmong,
  askableFaces,
  firstWanted,
  letteredFaces,
  type StoredOpinion,
  storedOpinions,
} from './askable.ts';
import { lastFaces, MISSES, triesFor } from './patience.ts';

const MOST_FACES = 9;

/**
 * Opens the next question of a project in a channel, unless the channel has as many open ones as it wants.
 * Looking and opening happen in one transaction that holds the project's row, so that two bots never ask the
 * same thing.
 * @returns whether a question was opened
 */
export async function askNext(
  store: Store,
  args: { channelId: number; projectId: number; maxOpen: number; now: number },
): Promise<boolean> {
  return store.transaction(async (trx) => {
    const project = await lockProject(store, trx, args.projectId);
    if (project?.state !== 'active' || !(await hasRoom(trx, args, ['ask', 'check']))) return false;
    const question = await nextQuestion(trx, args.projectId);
    if (!question) return false;
    await openQuestion(trx, question, args.channelId, args.now);
    return true;
  });
}

/**
 * What to ask next; null when there is nothing, or nothing worth asking. What nobody answered for days
 * comes again when nothing else is left.
 * @param wanted which faces and persons may be asked about
 */
export async function nextQuestion(
  trx: Trx,
  projectId: number,
  wanted: (pair: Pair) => boolean = () => true,
): Promise<NewQuestion | null> {
  const question = await firstOf(trx, projectId, { wanted });
  if (question || !(await hasResting(trx, projectId))) return question;
  return firstOf(trx, projectId, { wanted, resting: true });
}

/**
 * What was left out of an accepted batch, one by one; suggestions, in batches of up to nine as soon as there are two;
 * the files with the face that is nearest to an example; a few that are farther away, some of them at random; and for
 * persons that there is nothing to measure against, one file after the other.
 */
async function firstOf(trx: Trx, projectId: number, options: AskableOptions): Promise<NewQuestion | null> {
  const [lettered] = await letteredFaces(trx, projectId, options);
  if (lettered) return aboutFaces(projectId, 'single', [lettered]);
  const opinions = await storedOpinions(trx, projectId);
  const likely = opinions.filter((opinion) => opinion.suggested === 1 || opinion.near === 1);
  const [first] = await askableAmong(trx, projectId, likely, 1, options);
  if (!first) {
    return (await farther(trx, projectId, opinions, options)) ?? (await unmeasured(trx, projectId, options));
  }
  const { faceId, person } = first;
  const place = likely.findIndex((opinion) => opinion.face_id === faceId);
  if (likely[place]?.suggested === 0) return aboutFile(trx, projectId, first, options);
  // Those before it cannot be asked about.
  const hers = likely.slice(place).filter((opinion) => opinion.suggested === 1 && opinion.person === person);
  const batch = await askableAmong(trx, projectId, hers, MOST_FACES, options);
  return aboutFaces(projectId, batch.length > 1 ? 'batch' : 'single', batch);
}

interface AskedPerson {
  readonly person: string;
  /** null: there is nothing to measure against. */
  readonly basis: MatchBasis | null;
  /** An owner wants everything asked. */
  readonly askRest: boolean;
}

async function personsOf(trx: Trx, projectId: number): Promise<AskedPerson[]> {
  const rows = await trx
    .selectFrom('project_persons')
    .leftJoin('matched_persons', (join) =>
      join
        .onRef('matched_persons.project_id', '=', 'project_persons.project_id')
        .onRef('matched_persons.person', '=', 'project_persons.person'),
    )
    .select(['project_persons.person', 'basis', 'ask_rest'])
    .where('project_persons.project_id', '=', projectId)
    .orderBy('position')
    .execute();
  return rows.map((row) => ({ person: row.person, basis: row.basis, askRest: row.ask_rest === 1 }));
}

/**
 * Faces that are near no example, for one person after the other until a few in a row were somebody else: the nearest
 * ones, and every other time one at random, because people do not always look like their examples.
 */
async function farther(
  trx: Trx,
  projectId: number,
  opinions: readonly StoredOpinion[],
  options: AskableOptions,
): Promise<NewQuestion | null> {
  const newFaces = await lastFaces(trx, projectId);
  for (const { person, basis, askRest } of await personsOf(trx, projectId)) {
    if (basis === null) continue;
    const { misses, open } = await triesFor(trx, projectId, person, newFaces);
    if (!askRest && misses + open >= MISSES[basis]) continue;
    const atRandom = basis === 'examples' && (misses + open) % 2 === 1;
    const hers = opinions.filter((opinion) => opinion.person === person);
    const face =
      (atRandom ? await anyFace(trx, projectId, person, options) : null) ??
      (await askableAmong(trx, projectId, hers, 1, options))[0];
    if (face) return aboutFile(trx, projectId, face, options);
  }
  return null;
}

/**
 * Files with few faces first while nothing is known, because their answers are worth most; without matching in the
 * order of the files.
 */
async function unmeasured(trx: Trx, projectId: number, options: AskableOptions): Promise<NewQuestion | null> {
  const { matching } = await trx
    .selectFrom('projects')
    .select('matching')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  for (const { person, basis, askRest } of await personsOf(trx, projectId)) {
    if (basis !== null && !askRest) continue;
    const faces = askableFaces(trx, projectId, options)
      .where('project_persons.person', '=', person)
      .orderBy('faces.file_id')
      .orderBy('faces.x')
      .orderBy('faces.id');
    const face = matching === 1 ? await alone(faces, options) : await firstWanted(faces, options);
    if (face) return aboutFile(trx, projectId, face, options);
  }
  return null;
}

/** A face of the file with the fewest. */
async function alone(
  query: ReturnType<typeof askableFaces>,
  options: AskableOptions,
): Promise<Askable | null> {
  const faces = (await query.execute()).filter(options.wanted);
  const files = [...Map.groupBy(faces, (face) => face.fileId).values()];
  return files.toSorted((a, b) => a.length - b.length)[0]?.[0] ?? null;
}

/** The same face for the same state of the project, and another one when something has changed. */
async function anyFace(
  trx: Trx,
  projectId: number,
  person: string,
  options: AskableOptions,
): Promise<Askable | null> {
  const { change_number } = await trx
    .selectFrom('projects')
    .select('change_number')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  const { low, high } = await trx
    .selectFrom('project_files')
    .select((eb) => [eb.fn.min('file_id').as('low'), eb.fn.max('file_id').as('high')])
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  const from = low + Math.floor(fraction(projectId, change_number) * (high - low + 1));
  const faces = askableFaces(trx, projectId, options)
    .where('project_persons.person', '=', person)
    .where((eb) => isNobodyElse(eb, projectId, person))
    .orderBy('faces.file_id')
    .orderBy('faces.x')
    .orderBy('faces.id');
  return (
    (await firstWanted(faces.where('project_files.file_id', '>=', from), options)) ??
    (await firstWanted(faces.where('project_files.file_id', '<', from), options))
  );
}

/** Two numbers shuffled to one in 0..1 (the finish of MurmurHash3). */
function fraction(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ b;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** A face with the others of its file that are not more likely somebody else: which of them is the person? */
async function aboutFile(
  trx: Trx,
  projectId: number,
  { faceId, fileId, person }: Askable,
  options: AskableOptions,
): Promise<NewQuestion> {
  const faces = await askableFaces(trx, projectId, options)
    .where('project_files.file_id', '=', fileId)
    .where('project_persons.person', '=', person)
    .where((eb) => eb.or([eb('faces.id', '=', faceId), isNobodyElse(eb, projectId, person)]))
    // Numbered from left to right, as people read a picture.
    .orderBy('faces.x')
    .orderBy('faces.id')
    .execute();
  const wanted = faces.filter(options.wanted);
  const place = wanted.findIndex((face) => face.faceId === faceId);
  const part = wanted.slice(place - (place % MOST_FACES)).slice(0, MOST_FACES);
  return aboutFaces(projectId, part.length > 1 ? 'several' : 'single', part);
}

/** The matcher does not think that the face is more likely another person of the project. */
function isNobodyElse(eb: ExpressionBuilder<Schema, 'faces'>, projectId: number, person: string) {
  return eb.not(
    eb.exists(
      eb
        .selectFrom('suggestions')
        .select('suggestions.face_id')
        .where('suggestions.project_id', '=', projectId)
        .whereRef('suggestions.face_id', '=', 'faces.id')
        .where('suggestions.person', '!=', person),
    ),
  );
}

function aboutFaces(projectId: number, kind: NewQuestion['kind'], faces: readonly Askable[]): NewQuestion {
  return {
    projectId,
    kind,
    person: faces[0]?.person as string,
    faceIds: faces.map((face) => face.faceId),
  };
}

async function hasResting(trx: Trx, projectId: number): Promise<boolean> {
  const row = await trx
    .selectFrom('questions')
    .select('id')
    .where('project_id', '=', projectId)
    .where('state', '=', 'resting')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
