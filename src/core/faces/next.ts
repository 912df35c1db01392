import { type NewQuestion, openQuestion } from '../review/questions.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';

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
    const project = await forUpdate(
      store,
      trx.selectFrom('projects').select(['id', 'state']).where('id', '=', args.projectId),
    ).executeTakeFirst();
    if (project?.state !== 'active') return false;
    const open = await trx
      .selectFrom('posts')
      .innerJoin('questions', 'questions.id', 'posts.question_id')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('posts.channel_id', '=', args.channelId)
      .where('posts.state', '!=', 'gone')
      .where('questions.state', '=', 'open')
      .executeTakeFirstOrThrow();
    if (open.n >= args.maxOpen) return false;
    const question = await nextQuestion(trx, args.projectId);
    if (!question) return false;
    await openQuestion(trx, question, args.channelId, args.now);
    return true;
  });
}

/**
 * What to ask next: what was left out of an accepted batch, one by one; suggestions in batches of up to nine as soon as there are two, the nearest first; then the
 * files whose faces are nearest to the examples; before there are any, files with few faces first, because
 * their answers are worth most.
 */
export async function nextQuestion(trx: Trx, projectId: number): Promise<NewQuestion | null> {
  const candidates = await askableFaces(trx, projectId);
  const [lettered] = candidates.filter((face) => face.lettered).sort(byDistance);
  if (lettered) return { projectId, kind: 'single', person: lettered.person, faceIds: [lettered.faceId] };
  const suggested = candidates.filter((face) => face.suggested).sort(byDistance);
  const [first] = suggested;
  if (first) {
    const batch = suggested.filter((face) => face.person === first.person).slice(0, MOST_FACES);
    return {
      projectId,
      kind: batch.length > 1 ? 'batch' : 'single',
      person: first.person,
      faceIds: batch.map((face) => face.faceId),
    };
  }
  const files = Map.groupBy(candidates, (face) => `${face.person} ${face.fileId}`);
  const ranked = [...files.values()].sort(
    (a, b) => nearest(a) - nearest(b) || a.length - b.length || order(a) - order(b),
  );
  const [faces] = ranked;
  const [any] = faces ?? [];
  if (!faces || !any) return null;
  // Numbered from left to right, as people read a picture.
  const asked = faces.sort((a, b) => a.x - b.x).slice(0, MOST_FACES);
  return {
    projectId,
    kind: asked.length > 1 ? 'several' : 'single',
    person: any.person,
    faceIds: asked.map((face) => face.faceId),
  };
}

interface Askable {
  readonly faceId: number;
  readonly fileId: number;
  readonly person: string;
  readonly x: number;
  readonly distance: number | null;
  readonly suggested: boolean;
  /** Was in a batch that people have answered, and is open still. */
  readonly lettered: boolean;
}

/**
 * Faces that can be asked about: undecided for a person, not in an open question about that person (nor beside a
 * face that is), not known to be somebody else, and in a file where the person is not confirmed yet.
 */
async function askableFaces(trx: Trx, projectId: number): Promise<Askable[]> {
  const rows = await trx
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .innerJoin('project_persons', 'project_persons.project_id', 'project_files.project_id')
    .leftJoin('suggestions', (join) =>
      join
        .onRef('suggestions.project_id', '=', 'project_files.project_id')
        .onRef('suggestions.face_id', '=', 'faces.id')
        .onRef('suggestions.person', '=', 'project_persons.person'),
    )
    .select((eb) => [
      'faces.id',
      'faces.file_id',
      'faces.x',
      'project_persons.person',
      'suggestions.distance',
      'suggestions.suggested',
      eb
        .selectFrom('question_faces')
        .innerJoin('questions', 'questions.id', 'question_faces.question_id')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('question_faces.face_id', '=', 'faces.id')
        .whereRef('questions.person', '=', 'project_persons.person')
        .where('questions.project_id', '=', projectId)
        .where('questions.kind', '=', 'batch')
        .where('questions.state', '=', 'decided')
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('votes').select('votes.id').whereRef('votes.question_id', '=', 'questions.id')),
        )
        .as('batches'),
    ])
    .where('project_files.project_id', '=', projectId)
    .where('files.state', '=', 'detected')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('question_faces')
            .innerJoin('questions', 'questions.id', 'question_faces.question_id')
            .select('questions.id')
            .whereRef('question_faces.face_id', '=', 'faces.id')
            .whereRef('questions.person', '=', 'project_persons.person')
            .where('questions.project_id', '=', projectId)
            .where('questions.state', 'in', ['open', 'withdrawn']),
        ),
      ),
    )
    // While one face of a file is asked about, its answer may settle the others: they wait. Only a crowd's faces,
    // too many for one question, are asked about in several at once.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('question_faces')
            .innerJoin('questions', 'questions.id', 'question_faces.question_id')
            .innerJoin('faces as asked', 'asked.id', 'question_faces.face_id')
            .select('questions.id')
            .whereRef('asked.file_id', '=', 'faces.file_id')
            .whereRef('questions.person', '=', 'project_persons.person')
            .where('questions.project_id', '=', projectId)
            .where('questions.state', '=', 'open')
            .where('questions.kind', '!=', 'several'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('verdicts')
            .select('verdicts.face_id')
            .whereRef('verdicts.face_id', '=', 'faces.id')
            .where('verdicts.project_id', '=', projectId)
            .where('verdicts.verdict', '!=', 'open')
            .where((eb) =>
              eb.or([
                eb('verdicts.person', '=', eb.ref('project_persons.person')),
                eb('verdicts.verdict', '=', 'match'),
              ]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('verdicts')
            .innerJoin('faces as other', 'other.id', 'verdicts.face_id')
            .select('verdicts.face_id')
            .whereRef('other.file_id', '=', 'faces.file_id')
            .whereRef('verdicts.person', '=', 'project_persons.person')
            .where('verdicts.project_id', '=', projectId)
            .where('verdicts.verdict', '=', 'match'),
        ),
      ),
    )
    .orderBy('faces.id')
    .execute();
  return rows.map((row) => ({
    faceId: row.id,
    fileId: row.file_id,
    person: row.person,
    x: row.x,
    distance: row.distance,
    suggested: row.suggested === 1,
    lettered: (row.batches ?? 0) > 0,
  }));
}

function byDistance(a: Askable, b: Askable): number {
  return (
    (a.distance ?? Number.POSITIVE_INFINITY) - (b.distance ?? Number.POSITIVE_INFINITY) || a.faceId - b.faceId
  );
}

function nearest(faces: readonly Askable[]): number {
  // Infinity minus Infinity is no number; a distance is never so large.
  return Math.min(1e9, ...faces.map((face) => face.distance ?? 1e9));
}

function order(faces: readonly Askable[]): number {
  return faces[0]?.faceId ?? 0;
}
