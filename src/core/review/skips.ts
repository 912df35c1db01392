import { sql } from 'kysely';
import { nextQuestion } from '../faces/next.ts';
import { enterProject } from '../projects/members.ts';
import type { QuestionKind } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { type Pair, pairKey } from './pairs.ts';
import { questionFaces } from './questions.ts';
import { standingVotesOf } from './standing.ts';
import type { VoteDeps } from './votes.ts';

/**
 * The member does not want to be asked about these again. Others are; in a chat, where everybody sees the same, it
 * only keeps the question out of what `next` names. @throws VisavisError `forbidden`
 */
export async function skipFaces(
  { store, clock }: VoteDeps,
  args: { projectId: number; accountId: number; faces: readonly Pair[] },
): Promise<void> {
  const { projectId, accountId, faces } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId);
    for (const { faceId, person } of faces) {
      const row = { project_id: projectId, account_id: accountId, face_id: faceId, person };
      const insert = trx.insertInto('skips').values({ ...row, skipped_at: clock.now() });
      await (store.kind === 'mariadb'
        ? insert.onDuplicateKeyUpdate({ skipped_at: clock.now() })
        : insert.onConflict((conflict) => conflict.doNothing())
      ).execute();
    }
  });
}

/** What a member can be asked now. */
export interface PersonalQuestion {
  /** null: no chat asks it; answers are given without a question. */
  readonly questionId: number | null;
  readonly kind: QuestionKind;
  readonly person: string;
  /** In the order of their numbers. */
  readonly faceIds: readonly number[];
}

/**
 * What to ask one member next, on the web: the oldest question that waits in a chat and that the member has neither
 * answered nor skipped, then what would be asked next. Only the faces that are left for this member.
 */
export async function askableFor(
  store: Store,
  args: { projectId: number; accountId: number },
): Promise<PersonalQuestion | null> {
  return store.transaction(async (trx) => {
    const skipped = await skippedBy(trx, args);
    for (const question of await openQuestions(trx, args.projectId)) {
      const left = await facesLeft(trx, question, args, skipped);
      if (left.length === 0) continue;
      return {
        questionId: question.id,
        kind: left.length === 1 ? 'single' : question.kind,
        person: question.person,
        faceIds: left,
      };
    }
    const answered = await answeredBy(trx, args);
    const next = await nextQuestion(
      trx,
      args.projectId,
      (pair) => !skipped.has(pairKey(pair)) && !answered.has(pairKey(pair)),
    );
    return next && { questionId: null, kind: next.kind, person: next.person, faceIds: next.faceIds };
  });
}

interface OpenQuestion {
  readonly id: number;
  readonly kind: QuestionKind;
  readonly person: string;
  readonly isCheck: boolean;
}

/** Those that wait for members; disputes are for the owners. */
async function openQuestions(trx: Trx, projectId: number): Promise<OpenQuestion[]> {
  const rows = await trx
    .selectFrom('questions')
    .select(['id', 'kind', 'person', 'purpose'])
    .where('project_id', '=', projectId)
    .where('state', '=', 'open')
    .where('purpose', 'in', ['ask', 'check'])
    .orderBy('id')
    .execute();
  return rows.map(({ purpose, ...row }) => ({ ...row, isCheck: purpose === 'check' }));
}

async function facesLeft(
  trx: Trx,
  question: OpenQuestion,
  { projectId, accountId }: { projectId: number; accountId: number },
  skipped: ReadonlySet<string>,
): Promise<number[]> {
  const faces = (await questionFaces(trx, question.id))
    .filter((face) => question.isCheck || face.verdict === 'open')
    .map((face) => face.faceId)
    .filter((faceId) => !skipped.has(pairKey({ faceId, person: question.person })));
  if (question.isCheck) return (await hasAnsweredCheck(trx, question.id, accountId)) ? [] : faces;
  const standing = await standingVotesOf(trx, projectId, faces);
  return faces.filter((faceId) => {
    const votes = standing.get(pairKey({ faceId, person: question.person })) ?? [];
    return !votes.some((vote) => vote.accountId === accountId);
  });
}

async function hasAnsweredCheck(trx: Trx, questionId: number, accountId: number): Promise<boolean> {
  const row = await trx
    .selectFrom('check_answers')
    .innerJoin('ballots', 'ballots.id', 'check_answers.ballot_id')
    .select('check_answers.answer')
    .where('question_id', '=', questionId)
    .where('check_answers.account_id', '=', accountId)
    .where('ballots.undone_at', 'is', null)
    .orderBy('check_answers.id', 'desc')
    .executeTakeFirst();
  return (row?.answer ?? null) !== null;
}

async function skippedBy(
  trx: Trx,
  { projectId, accountId }: { projectId: number; accountId: number },
): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('skips')
    .select(['face_id as faceId', 'person'])
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .execute();
  return new Set(rows.map(pairKey));
}

/** What the member says something about now, of what is not decided: the rest is not asked about. */
async function answeredBy(
  trx: Trx,
  { projectId, accountId }: { projectId: number; accountId: number },
): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('votes')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'votes.project_id')
        .onRef('verdicts.face_id', '=', 'votes.face_id')
        .onRef('verdicts.person', '=', 'votes.person'),
    )
    .select('votes.face_id')
    .distinct()
    .where('votes.project_id', '=', projectId)
    .where('votes.account_id', '=', accountId)
    .where(sql`coalesce(verdicts.verdict, 'open')`, '=', 'open')
    .execute();
  const standing = await standingVotesOf(
    trx,
    projectId,
    rows.map((row) => row.face_id),
  );
  const own = [...standing.values()].flat().filter((vote) => vote.accountId === accountId);
  return new Set(own.map(pairKey));
}
