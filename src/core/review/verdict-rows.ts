import type { ExpressionBuilder } from 'kysely';
import type { Schema } from '../store/schema.ts';
import type { Db } from '../store/store.ts';

/**
 * The verdicts of a project with their faces and files, as a query to be narrowed down. Only about persons that the
 * project looks for still.
 */
export function verdictRows(db: Db, projectId: number) {
  return db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .innerJoin('project_persons', (join) =>
      join
        .onRef('project_persons.project_id', '=', 'verdicts.project_id')
        .onRef('project_persons.person', '=', 'verdicts.person'),
    )
    .where('verdicts.project_id', '=', projectId)
    .where('faces.withdrawn_at', 'is', null);
}

/** Of the rows above: the questions that ask about the face and the person, or were taken out by an owner. */
export function questionsAbout(eb: ExpressionBuilder<Schema, 'verdicts'>, projectId: number) {
  return eb
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .select('questions.id')
    .whereRef('question_faces.face_id', '=', 'verdicts.face_id')
    .whereRef('questions.person', '=', 'verdicts.person')
    .where('questions.project_id', '=', projectId)
    .where('questions.state', 'in', ['open', 'withdrawn']);
}

/** As `verdictRows`, with what the ledger says of the file and the person; a merged item counts as its target. */
export function verdictClaimRows(db: Db, projectId: number) {
  return verdictRows(db, projectId)
    .leftJoin('item_redirects', 'item_redirects.item', 'verdicts.person')
    .leftJoin('sdc_claims', (join) =>
      join
        .onRef('sdc_claims.page_id', '=', 'files.page_id')
        .on((eb) => eb('sdc_claims.person', '=', eb.fn.coalesce('item_redirects.target', 'verdicts.person'))),
    );
}

/** The faces of questions with the verdicts about them, as a query to be narrowed down; where there is none: open. */
export function askedRows(db: Db) {
  return db
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'questions.project_id')
        .onRef('verdicts.face_id', '=', 'question_faces.face_id')
        .onRef('verdicts.person', '=', 'questions.person'),
    );
}
