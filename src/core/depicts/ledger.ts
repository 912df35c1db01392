import { randomUUID } from 'node:crypto';
import { verdictClaimRows } from '../review/verdict-rows.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { newStatementId } from '../wiki/statement-id.ts';

/** A (file, person) pair that people agree on and that the wiki has not been told. */
export interface Pair {
  readonly pageId: number;
  readonly person: string;
  readonly faceId: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly label: string;
}

/**
 * What "write" would write: matches by people's verdicts, without pairs that the ledger has already, in this
 * project or another one. Failed ones come again; those taken back come again only when the verdict was reached
 * anew after that, and not at all when somebody else took them away. Items that were merged count as the one they
 * were merged into. Bootstrap matches are on the wiki already.
 */
export async function pairsToWrite(db: Trx | Store['db'], projectId: number): Promise<Pair[]> {
  const rows = await verdictClaimRows(db, projectId)
    .select([
      'files.page_id',
      'files.title',
      'files.page_url',
      'verdicts.person',
      'item_redirects.target',
      'verdicts.face_id',
      'project_persons.label',
    ])
    .where('verdicts.verdict', '=', 'match')
    .where('verdicts.source', '!=', 'bootstrap')
    .where('files.state', '!=', 'gone')
    .where((eb) =>
      eb.or([
        eb('sdc_claims.id', 'is', null),
        eb('sdc_claims.state', '=', 'failed'),
        eb.and([
          eb('sdc_claims.state', '=', 'removed'),
          eb('sdc_claims.gone_at', 'is', null),
          eb('verdicts.changed_at', '>', eb.ref('sdc_claims.changed_at')),
        ]),
      ]),
    )
    .orderBy('files.page_id')
    .orderBy('verdicts.face_id')
    .execute();
  // Two faces of one person in a file (a mirror) are one statement.
  const pairs = new Map<string, Pair>();
  for (const row of rows) {
    const person = row.target ?? row.person;
    const key = `${row.page_id} ${person}`;
    if (pairs.has(key)) continue;
    pairs.set(key, {
      pageId: row.page_id,
      person,
      faceId: row.face_id,
      title: row.title,
      pageUrl: row.page_url,
      label: row.label,
    });
  }
  return [...pairs.values()];
}

/** Puts pairs into the ledger for a run. The statement id is made and kept before anything is sent. */
export async function queueClaims(
  store: Store,
  trx: Trx,
  pairs: readonly Pair[],
  run: { id: number; projectId: number; accountId: number; now: number },
): Promise<number> {
  let queued = 0;
  for (const pair of pairs) {
    const known = await forUpdate(
      store,
      trx
        .selectFrom('sdc_claims')
        .select(['id', 'state'])
        .where('page_id', '=', pair.pageId)
        .where('person', '=', pair.person),
    ).executeTakeFirst();
    const values = {
      project_id: run.projectId,
      face_id: pair.faceId,
      state: 'queued' as const,
      reason: null,
      account_id: run.accountId,
      run_id: run.id,
      undo_run_id: null,
      revision: null,
      other_statement_id: null,
      changed_at: run.now,
    };
    if (!known) {
      await trx
        .insertInto('sdc_claims')
        .values({
          ...values,
          page_id: pair.pageId,
          person: pair.person,
          statement_id: newStatementId(pair.pageId, randomUUID),
        })
        .execute();
    } else if (known.state === 'failed' || known.state === 'removed') {
      // A failed one keeps its id: if its answer was lost, the repetition is recognised on the wiki.
      const again =
        known.state === 'failed'
          ? {}
          : { statement_id: newStatementId(pair.pageId, randomUUID), sent_at: null, prominent: 0 as const };
      await trx
        .updateTable('sdc_claims')
        .set({ ...values, ...again })
        .where('id', '=', known.id)
        .execute();
    } else continue;
    queued++;
  }
  return queued;
}
