import { randomBytes, randomUUID } from 'node:crypto';
import { reason } from '../platform/reasons.ts';
import type { Trx } from '../store/store.ts';
import { newStatementId } from '../wiki/statement-id.ts';
import { statementOf } from './item-of.ts';
import type { Known } from './known.ts';
import type { ProjectPlan } from './plan.ts';
import type { Tally } from './report.ts';
import type { FaceRow } from './rows.ts';

interface Written {
  readonly pageId: number;
  readonly face: FaceRow | null;
  /** The tool noted the wiki's answer. Its mark on a face alone may be wrong. */
  readonly sure: boolean;
}

/**
 * What the old tool says it wrote goes into the ledger as the wiki has it now. A statement that stands is kept
 * with its own id as `present`: we cannot tell that we made it, so it is never removed as ours. One that was
 * surely written and is gone was removed by somebody: it is `removed`, so that it is not written again unasked.
 */
export async function takeClaims(
  trx: Trx,
  known: Known,
  projectId: number,
  plan: ProjectPlan,
  tally: Tally,
  now: number,
): Promise<void> {
  const person = plan.person?.item.id;
  const owner = await known.get('user', plan.project.user_id);
  if (person === undefined || owner === null) return;
  let runId: number | null = null;
  for (const written of writtenPages(plan).values()) {
    const { pageId, face, sure } = written;
    if (!plan.files.get(pageId)) {
      tally.leftOut('written statements', 'the file is not on the wiki any more');
      continue;
    }
    const statement = statementOf(plan, pageId);
    if (!statement && !sure) {
      tally.leftOut('written statements', 'marked as written, but the wiki does not have them');
      continue;
    }
    const there = await trx
      .selectFrom('sdc_claims')
      .select('id')
      .where('page_id', '=', pageId)
      .where('person', '=', person)
      .executeTakeFirst();
    if (there) {
      tally.hadBefore('written statements');
      continue;
    }
    runId ??= await importRun(trx, projectId, owner, now);
    const user = face?.classified_by_user_id ?? null;
    await trx
      .insertInto('sdc_claims')
      .values({
        page_id: pageId,
        person,
        project_id: projectId,
        face_id: face ? await known.get('face', face.id) : null,
        statement_id: statement?.id ?? newStatementId(pageId, randomUUID),
        state: statement ? 'present' : 'removed',
        reason: statement ? reason('other-program') : reason('other-program-removed'),
        account_id: (user === null ? null : await known.get('user', user)) ?? owner,
        run_id: runId,
        undo_run_id: null,
        revision: null,
        // Not before the verdicts that are taken over with it: they must not seem to be reached anew.
        changed_at: now,
      })
      .execute();
    tally.took(statement ? 'written statements' : 'written statements that somebody has removed since');
  }
}

/** The ledger has its claims from the tool's own ledger, which older versions do not have, and from its faces. */
function writtenPages(plan: ProjectPlan): ReadonlyMap<number, Written> {
  const faces = [...plan.faces.values()].flat();
  const byId = new Map(faces.map((face) => [face.id, face]));
  const pages = new Map(plan.images.map((image) => [image.id, image.commons_page_id]));
  const written = new Map<number, Written>();
  for (const face of faces) {
    const pageId = pages.get(face.image_id);
    if (face.sdc_written && pageId !== undefined) written.set(pageId, { pageId, face, sure: false });
  }
  for (const claim of plan.claims) {
    if (claim.written_at == null) continue;
    const face = byId.get(claim.face_id ?? 0) ?? written.get(claim.commons_page_id)?.face ?? null;
    written.set(claim.commons_page_id, { pageId: claim.commons_page_id, face, sure: true });
  }
  return written;
}

/** Claims belong to a run; this one was over before it began. */
async function importRun(trx: Trx, projectId: number, accountId: number, now: number): Promise<number> {
  const { id } = await trx
    .insertInto('runs')
    .values({
      project_id: projectId,
      account_id: accountId,
      kind: 'write',
      undoes: null,
      state: 'done',
      reason: reason('run-taken-over'),
      edit_group: randomBytes(8).toString('hex'),
      stop_requested_at: null,
      created_at: now,
      retry_at: null,
      finished_at: now,
      channel_id: null,
      message_id: null,
      reported: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
