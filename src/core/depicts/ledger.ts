import { randomUUID } from 'node:crypto';
import { inChunks } from '../review/pairs.ts';
import { verdictClaimRows } from '../review/verdict-rows.ts';
import { type Db, forUpdate, type Store, type Trx } from '../store/store.ts';
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
 * `new`: without pairs that the ledger has already, in this project or another one. Failed ones come again; those
 * taken back only when the verdict was reached anew after that, and not at all when somebody else took them away.
 * `again`: what an undo of ours took back and nobody has agreed on anew. Written only when somebody asks for that;
 * what was not there any more when the undo came is not among them, because other people took it away.
 */
export type Which = 'new' | 'again';

/**
 * What "write" would write: matches by people's verdicts. Items that were merged count as the one they were merged
 * into. Bootstrap matches are on the wiki already.
 */
export async function pairsToWrite(db: Db, projectId: number, which: Which = 'new'): Promise<Pair[]> {
  const rows = await rowsToWrite(db, projectId, which)
    .select([
      'files.page_id',
      'files.title',
      'files.page_url',
      'verdicts.person',
      'item_redirects.target',
      'verdicts.face_id',
      'project_persons.label',
    ])
    .orderBy('files.page_id')
    .orderBy('verdicts.face_id')
    .execute();
  // Two faces of one person in a file (a mirror) are one statement.
  const pairs = new Map<string, Pair>();
  for (const row of rows) {
    const person = row.target ?? row.person;
    const key = keyOf({ pageId: row.page_id, person });
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

/** Whether there is anything that "write" could write, new or again: as `pairsToWrite`, without looking at all. */
export async function hasPairsToWrite(db: Db, projectId: number): Promise<boolean> {
  for (const which of ['new', 'again'] as const) {
    const one = await rowsToWrite(db, projectId, which)
      .select('verdicts.face_id')
      .limit(1)
      .executeTakeFirst();
    if (one) return true;
  }
  return false;
}

function rowsToWrite(db: Db, projectId: number, which: Which) {
  const rows = verdictClaimRows(db, projectId)
    .where('verdicts.verdict', '=', 'match')
    .where('verdicts.source', '!=', 'bootstrap')
    .where('files.state', '!=', 'gone');
  if (which === 'again')
    return rows
      .where('sdc_claims.state', '=', 'removed')
      .where('sdc_claims.gone_at', 'is', null)
      .where('sdc_claims.undo_run_id', 'is not', null)
      .where('sdc_claims.reason', 'is', null)
      .whereRef('verdicts.changed_at', '<=', 'sdc_claims.changed_at');
  return rows.where((eb) =>
    eb.or([
      eb('sdc_claims.id', 'is', null),
      eb('sdc_claims.state', '=', 'failed'),
      eb.and([
        eb('sdc_claims.state', '=', 'removed'),
        eb('sdc_claims.gone_at', 'is', null),
        eb('verdicts.changed_at', '>', eb.ref('sdc_claims.changed_at')),
      ]),
    ]),
  );
}

/** Puts pairs into the ledger for a run. The statement id is made and kept before anything is sent. */
export async function queueClaims(
  store: Store,
  trx: Trx,
  pairs: readonly Pair[],
  run: { id: number; projectId: number; accountId: number; now: number },
): Promise<number> {
  let queued = 0;
  // There may be thousands, and people wait for the project until they are all there.
  for (const chunk of inChunks(pairs)) {
    const known = await knownClaims(store, trx, chunk);
    const fresh = chunk.filter((pair) => !known.has(keyOf(pair)));
    if (fresh.length > 0) {
      const claims = fresh.map((pair) => ({
        ...claimValues(pair, run),
        page_id: pair.pageId,
        person: pair.person,
        statement_id: newStatementId(pair.pageId, randomUUID),
      }));
      await trx.insertInto('sdc_claims').values(claims).execute();
      queued += fresh.length;
    }
    for (const pair of chunk) {
      const claim = known.get(keyOf(pair));
      if (claim?.state !== 'failed' && claim?.state !== 'removed') continue;
      // A failed one keeps its id: if its answer was lost, the repetition is recognised on the wiki.
      const again =
        claim.state === 'failed'
          ? {}
          : { statement_id: newStatementId(pair.pageId, randomUUID), sent_at: null, prominent: 0 as const };
      await trx
        .updateTable('sdc_claims')
        .set({ ...claimValues(pair, run), ...again })
        .where('id', '=', claim.id)
        .execute();
      queued++;
    }
  }
  return queued;
}

function claimValues(pair: Pair, run: { id: number; projectId: number; accountId: number; now: number }) {
  return {
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
}

/** What the ledger has about these files, whoever put it there, by `keyOf`. */
async function knownClaims(store: Store, trx: Trx, pairs: readonly Pair[]) {
  const pageIds = [...new Set(pairs.map((pair) => pair.pageId))];
  const rows = await forUpdate(
    store,
    trx
      .selectFrom('sdc_claims')
      .select(['id', 'state', 'page_id', 'person'])
      .where('page_id', 'in', pageIds)
      .orderBy('page_id')
      .orderBy('person'),
  ).execute();
  return new Map(rows.map((row) => [keyOf({ pageId: row.page_id, person: row.person }), row]));
}

function keyOf({ pageId, person }: Pick<Pair, 'pageId' | 'person'>): string {
  return `${pageId} ${person}`;
}
