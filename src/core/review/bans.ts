import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject, lockRole } from '../projects/members.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Pair } from './pairs.ts';
import { resettle } from './settling.ts';
import { lastVote, standingVotesOf } from './standing.ts';
import { storedVerdicts, type VerdictChange } from './verdicts.ts';
import { nudgeAfter, type VoteDeps } from './votes.ts';

/*
 * The votes of a banned member stop counting at once where nothing is decided (open, disputed). Where they were part
 * of a verdict they are kept: `kept_votes` names them, and `project_members.banned_after` is the last vote before the
 * ban. A kept vote upholds that verdict as long as the votes up to the ban come to one by themselves; it never helps
 * to reach another (`decide.ts`). An owner who asks for a recount ends that.
 *
 * Which votes stand, and with which marks, is in the rows alone: the verdicts can be computed from them at any time.
 */

export interface BanArgs {
  readonly projectId: number;
  /** The account that is banned. */
  readonly memberId: number;
  /** The owner who asks. */
  readonly accountId: number;
}

/**
 * Shuts a member out of the project.
 * @param args.recount every verdict is counted again without the member's votes at once, as `recountWithout` does
 * @returns verdicts that changed
 * @throws VisavisError `forbidden`, `not_found`, `conflict` (oneself)
 */
export async function banMember(
  deps: VoteDeps,
  args: BanArgs & { recount?: boolean },
): Promise<VerdictChange[]> {
  const { store, clock } = deps;
  const { recount = false } = args;
  const actions = ['member banned', ...(recount ? [RECOUNTED] : [])];
  return changeBan(deps, args, actions, async (trx, pairs) => {
    if (args.memberId === args.accountId) throw refusal('ban-yourself');
    await assertStatus(store, trx, args, 'active');
    await keepVotes(trx, args, pairs);
    const [now, after] = [clock.now(), await lastVote(trx)];
    await trx
      .updateTable('project_members')
      .set({ status: 'banned', banned_at: now, banned_after: after })
      .$if(recount, (query) => query.set({ recounted_at: now, recounted_after: after }))
      .where('project_id', '=', args.projectId)
      .where('account_id', '=', args.memberId)
      .execute();
  });
}

/** Lets a banned member in again; all of its standing votes count again. @throws VisavisError as `banMember` */
export async function unbanMember(deps: VoteDeps, args: BanArgs): Promise<VerdictChange[]> {
  const { store } = deps;
  return changeBan(deps, args, ['member unbanned'], async (trx) => {
    await assertStatus(store, trx, args, 'banned');
    await trx
      .updateTable('project_members')
      .set({
        status: 'active',
        banned_at: null,
        banned_after: null,
        recounted_at: null,
        recounted_after: null,
      })
      .where('project_id', '=', args.projectId)
      .where('account_id', '=', args.memberId)
      .execute();
    await trx
      .deleteFrom('kept_votes')
      .where('project_id', '=', args.projectId)
      .where('account_id', '=', args.memberId)
      .execute();
  });
}

/** Counts every verdict again without the votes of a banned member. @throws VisavisError as `banMember` */
export async function recountWithout(deps: VoteDeps, args: BanArgs): Promise<VerdictChange[]> {
  const { store, clock } = deps;
  return changeBan(deps, args, [RECOUNTED], async (trx) => {
    await assertStatus(store, trx, args, 'banned');
    await trx
      .updateTable('project_members')
      .set({ recounted_at: clock.now(), recounted_after: await lastVote(trx) })
      .where('project_id', '=', args.projectId)
      .where('account_id', '=', args.memberId)
      .execute();
  });
}

/** In the audit log. */
const RECOUNTED = 'recounted without a member';

async function changeBan(
  deps: VoteDeps,
  args: BanArgs,
  actions: readonly string[],
  change: (trx: Trx, pairs: readonly Pair[]) => Promise<void>,
): Promise<VerdictChange[]> {
  const { store, clock, nudges } = deps;
  const changes = await store.transaction(async (trx) => {
    await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    const pairs = await pairsOf(trx, args);
    await change(trx, pairs);
    for (const action of actions)
      await audit(store, trx, {
        at: clock.now(),
        accountId: args.accountId,
        action,
        subject: `project ${args.projectId}`,
        detail: { member: args.memberId },
      });
    return resettle(store, trx, args.projectId, pairs, clock.now());
  });
  nudges.nudge('posts');
  nudgeAfter(deps, args.projectId, changes);
  return changes;
}

async function assertStatus(
  store: Store,
  trx: Trx,
  { projectId, memberId }: BanArgs,
  status: 'active' | 'banned',
): Promise<void> {
  const member = await lockRole(store, trx, projectId, memberId);
  if (member?.status === status) return;
  throw refusal(status === 'active' ? 'no-member' : 'member-not-banned');
}

/** What the member ever said something about. */
async function pairsOf(trx: Trx, { projectId, memberId }: BanArgs): Promise<Pair[]> {
  const rows = await trx
    .selectFrom('votes')
    .select(['face_id', 'person'])
    .distinct()
    .where('project_id', '=', projectId)
    .where('account_id', '=', memberId)
    .execute();
  return rows.map((row) => ({ faceId: row.face_id, person: row.person }));
}

/** The votes that are part of a verdict of people now. */
async function keepVotes(trx: Trx, args: BanArgs, pairs: readonly Pair[]): Promise<void> {
  const faceIds = pairs.map((pair) => pair.faceId);
  const verdicts = await storedVerdicts(trx, args.projectId, faceIds);
  for (const [key, votes] of await standingVotesOf(trx, args.projectId, faceIds)) {
    const verdict = verdicts.get(key);
    if (verdict?.verdict !== 'match' && verdict?.verdict !== 'no_match') continue;
    if (verdict.source === 'bootstrap') continue;
    for (const vote of votes.filter((one) => one.accountId === args.memberId)) {
      await trx
        .insertInto('kept_votes')
        .values({ vote_id: vote.id, project_id: args.projectId, account_id: args.memberId })
        .execute();
    }
  }
}
