import { projectChanged } from '../projects/changes.ts';
import type { VerdictValue } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { decide } from './decide.ts';
import { standingVotes } from './standing.ts';

export interface VerdictChange {
  readonly faceId: number;
  readonly person: string;
  readonly before: VerdictValue;
  readonly after: VerdictValue;
}

/**
 * Computes one verdict from its standing votes and keeps it. A face that the wiki vouched for (bootstrap) stays
 * a match until votes say something else.
 * @returns the change, or null when the verdict is what it was
 */
export async function settleVerdict(
  store: Store,
  trx: Trx,
  args: { projectId: number; faceId: number; person: string; now: number },
): Promise<VerdictChange | null> {
  const { projectId, faceId, person, now } = args;
  const project = await trx
    .selectFrom('projects')
    .select('votes_needed')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  const known = await trx
    .selectFrom('verdicts')
    .select(['verdict', 'source'])
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .where('person', '=', person)
    .executeTakeFirst();
  const { verdict, source } = decide(
    await standingVotes(trx, projectId, faceId, person),
    project.votes_needed,
  );
  if (known?.source === 'bootstrap' && verdict === 'open') return null;
  if (known && known.verdict === verdict && known.source === source) return null;
  if (!known && verdict === 'open') return null;
  const row = { verdict, source, changed_at: now };
  const insert = trx
    .insertInto('verdicts')
    .values({ ...row, project_id: projectId, face_id: faceId, person });
  await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate(row)
    : insert.onConflict((conflict) => conflict.columns(['project_id', 'face_id', 'person']).doUpdateSet(row))
  ).execute();
  const before = known?.verdict ?? 'open';
  if (before !== verdict) return { faceId, person, before, after: verdict };
  // The same verdict, but of people now: it counts for the minimum that suggestions wait for.
  await projectChanged(trx, projectId);
  return null;
}
