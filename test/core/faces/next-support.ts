import type { Insertable } from 'kysely';
import { askNext, nextQuestion } from '../../../src/core/faces/next.ts';
import type {
  MatchBasis,
  QuestionState,
  SuggestionsTable,
  VerdictsTable,
} from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addChannel, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';

/** A project in whose channel questions are asked, and short ways to what they depend on. */
export async function askingDesk(store: Store, persons: readonly string[] = ['Q1']) {
  const { id: project } = await addProject(store, {}, persons);
  const channel = await addChannel(store, project);
  const suggestion = (faceId: number, person: string, given: Partial<Insertable<SuggestionsTable>>) =>
    store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: faceId, person, distance: 0, suggested: 0, ...given })
      .execute();
  const suggest = (faceId: number, distance: number, suggested: 0 | 1 = 1, person = 'Q1') =>
    suggestion(faceId, person, { distance, suggested });
  return {
    project,
    channel,
    next: () => store.transaction((trx) => nextQuestion(trx, project)),
    /** `which` is the store of the one who asks. */
    ask: (given: { which?: Store; channelId?: number; maxOpen?: number } = {}) => {
      const { which = store, ...wanted } = given;
      return askNext(which, { channelId: channel, projectId: project, maxOpen: 100, now: 7, ...wanted });
    },
    suggest,
    /** What the matcher thinks of a face that it does not suggest. */
    think: (faceId: number, distance: number, person: string, given: { near?: 0 | 1 } = {}) =>
      suggestion(faceId, person, { distance, near: given.near ?? 0 }),
    /** What the matcher measures the person against. */
    measured: (basis: MatchBasis = 'examples', person = 'Q1') =>
      store.db
        .insertInto('matched_persons')
        .values({ project_id: project, person, basis, faces: 0, suggested: 0, near: 0, nearest: null })
        .execute(),
    portrait: async (distance?: number, suggested: 0 | 1 = 1) => {
      const { faceId } = await addPortrait(store, project);
      if (distance !== undefined) await suggest(faceId, distance, suggested);
      return faceId;
    },
    verdict: (faceId: number, value: VerdictsTable['verdict'], person = 'Q1', changedAt = 0) =>
      store.db
        .insertInto('verdicts')
        .values({
          project_id: project,
          face_id: faceId,
          person,
          verdict: value,
          source: 'votes',
          changed_at: changedAt,
        })
        .execute(),
    questions: () =>
      store.db.selectFrom('questions').selectAll().where('project_id', '=', project).orderBy('id').execute(),
    /** The faces that were asked about, in that order. */
    asked: async () => {
      const rows = await store.db
        .selectFrom('question_faces')
        .innerJoin('questions', 'questions.id', 'question_faces.question_id')
        .select('face_id')
        .where('project_id', '=', project)
        .orderBy('question_id')
        .orderBy('position')
        .execute();
      return rows.map((row) => row.face_id);
    },
    setState: (state: QuestionState) =>
      store.db.updateTable('questions').set({ state }).where('project_id', '=', project).execute(),
  };
}

export type AskingDesk = Awaited<ReturnType<typeof askingDesk>>;
