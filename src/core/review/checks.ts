import { lockProject } from '../projects/members.ts';
import type { Answer } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Pair } from './pairs.ts';
import { closeQuestions, hasRoom, openQuestion } from './questions.ts';
import { questionsAbout, verdictRows } from './verdict-rows.ts';

/** Before so many faces are decided there is nothing to check with. */
const LEAST_DECIDED = 10;
/** A check that few answer is closed after this. */
export const CHECK_LIFETIME_MS = 24 * 60 * 60_000;

/**
 * Opens a check in a channel when one is due: a face that people have decided is asked about again, among the other
 * questions and looking like them. One question in `check_every` is a check; yes and no take turns, and the face
 * that was checked or decided longest ago comes first.
 * @returns whether one was opened
 */
export async function askCheck(
  store: Store,
  args: { channelId: number; projectId: number; maxOpen: number; now: number },
): Promise<boolean> {
  const { projectId, now } = args;
  return store.transaction(async (trx) => {
    const project = await lockProject(store, trx, projectId);
    if (project?.state !== 'active' || !(await hasRoom(trx, args, ['ask', 'check']))) return false;
    const checks = await checksDue(trx, projectId);
    if (checks === null) return false;
    const expected = checks % 2 === 0 ? 'no' : 'yes';
    const pair =
      (await faceToCheck(trx, projectId, expected)) ??
      (await faceToCheck(trx, projectId, expected === 'no' ? 'yes' : 'no'));
    if (!pair) return false;
    const { person, faceId, answer } = pair;
    await openQuestion(
      trx,
      { projectId, kind: 'single', person, faceIds: [faceId], purpose: 'check', expected: answer },
      args.channelId,
      now,
    );
    return true;
  });
}

/** How many checks there were, when the next one is due; null when it is not. */
async function checksDue(trx: Trx, projectId: number): Promise<number | null> {
  const { check_every: every } = await trx
    .selectFrom('projects')
    .select('check_every')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  if (every === 0) return null;
  const { checks, last } = await trx
    .selectFrom('questions')
    .select((eb) => [eb.fn.countAll<number>().as('checks'), eb.fn.max('id').as('last')])
    .where('project_id', '=', projectId)
    .where('purpose', '=', 'check')
    .executeTakeFirstOrThrow();
  const { asked } = await trx
    .selectFrom('questions')
    .select((eb) => eb.fn.countAll<number>().as('asked'))
    .where('project_id', '=', projectId)
    .where('purpose', '=', 'ask')
    .where('id', '>', last ?? 0)
    .executeTakeFirstOrThrow();
  if (asked < every - 1) return null;
  const { decided } = await trx
    .selectFrom('verdicts')
    .select((eb) => eb.fn.count<number>('face_id').distinct().as('decided'))
    .where('project_id', '=', projectId)
    .where('verdict', 'in', ['match', 'no_match'])
    .where('source', '!=', 'bootstrap')
    .executeTakeFirstOrThrow();
  return decided < LEAST_DECIDED ? null : checks;
}

async function faceToCheck(
  trx: Trx,
  projectId: number,
  answer: 'yes' | 'no',
): Promise<(Pair & { answer: 'yes' | 'no' }) | null> {
  const row = await verdictRows(trx, projectId)
    .innerJoin('project_files', (join) =>
      join
        .onRef('project_files.project_id', '=', 'verdicts.project_id')
        .onRef('project_files.file_id', '=', 'faces.file_id'),
    )
    .select((eb) => [
      'verdicts.face_id',
      'verdicts.person',
      eb.fn
        .coalesce(
          eb
            .selectFrom('check_answers')
            .select((q) => q.fn.max('question_id').as('checked'))
            .whereRef('check_answers.project_id', '=', 'verdicts.project_id')
            .whereRef('check_answers.face_id', '=', 'verdicts.face_id')
            .whereRef('check_answers.person', '=', 'verdicts.person'),
          eb.lit(0),
        )
        .as('checked'),
    ])
    .where('verdicts.verdict', '=', answer === 'yes' ? 'match' : 'no_match')
    .where('verdicts.source', '!=', 'bootstrap')
    .where('files.state', '=', 'detected')
    .where((eb) => eb.not(eb.exists(questionsAbout(eb, projectId))))
    .orderBy('checked')
    .orderBy('verdicts.changed_at')
    .orderBy('verdicts.face_id')
    .limit(1)
    .executeTakeFirst();
  return row ? { faceId: row.face_id, person: row.person, answer } : null;
}

/**
 * Keeps an answer to a check. It is no vote: verdicts never hear of it. With as many answers as the project needs
 * votes the check is closed, and its post tells what it was; what comes after that is not counted.
 * @returns how many answers were new
 */
export async function answerCheck(
  trx: Trx,
  args: {
    projectId: number;
    accountId: number;
    questionId: number | null;
    answers: readonly (Pair & { readonly answer: Answer | null })[];
    votesNeeded: number;
    now: number;
  },
): Promise<number> {
  const { projectId, accountId, votesNeeded, now } = args;
  const question = await trx
    .selectFrom('questions')
    .select(['id', 'state', 'person', 'expected'])
    .where('id', '=', args.questionId)
    .executeTakeFirst();
  // "Somebody else" speaks of every person of the project; the check is about one.
  const given = args.answers.find((answer) => answer.person === question?.person);
  if (!given || !question?.expected || question.state !== 'open') return 0;
  const before = await latestAnswers(trx, question.id);
  if ((before.get(accountId) ?? null) === given.answer) return 0;
  const { id: ballot_id } = await trx
    .insertInto('ballots')
    .values({ project_id: projectId, account_id: accountId, cast_at: now })
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('check_answers')
    .values({
      project_id: projectId,
      question_id: question.id,
      face_id: given.faceId,
      person: given.person,
      account_id: accountId,
      ballot_id,
      expected: question.expected,
      answer: given.answer,
      answered_at: now,
    })
    .execute();
  const answered = [...before].filter(([account, answer]) => account !== accountId && answer !== null);
  if (given.answer !== null && answered.length + 1 >= votesNeeded)
    await closeQuestions(trx, [question.id], 'decided', now);
  return 1;
}

/** The last answer of each account to a check, without those that were undone. */
async function latestAnswers(trx: Trx, questionId: number): Promise<Map<number, Answer | null>> {
  const rows = await trx
    .selectFrom('check_answers')
    .innerJoin('ballots', 'ballots.id', 'check_answers.ballot_id')
    .select(['check_answers.account_id', 'answer'])
    .where('question_id', '=', questionId)
    .where('ballots.undone_at', 'is', null)
    .orderBy('check_answers.id')
    .execute();
  return new Map(rows.map((row) => [row.account_id, row.answer]));
}

/** Closes one check that has been open for a day. @returns whether there was one */
export async function closeOldCheck(store: Store, now: number): Promise<boolean> {
  const question = await store.db
    .selectFrom('questions')
    .select(['id', 'project_id'])
    .where('purpose', '=', 'check')
    .where('state', '=', 'open')
    .where('created_at', '<=', now - CHECK_LIFETIME_MS)
    .limit(1)
    .executeTakeFirst();
  if (!question) return false;
  await store.transaction(async (trx) => {
    await lockProject(store, trx, question.project_id);
    await closeQuestions(trx, [question.id], 'decided', now);
  });
  return true;
}
