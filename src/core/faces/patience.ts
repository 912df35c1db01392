import type { MatchBasis } from '../store/schema.ts';
import type { Db } from '../store/store.ts';

/**
 * Questions in a row about one person that found nobody, after which no more are asked about faces that are near no
 * example. Tuned with `visavis bench review`.
 */
export const MISSES: Readonly<Record<MatchBasis, number>> = {
  examples: 4,
  // Portraits may show the person at another age: people look at more faces before they give up.
  portrait: 12,
};

export interface Tries {
  /** Questions that found nobody since the last one that did, or since new faces came. */
  readonly misses: number;
  /** Questions that wait for an answer. */
  readonly open: number;
}

/**
 * The last questions about a person.
 * @param newFaces when the project got its newest faces, of `lastFaces`
 */
export async function triesFor(db: Db, projectId: number, person: string, newFaces: number): Promise<Tries> {
  const since = Math.max(await lastMatch(db, projectId, person), newFaces);
  const questions = await db
    .selectFrom('questions')
    .select((eb) => [
      'questions.state',
      'questions.closed_at',
      eb
        .selectFrom('question_faces')
        .innerJoin('verdicts', 'verdicts.face_id', 'question_faces.face_id')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('question_faces.question_id', '=', 'questions.id')
        .whereRef('verdicts.project_id', '=', 'questions.project_id')
        .whereRef('verdicts.person', '=', 'questions.person')
        // Nobody knows yet how a dispute ends.
        .where('verdicts.verdict', 'in', ['match', 'disputed', 'open'])
        .as('found'),
    ])
    .where('questions.project_id', '=', projectId)
    .where('questions.person', '=', person)
    .where('questions.purpose', '=', 'ask')
    .where('questions.state', 'in', ['open', 'decided'])
    .orderBy('questions.id', 'desc')
    .limit(LATEST)
    .execute();
  return {
    misses: questions.filter((row) => row.found === 0 && row.closed_at !== null && row.closed_at >= since)
      .length,
    open: questions.filter((row) => row.state === 'open').length,
  };
}

/** More than patience lasts, with some that are open. */
const LATEST = 40;

async function lastMatch(db: Db, projectId: number, person: string): Promise<number> {
  const row = await db
    .selectFrom('verdicts')
    .select((eb) => eb.fn.max('changed_at').as('at'))
    .where('project_id', '=', projectId)
    .where('person', '=', person)
    .where('verdict', '=', 'match')
    .executeTakeFirst();
  return row?.at ?? 0;
}

/** When the newest files and faces of a project came. */
export async function lastFaces(db: Db, projectId: number): Promise<number> {
  const row = await db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select((eb) => [eb.fn.max('files.detected_at').as('detected'), eb.fn.max('added_at').as('added')])
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  return Math.max(row?.detected ?? 0, row?.added ?? 0);
}
