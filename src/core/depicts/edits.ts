import { audit } from '../platform/audit.ts';
import { describeError } from '../platform/errors.ts';
import { assertLease } from '../store/leases.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { FileStatements } from '../wiki/statements.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { type Claim, noteSending, settleClaim, standing, TAKEN_AWAY, type Writing } from './claims.ts';
import { returnTurn, takeTurn } from './pace.ts';
import { mergedInto, type Persons, rememberMerge } from './persons.ts';
import { editSummary } from './summary.ts';
import type { WriterDeps } from './writer.ts';

/** A run in the hands of a worker. */
export interface Work extends Writing {
  readonly deps: WriterDeps;
  readonly run: Writing['run'] & { readonly account: WikiAccount; readonly editGroup: string };
  readonly persons: Persons;
  /** False when the run has to be left: stopped, taken over, or the worker ends. */
  mayGoOn(): Promise<boolean>;
  readonly signal: AbortSignal | undefined;
  /** The account's next turn after the last edit. */
  restUntil: number;
}

/** Waiting for a turn was broken off: nothing was sent, the claim stays as it is. */
export class Interrupted extends Error {}

/**
 * One claim. What concerns this file or this person alone ends this claim with its reason; everything else is
 * thrown and ends or puts off the run.
 */
export async function workOn(work: Work, claim: Claim, file: FileStatements | undefined): Promise<void> {
  try {
    if (work.run.kind === 'write') await write(work, claim, file);
    else await takeBack(work, claim);
  } catch (error) {
    const details = wikiErrorDetails(error);
    // Somebody kept editing this file for as long as we tried: the others need not wait for it.
    const ofThisFile = details?.kind === 'this_file' || details?.codes.includes('editconflict');
    if (!details || !ofThisFile) throw error;
    if (details.codes.includes('wikibase-validator-no-such-entity')) work.persons.markDeleted(claim.person);
    // Refused when it was repeated: the first attempt, whose answer was lost, may have been taken.
    if (work.run.kind === 'write' && details.statement === 'unknown' && (await isOurs(work, claim))) {
      return settleClaim(work, claim, { state: 'written', reason: null });
    }
    // A statement that could not be taken back is still there, and still ours.
    const state = work.run.kind === 'write' ? 'failed' : 'written';
    await settleClaim(work, claim, { state, reason: describeError(error).message });
  }
}

async function write(work: Work, asked: Claim, before: FileStatements | undefined): Promise<void> {
  const { deps, run, persons } = work;
  const known = standing(asked, before, await mergedInto(deps.store, asked.person));
  if (known === 'ours') return settleClaim(work, asked, { state: 'written', reason: null });
  // It was ours once and nobody of us took it back.
  if (asked.revision !== null && known === 'none') {
    const gone_at = deps.clock.now();
    return settleClaim(work, asked, { state: 'removed', reason: TAKEN_AWAY, gone_at });
  }
  const person = persons.current(asked.person);
  const obstacle =
    asked.file_state === 'gone'
      ? 'the file is not on the wiki any more'
      : person === null
        ? `the item ${asked.person} was deleted`
        : null;
  if (obstacle !== null || person === null)
    return settleClaim(work, asked, { state: 'failed', reason: obstacle });
  const claim = person === asked.person ? asked : await followMerge(work, asked, person);
  if (!claim) return;
  const alsoCalled = await mergedInto(deps.store, person);
  const standsNow = standing(claim, before, alsoCalled);
  if (standsNow !== 'none' && standsNow !== 'ours') return leaveTheirs(work, claim, standsNow.theirs);

  const answer = await inTurn(work, async () => {
    await noteSending(work, claim);
    await deps.unsafeTestHook?.('noted');
    return deps.wiki.setStatement({
      pageId: claim.page_id,
      itemId: claim.person,
      statementId: claim.statement_id,
      ...(claim.prominent ? { rank: 'preferred' as const } : {}),
      ...(claim.box ? { box: claim.box } : {}),
      summary: editSummary(run.kind, claim.person, run.editGroup),
      account: run.account,
    });
  });
  await deps.unsafeTestHook?.('answered');
  if (answer.outcome === 'saved') {
    return settleClaim(work, claim, { state: 'written', reason: null, revision: answer.revision });
  }
  // A statement with this person stands there: ours, if only the answer was lost. A read right after a write may
  // come from a copy of the database that is a little behind, so look twice before it is called somebody else's.
  for (let look = 1; ; look++) {
    const after = (await deps.wiki.readStatements([claim.page_id])).get(claim.page_id);
    const found = standing(claim, after, alsoCalled);
    if (found === 'ours') {
      const revision = after?.revision ?? null;
      return settleClaim(work, claim, { state: 'written', reason: null, revision });
    }
    if (look === 2) return leaveTheirs(work, claim, found === 'none' ? null : found.theirs);
    await deps.clock.sleep(5_000);
  }
}

async function takeBack(work: Work, claim: Claim): Promise<void> {
  const { deps, run } = work;
  const outcome = await inTurn(work, async () => {
    await deps.unsafeTestHook?.('noted');
    return deps.wiki.removeStatement({
      statementId: claim.statement_id,
      summary: editSummary(run.kind, claim.person, run.editGroup),
      account: run.account,
    });
  });
  await deps.unsafeTestHook?.('answered');
  const reason = outcome === 'gone' ? 'it was not there any more' : null;
  await settleClaim(work, claim, { state: 'removed', reason });
}

function leaveTheirs(work: Work, claim: Claim, other: string | null): Promise<void> {
  const reason = 'somebody else had recorded this person already';
  return settleClaim(work, claim, { state: 'present', reason, other_statement_id: other });
}

/**
 * The claim under the item that its person was merged into; null when the ledger has that one already. The
 * statement id stays: it names the file, not the person.
 */
async function followMerge(work: Work, claim: Claim, target: string): Promise<Claim | null> {
  const { store, clock, lease, run } = work;
  const known = await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const now = clock.now();
    await rememberMerge(store, trx, { item: claim.person, target, now });
    const other = await trx
      .selectFrom('sdc_claims')
      .select('id')
      .where('page_id', '=', claim.page_id)
      .where('person', '=', target)
      .executeTakeFirst();
    if (other) return true;
    await trx.updateTable('sdc_claims').set({ person: target }).where('id', '=', claim.id).execute();
    await audit(store, trx, {
      at: now,
      accountId: run.accountId,
      action: 'claim follows a merge',
      subject: `M${claim.page_id} ${claim.person}`,
      detail: { run: run.id, target },
    });
    return false;
  });
  if (!known) return { ...claim, person: target };
  const reason = `${claim.person} was merged into ${target}, about which the ledger has a claim already`;
  await settleClaim(work, claim, { state: 'present', reason });
  return null;
}

async function isOurs({ deps }: Work, claim: Claim): Promise<boolean> {
  return standing(claim, (await deps.wiki.readStatements([claim.page_id])).get(claim.page_id)) === 'ours';
}

/** An edit in the account's next turn. One that did not take place gives the turn back. */
async function inTurn<T extends EditAnswer>(work: Work, edit: () => Promise<T>): Promise<T> {
  const { deps, run, signal } = work;
  if (deps.editsPerMinute === null) return edit();
  const { store, clock, editsPerMinute } = deps;
  const interval = 60_000 / editsPerMinute;
  const turn = await takeTurn(store, { accountId: run.accountId, now: clock.now(), interval });
  const wait = turn.at - clock.now();
  if (wait > 0) {
    await clock.sleep(wait, signal);
    if (!(await work.mayGoOn())) {
      await returnTurn(store, run.accountId, turn);
      throw new Interrupted();
    }
  }
  try {
    const answer = await edit();
    if (answer === 'removed' || (typeof answer === 'object' && answer.outcome === 'saved'))
      work.restUntil = turn.next;
    else await returnTurn(store, run.accountId, turn);
    return answer;
  } catch (error) {
    if (wikiErrorDetails(error)?.statement !== 'unknown') await returnTurn(store, run.accountId, turn);
    throw error;
  }
}

type EditAnswer = 'removed' | 'gone' | { readonly outcome: 'saved' | 'duplicate' };
