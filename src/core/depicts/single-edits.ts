import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { reason } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import { assertMember } from '../projects/members.ts';
import type { MemberRole, SdcClaimsTable } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import { isSameStatement } from '../wiki/statement-id.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { returnTurn, takeTurn } from './pace.ts';
import { otherNames } from './persons.ts';
import { prominenceSummary, removalSummary } from './summary.ts';

/** For edits that a person makes one by one and waits for: they need no run. */
export interface SingleEditDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'readStatements' | 'setRank' | 'removeStatement'>;
  /** In whose name. */
  readonly account: WikiAccount;
  /** As for runs; null: no ceiling. */
  readonly editsPerMinute: number | null;
}

interface Who {
  readonly claimId: number;
  readonly accountId: number;
}

/**
 * Removes a statement that somebody else made, because an owner said yes to exactly that one. The yes is in the log
 * before anything is sent.
 * @param args.statementId the one that the owner was shown
 * @throws VisavisError `forbidden`, `not_found`, `conflict` (it is another one now), `rate_limited`, `wiki`
 */
export async function removeTheirs(
  deps: SingleEditDeps,
  args: Who & { statementId: string },
): Promise<'removed' | 'gone'> {
  const { store, clock, wiki, account } = deps;
  const { statementId } = args;
  const claim = await store.transaction(async (trx) => {
    const row = await claimFor(deps, trx, args, 'owner');
    if (row.state !== 'present' || row.other_statement_id !== statementId) {
      throw refusal('statement-other');
    }
    await note(deps, trx, args, row, 'removal of another’s statement agreed', { statement: statementId });
    return row;
  });
  const names = [claim.person, ...(await otherNames(store, claim.person))];
  const file = (await wiki.readStatements([claim.page_id])).get(claim.page_id);
  const stands = file?.statements.find(({ id }) => isSameStatement(id, statementId));
  if (stands && !names.includes(stands.itemId ?? '')) {
    throw refusal('statement-changed');
  }
  const summary = removalSummary(claim.person);
  const outcome = await inTurn(deps, args.accountId, () =>
    wiki.removeStatement({ statementId, summary, account }),
  );
  await store.transaction(async (trx) => {
    const now = clock.now();
    await trx
      .updateTable('sdc_claims')
      .set({ state: 'removed', reason: reason('owner-said-yes'), gone_at: now, changed_at: now })
      .where('id', '=', claim.id)
      .where('state', '=', 'present')
      .execute();
    await note(deps, trx, args, claim, 'another’s statement removed', { statement: statementId, outcome });
  });
  return outcome;
}

/**
 * Says that a person is prominent in a picture (rank preferred), or takes that back: about one statement of ours,
 * because somebody asked for it.
 * @throws VisavisError `forbidden`, `not_found`, `conflict` (ours does not stand there), `rate_limited`, `wiki`
 */
export async function setProminent(deps: SingleEditDeps, args: Who & { prominent: boolean }): Promise<void> {
  const { store, wiki, account } = deps;
  const claim = await store.transaction(async (trx) => {
    const row = await claimFor(deps, trx, args, 'member');
    if (row.state !== 'written') throw refusal('statement-not-ours');
    return row;
  });
  const outcome = await inTurn(deps, args.accountId, () =>
    wiki.setRank({
      statementId: claim.statement_id,
      rank: args.prominent ? 'preferred' : 'normal',
      summary: prominenceSummary(claim.person, args.prominent),
      account,
    }),
  );
  if (outcome === 'gone') throw refusal('statement-taken-off');
  await store.transaction(async (trx) => {
    await trx
      .updateTable('sdc_claims')
      .set({ prominent: args.prominent ? 1 : 0 })
      .where('id', '=', claim.id)
      .execute();
    await note(deps, trx, args, claim, 'prominence changed', { prominent: args.prominent });
  });
}

type ClaimRow = Pick<SdcClaimsTable, 'page_id' | 'person' | 'state' | 'statement_id'> & {
  readonly id: number;
  readonly other_statement_id: string | null;
};

async function claimFor(
  { store }: SingleEditDeps,
  trx: Trx,
  who: Who,
  needed: MemberRole,
): Promise<ClaimRow> {
  const row = await forUpdate(
    store,
    trx
      .selectFrom('sdc_claims')
      .select(['id', 'project_id', 'page_id', 'person', 'state', 'statement_id', 'other_statement_id'])
      .where('id', '=', who.claimId),
  ).executeTakeFirst();
  if (!row) throw refusal('claim-unknown');
  await assertMember(store, trx, row.project_id, who.accountId, needed);
  await assertNotBlocked(trx, who.accountId);
  return row;
}

function note(
  { store, clock }: SingleEditDeps,
  trx: Trx,
  who: Who,
  claim: ClaimRow,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const subject = `M${claim.page_id} ${claim.person}`;
  return audit(store, trx, { at: clock.now(), accountId: who.accountId, action, subject, detail });
}

/** A person does not wait for the account's turn: whoever is too early is told so. */
async function inTurn<T>(deps: SingleEditDeps, accountId: number, edit: () => Promise<T>): Promise<T> {
  const { store, clock, editsPerMinute } = deps;
  if (editsPerMinute === null) return edit();
  const turn = await takeTurn(store, { accountId, now: clock.now(), interval: 60_000 / editsPerMinute });
  const wait = turn.at - clock.now();
  if (wait > 0) {
    await returnTurn(store, accountId, turn);
    throw refusal('edited-just-now', [Math.ceil(wait / 1000)]);
  }
  return edit();
}
