import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject } from '../projects/members.ts';
import { type Pair, pairKey } from './pairs.ts';
import { closeQuestions } from './questions.ts';
import { resettle } from './settling.ts';
import { lastVote } from './standing.ts';
import { storedVerdicts, type VerdictChange } from './verdicts.ts';
import { nudgeAfter, type VoteDeps } from './votes.ts';

/**
 * An owner has a face asked about again: the votes so far stay in the history and count no more, and the questions
 * that were answered are over. A face that the wiki vouches for is a match of the wiki again.
 * @throws VisavisError `forbidden`, `conflict` when people have not decided it
 */
export async function reopenVerdict(
  deps: VoteDeps,
  args: Pair & { projectId: number; accountId: number },
): Promise<VerdictChange[]> {
  const { store, clock, nudges } = deps;
  const { projectId, accountId, faceId, person } = args;
  const changes = await store.transaction(async (trx) => {
    const now = clock.now();
    await enterProject(store, trx, projectId, accountId, 'owner');
    const known = (await storedVerdicts(trx, projectId, [faceId])).get(pairKey(args));
    if (!known || known.verdict === 'open' || known.source === 'bootstrap') {
      throw refusal('nothing-to-reopen');
    }
    await trx
      .insertInto('reopenings')
      .values({
        project_id: projectId,
        face_id: faceId,
        person,
        after_vote: await lastVote(trx),
        account_id: accountId,
        reopened_at: now,
      })
      .execute();
    const questions = await trx
      .selectFrom('questions')
      .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
      .select('questions.id')
      .where('questions.project_id', '=', projectId)
      .where('questions.person', '=', person)
      .where('question_faces.face_id', '=', faceId)
      .execute();
    await closeQuestions(
      trx,
      questions.map((question) => question.id),
      'over',
      now,
    );
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'verdict reopened',
      subject: `face ${faceId} ${person}`,
      detail: { project: projectId, verdict: known.verdict, source: known.source },
    });
    return resettle(store, trx, projectId, [args], now);
  });
  nudges.nudge('posts');
  nudgeAfter(deps, projectId, changes);
  return changes;
}
