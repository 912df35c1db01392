import { type Selectable, sql } from 'kysely';
import { type Pair, pairKey } from '../review/pairs.ts';
import { askedRows } from '../review/verdict-rows.ts';
import type { QuestionState, SuggestionsTable } from '../store/schema.ts';
import type { Trx } from '../store/store.ts';

/** A face that may be asked about for a person. */
export interface Askable {
  readonly faceId: number;
  readonly fileId: number;
  readonly person: string;
  readonly x: number;
}

export interface AskableOptions {
  /** Which faces and persons may be asked about. */
  readonly wanted: (pair: Pair) => boolean;
  /** Ask again what nobody answered for days. */
  readonly resting?: boolean;
}

/**
 * Faces that can be asked about, as a query to be narrowed down: undecided for a person, not in an open question, nor
 * beside a face that is asked about for the same person, not known to be somebody nor in dispute, and in a file where
 * the person is not confirmed yet. What is not `wanted` is for the caller to leave out.
 * @param some only of these
 */
export function askableFaces(trx: Trx, projectId: number, options: AskableOptions, some?: readonly number[]) {
  const closed: QuestionState[] = options.resting ? ['withdrawn'] : ['withdrawn', 'resting'];
  // SQLite does not change the order of a cross join: without it, it begins with all faces of the project, and below
  // with all its questions and verdicts, for every face.
  const faces = some
    ? trx.selectFrom('faces').crossJoin('project_files').where('faces.id', 'in', some)
    : trx.selectFrom('project_files').innerJoin('faces', 'faces.file_id', 'project_files.file_id');
  return (
    faces
      .whereRef('project_files.file_id', '=', 'faces.file_id')
      .innerJoin('files', 'files.id', 'project_files.file_id')
      .innerJoin('project_persons', 'project_persons.project_id', 'project_files.project_id')
      .select(['faces.id as faceId', 'faces.file_id as fileId', 'faces.x', 'project_persons.person'])
      .where('project_files.project_id', '=', projectId)
      .where('files.state', '=', 'detected')
      .where('faces.withdrawn_at', 'is', null)
      // One person after the other: a "no" moves on to the next likely one.
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('question_faces')
              .crossJoin('questions')
              .select('questions.id')
              .whereRef('questions.id', '=', 'question_faces.question_id')
              .whereRef('question_faces.face_id', '=', 'faces.id')
              .where('questions.project_id', '=', projectId)
              .where('questions.purpose', '=', 'ask')
              .where((eb) =>
                eb.or([
                  eb('questions.state', '=', 'open'),
                  eb.and([
                    eb('questions.state', 'in', closed),
                    eb('questions.person', '=', eb.ref('project_persons.person')),
                  ]),
                ]),
              ),
          ),
        ),
      )
      // While one face of a file is asked about, its answer may settle the others: they wait. Only a crowd's faces,
      // too many for one question, are asked about in several at once.
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('faces as asked')
              .crossJoin('question_faces')
              .crossJoin('questions')
              .select('questions.id')
              .whereRef('question_faces.face_id', '=', 'asked.id')
              .whereRef('questions.id', '=', 'question_faces.question_id')
              .whereRef('asked.file_id', '=', 'faces.file_id')
              .whereRef('questions.person', '=', 'project_persons.person')
              .where('questions.project_id', '=', projectId)
              .where('questions.purpose', '=', 'ask')
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
              .where((eb) =>
                eb.or([
                  eb('verdicts.verdict', 'in', ['match', 'disputed']),
                  eb.and([
                    eb('verdicts.person', '=', eb.ref('project_persons.person')),
                    eb('verdicts.verdict', '!=', 'open'),
                  ]),
                ]),
              ),
          ),
        ),
      )
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('faces as other')
              .crossJoin('verdicts')
              .select('verdicts.face_id')
              .whereRef('verdicts.face_id', '=', 'other.id')
              .whereRef('other.file_id', '=', 'faces.file_id')
              .whereRef('verdicts.person', '=', 'project_persons.person')
              .where('verdicts.project_id', '=', projectId)
              .where('verdicts.verdict', '=', 'match'),
          ),
        ),
      )
  );
}

/** What the matcher thinks of a face; the face may not be askable now. */
export type StoredOpinion = Selectable<SuggestionsTable>;

/** The matcher's stored opinions in its order: suggested, near, then by distance. */
export async function storedOpinions(trx: Trx, projectId: number): Promise<StoredOpinion[]> {
  return trx
    .selectFrom('suggestions')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('suggested', 'desc')
    .orderBy('near', 'desc')
    .orderBy('distance')
    .orderBy('face_id')
    .execute();
}

/** Those of the opinions that can be asked about, in their order, until there are so many. */
export async function askableAmong(
  trx: Trx,
  projectId: number,
  opinions: readonly StoredOpinion[],
  most: number,
  options: AskableOptions,
): Promise<Askable[]> {
  const { wanted } = options;
  const found: Askable[] = [];
  // Often the first few are askable, and each face costs several lookups.
  for (let start = 0, end = AT_FIRST; start < opinions.length && found.length < most; end += AT_ONCE) {
    const part = opinions.slice(start, end);
    start = end;
    const ids = part.map((opinion) => opinion.face_id);
    const askable = await askableFaces(trx, projectId, options, ids)
      .where('project_persons.person', 'in', [...new Set(part.map((opinion) => opinion.person))])
      .execute();
    const faces = new Map(askable.filter(wanted).map((face) => [pairKey(face), face]));
    found.push(
      ...part.flatMap(({ face_id, person }) => faces.get(pairKey({ faceId: face_id, person })) ?? []),
    );
  }
  return found.slice(0, most);
}

/** The first face of a query that is wanted. */
export async function firstWanted(
  query: ReturnType<typeof askableFaces>,
  { wanted }: AskableOptions,
): Promise<Askable | null> {
  for (let offset = 0; ; offset += AT_ONCE) {
    const faces = await query.limit(AT_ONCE).offset(offset).execute();
    const face = faces.find(wanted);
    if (face || faces.length < AT_ONCE) return face ?? null;
  }
}

const AT_FIRST = 10;
const AT_ONCE = 100;

/** Was in a batch that people have answered, and is open still: somebody lettered it, or nobody said anything. */
export async function letteredFaces(
  trx: Trx,
  projectId: number,
  options: AskableOptions,
): Promise<Askable[]> {
  const rows = await askedRows(trx)
    .select(['question_faces.face_id', 'questions.person'])
    .distinct()
    .where('questions.project_id', '=', projectId)
    .where('questions.state', '=', 'decided')
    .where('questions.kind', '=', 'batch')
    .where('questions.purpose', '=', 'ask')
    .where(sql`coalesce(verdicts.verdict, 'open')`, '=', 'open')
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('votes').select('votes.id').whereRef('votes.question_id', '=', 'questions.id')),
    )
    .execute();
  if (rows.length === 0) return [];
  const lettered = new Set(rows.map((row) => pairKey({ faceId: row.face_id, person: row.person })));
  const ids = [...new Set(rows.map((row) => row.face_id))];
  const faces = await askableFaces(trx, projectId, options, ids).orderBy('faces.id').execute();
  return faces.filter((face) => lettered.has(pairKey(face)) && options.wanted(face));
}
