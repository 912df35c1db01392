import { markGone } from '../catalog/gone.ts';
import { audit } from '../platform/audit.ts';
import { reason, reasonOf } from '../platform/reasons.ts';
import { assertLease } from '../store/leases.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { FileNow } from '../wiki/files-now.ts';
import type { FileStatements } from '../wiki/statements.ts';
import { wikiError, wikiErrorDetails } from '../wiki/wiki-error.ts';
import { type Claim, isAgreed, noteSending, settleClaim, type Writing } from './claims.ts';
import { GONE_BEFORE, whyGone } from './notice.ts';
import { returnTurn, takeTurn } from './pace.ts';
import { type Persons, rememberMerge } from './persons.ts';
import { type Standing, standingNow } from './standing.ts';
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
export async function workOn(work: Work, claim: Claim, file: FileNow | undefined): Promise<void> {
  try {
    if (work.run.kind === 'write') await write(work, claim, file);
    else await takeBack(work, claim, file);
  } catch (error) {
    const details = wikiErrorDetails(error);
    // Somebody kept editing this file for as long as we tried: the others need not wait for it.
    const ofThisFile = details?.kind === 'this_file' || details?.codes.includes('editconflict');
    if (!details || !ofThisFile) throw error;
    if (details.codes.includes('wikibase-validator-no-such-entity')) work.persons.markDeleted(claim.person);
    const why = reasonOf(error);
    if (work.run.kind === 'undo') {
      // A statement that could not be taken back is still there, and still ours; one that never arrived is not.
      const there = (await lookTwice(work, claim)).found === 'ours';
      return settleClaim(
        work,
        claim,
        there ? { state: 'written', reason: why } : { state: 'removed', reason: GONE_BEFORE },
      );
    }
    // Refused when it was repeated: the first attempt, whose answer was lost, may have been taken.
    if (details.statement === 'unknown' && (await lookTwice(work, claim)).found === 'ours')
      return settleClaim(work, claim, { state: 'written', reason: null });
    await settleClaim(work, claim, { state: 'failed', reason: why });
  }
}

async function write(work: Work, asked: Claim, before: FileNow | undefined): Promise<void> {
  const { deps, run, persons } = work;
  const known = await standingNow(work, asked, before);
  if (known === 'ours') return settleClaim(work, asked, { state: 'written', reason: null });
  // It was ours once and nobody of us took it back; or somebody made it say something else.
  if (isChanged(known) || (asked.revision !== null && known === 'none')) {
    const gone_at = deps.clock.now();
    return settleClaim(work, asked, { state: 'removed', reason: whyGone(known), gone_at });
  }
  const person = persons.current(asked.person);
  const obstacle = await obstacleTo(work, asked, before, person);
  if (obstacle !== null || person === null)
    return settleClaim(work, asked, { state: 'failed', reason: obstacle });
  const claim = person === asked.person ? asked : await followMerge(work, asked, person);
  if (!claim) return;
  const standsNow = await standingNow(work, claim, before);
  if (isTheirs(standsNow)) return leaveTheirs(work, claim, standsNow.theirs);

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
  // A statement with this person stands there: ours, if only the answer was lost.
  const { found, file: after } = await lookTwice(work, claim);
  if (found === 'ours') {
    const revision = after?.revision ?? null;
    return settleClaim(work, claim, { state: 'written', reason: null, revision });
  }
  if (isTheirs(found)) return leaveTheirs(work, claim, found.theirs);
  // Whose it is cannot be seen yet; the claim stays as it is, and the run comes by again.
  throw wikiError('The wiki has a statement about this person that it does not show yet.', {
    kind: 'later',
    codes: ['DUPLICATE_NOT_SEEN'],
    statement: 'unknown',
  });
}

/** Why nothing can be written for this claim; null when it can. */
async function obstacleTo(
  work: Work,
  claim: Claim,
  now: FileNow | undefined,
  person: string | null,
): Promise<string | null> {
  if (now?.page === 'missing' || now?.page === 'redirect') await noteGone(work, claim);
  if (now?.page === 'redirect') return reason('page-redirect');
  if (claim.file_state === 'gone' || now?.page === 'missing') return reason('file-gone');
  if (person === null) return reason('item-deleted', [claim.person]);
  return (await isAgreed(work.store, claim)) ? null : reason('not-agreed');
}

/** There is no file under this page id any more: as the crawl would find out too, but nobody is asked until then. */
async function noteGone({ store, clock, lease }: Work, claim: Claim): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const file = await trx
      .selectFrom('files')
      .select('id')
      .where('page_id', '=', claim.page_id)
      .executeTakeFirst();
    if (file) await markGone(trx, file.id, clock.now());
  });
}

async function takeBack(work: Work, claim: Claim, before: FileStatements | undefined): Promise<void> {
  const { deps, run } = work;
  const known = await standingNow(work, claim, before);
  if (isChanged(known)) {
    const gone_at = deps.clock.now();
    return settleClaim(work, claim, { state: 'removed', reason: whyGone(known), gone_at });
  }
  // Also when it was not seen: a read may come from a copy that is behind, the removal knows.
  const outcome = await inTurn(work, async () => {
    await deps.unsafeTestHook?.('noted');
    return deps.wiki.removeStatement({
      statementId: claim.statement_id,
      summary: editSummary(run.kind, claim.person, run.editGroup),
      account: run.account,
    });
  });
  await deps.unsafeTestHook?.('answered');
  await settleClaim(work, claim, { state: 'removed', reason: outcome === 'gone' ? GONE_BEFORE : null });
}

/** Somebody else's statement stays; unless it is ours after all, about another item that stands for this person. */
async function leaveTheirs(work: Work, claim: Claim, other: string): Promise<void> {
  const ours = await work.store.db
    .selectFrom('sdc_claims')
    .select('person')
    .where('page_id', '=', claim.page_id)
    .where('statement_id', '=', other)
    .executeTakeFirst();
  await settleClaim(work, claim, {
    state: 'present',
    reason: ours ? reason('known-as', [ours.person]) : reason('theirs'),
    other_statement_id: ours ? null : other,
  });
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
  await settleClaim(work, claim, { state: 'present', reason: reason('merged', [claim.person, target]) });
  return null;
}

/**
 * What the file says right after an edit. That read may come from a copy of the database that is a little behind, so
 * it is looked at twice before our statement is called missing.
 */
async function lookTwice(
  work: Work,
  claim: Claim,
): Promise<{ found: Standing; file: FileStatements | undefined }> {
  const { deps } = work;
  for (let look = 1; ; look++) {
    const file = (await deps.wiki.readStatements([claim.page_id])).get(claim.page_id);
    const found = await standingNow(work, claim, file);
    if (found === 'ours' || look === 2) return { found, file };
    await deps.clock.sleep(5_000);
  }
}

function isTheirs(found: Standing): found is { theirs: string } {
  return typeof found === 'object' && 'theirs' in found;
}

function isChanged(found: Standing): found is { changed: string | null } {
  return typeof found === 'object' && 'changed' in found;
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
