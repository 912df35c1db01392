import { refusal } from '../platform/refusals.ts';
import { projectsChanged } from '../projects/changes.ts';
import { assertMember, lockProject } from '../projects/members.ts';
import { closeQuestions, openQuestionsAbout } from '../review/questions.ts';
import { resettle } from '../review/settling.ts';
import { standingVotesOf } from '../review/standing.ts';
import { storedVerdicts } from '../review/verdicts.ts';
import type { VoteDeps } from '../review/votes.ts';
import { forUpdate, type Trx } from '../store/store.ts';
import { forgetPixels, note, tell, unknownFace } from './drawing.ts';

export interface Withdrawal {
  readonly projectId: number;
  readonly accountId: number;
  readonly faceId: number;
}

/**
 * Who drew a face, or an owner of the project that it was drawn in, takes it out again: it is asked about no more. The
 * own answers about it are taken back with it; while somebody else says that it is somebody it stays.
 * @returns false when it was withdrawn already
 * @throws VisavisError `forbidden`, `not_found`, `conflict`
 */
export async function withdrawFace(deps: VoteDeps, args: Withdrawal): Promise<boolean> {
  const { store, clock } = deps;
  const { projectId, accountId, faceId } = args;
  const isNew = await store.transaction(async (trx) => {
    const now = clock.now();
    if (!(await lockProject(store, trx, projectId))) throw refusal('project-unknown');
    const role = await assertMember(store, trx, projectId, accountId);
    const face = await forUpdate(
      store,
      trx.selectFrom('faces').selectAll().where('id', '=', faceId),
    ).executeTakeFirst();
    if (!face || !(await isIn(trx, projectId, face.file_id))) throw unknownFace();
    if (face.source !== 'drawn') throw refusal('face-of-detector');
    const isOwner = role === 'owner' && (await wasDrawnIn(trx, faceId, projectId));
    if (face.drawn_by !== accountId && !isOwner) throw refusal('face-not-yours');
    if (face.withdrawn_at !== null) return false;
    await takeBackOwn(deps, trx, args, now);
    await assertNobodyWantsIt(trx, faceId, face.file_id);
    await note(store, trx, { ...args, act: 'withdrawn', box: [face.x, face.y, face.w, face.h], now });
    await trx.updateTable('faces').set({ withdrawn_at: now }).where('id', '=', faceId).execute();
    await forgetPixels(trx, faceId);
    await closeQuestions(trx, await openQuestionsAbout(trx, faceId), 'over', now);
    await projectsChanged(trx, face.file_id);
    return true;
  });
  if (isNew) tell(deps, projectId);
  return isNew;
}

async function isIn(trx: Trx, projectId: number, fileId: number): Promise<boolean> {
  const row = await trx
    .selectFrom('project_files')
    .select('file_id')
    .where('project_id', '=', projectId)
    .where('file_id', '=', fileId)
    .executeTakeFirst();
  return row !== undefined;
}

async function wasDrawnIn(trx: Trx, faceId: number, projectId: number): Promise<boolean> {
  const row = await trx
    .selectFrom('face_boxes')
    .select('id')
    .where('face_id', '=', faceId)
    .where('project_id', '=', projectId)
    .where('act', '=', 'drawn')
    .executeTakeFirst();
  return row !== undefined;
}

/** Votes are only ever added: taking back is one more. It is part of no ballot, so that no undo says yes to nothing. */
async function takeBackOwn(
  { store }: VoteDeps,
  trx: Trx,
  { projectId, accountId, faceId }: Withdrawal,
  now: number,
): Promise<void> {
  const standing = await standingVotesOf(trx, projectId, [faceId]);
  const own = [...standing.values()].flat().filter((vote) => vote.accountId === accountId);
  if (own.length === 0) return;
  await trx
    .insertInto('votes')
    .values(
      own.map(({ person }) => ({
        project_id: projectId,
        account_id: accountId,
        face_id: faceId,
        person,
        answer: null,
        decides: 0 as const,
        ballot_id: null,
        question_id: null,
        platform: 'web',
        voted_at: now,
      })),
    )
    .execute();
  await resettle(store, trx, projectId, own, now);
}

/** In every project that has the file. */
async function assertNobodyWantsIt(trx: Trx, faceId: number, fileId: number): Promise<void> {
  const projects = await trx
    .selectFrom('project_files')
    .select('project_id')
    .where('file_id', '=', fileId)
    .execute();
  for (const { project_id } of projects) {
    const verdicts = await storedVerdicts(trx, project_id, [faceId]);
    const standing = await standingVotesOf(trx, project_id, [faceId]);
    const agreed = [...verdicts.values()].some(
      ({ verdict }) => verdict === 'match' || verdict === 'disputed',
    );
    const wanted = [...standing].some(
      ([key, votes]) =>
        verdicts.get(key)?.verdict !== 'no_match' && votes.some((vote) => vote.answer === 'yes'),
    );
    if (!agreed && !wanted) continue;
    throw refusal('face-answered');
  }
}
