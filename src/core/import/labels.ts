import { projectChanged } from '../projects/changes.ts';
import { settleVerdict } from '../review/verdicts.ts';
import type { Store, Trx } from '../store/store.ts';
import { isPageOf } from './item-of.ts';
import type { Known } from './known.ts';
import type { ProjectPlan } from './plan.ts';
import type { Tally } from './report.ts';
import type { FaceRow, ImageRow } from './rows.ts';

/**
 * What people said becomes their votes, and the verdicts are computed from those; what the wiki vouched for
 * becomes a bootstrap verdict while it still does. What the old matcher thought is nobody's word and stays out.
 */
export async function takeLabels(
  { store, now }: { store: Store; now: number },
  trx: Trx,
  known: Known,
  projectId: number,
  plan: ProjectPlan,
  tally: Tally,
): Promise<void> {
  const person = plan.person?.item.id;
  if (person === undefined) return;
  const settled = new Set<number>();
  let changed = false;
  const images = new Map(plan.images.map((image) => [image.id, image]));
  for (const face of [...plan.faces.values()].flat()) {
    const kind = labelOf(face);
    if (kind === null) continue;
    if (kind === 'model') tally.leftOut('labels', 'of the old matcher, not of a person');
    else if (kind === 'nobody') tally.leftOut('labels', 'of a person whose account is not there any more');
    else {
      const faceId = await known.get('face', face.id);
      if (faceId === null) tally.leftOut('labels', 'about a face or file that is left out');
      else if ((await known.get(kind, face.id)) !== null) tally.hadBefore('labels');
      else if (kind === 'verdict') {
        changed =
          (await takeBootstrap(trx, { projectId, faceId, person, now, face, images, plan, tally })) ||
          changed;
        await known.keep('verdict', face.id, faceId);
      } else if (await takeVote(trx, known, { projectId, faceId, person, face, tally })) settled.add(faceId);
    }
  }
  for (const faceId of settled) {
    const change = await settleVerdict(store, trx, { projectId, faceId, person, now });
    changed = change !== null || changed;
  }
  if (changed) await projectChanged(trx, projectId);
}

/** Approving sets the user but leaves the name of the matcher, so the user is what counts. */
function labelOf(face: FaceRow): 'vote' | 'verdict' | 'model' | 'nobody' | null {
  if (face.is_target === null) return null;
  if (face.classified_by_user_id != null) return 'vote';
  if (face.classified_by === 'human') return 'nobody';
  if (face.classified_by === 'bootstrap') return face.is_target === 1 ? 'verdict' : null;
  return 'model';
}

async function takeVote(
  trx: Trx,
  known: Known,
  given: { projectId: number; faceId: number; person: string; face: FaceRow; tally: Tally },
): Promise<boolean> {
  const { projectId, faceId, person, face, tally } = given;
  const accountId = await known.get('user', face.classified_by_user_id ?? 0);
  if (accountId === null) {
    tally.leftOut('labels', 'of a person whose account is not there any more');
    return false;
  }
  const { id } = await trx
    .insertInto('votes')
    .values({
      project_id: projectId,
      face_id: faceId,
      person,
      account_id: accountId,
      answer: face.is_target === 1 ? 'yes' : 'no',
      decides: 0,
      question_id: null,
      platform: 'import',
      voted_at: face.classified_at ?? face.updated_at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await known.keep('vote', face.id, id);
  tally.took('labels');
  return true;
}

async function takeBootstrap(
  trx: Trx,
  given: {
    projectId: number;
    faceId: number;
    person: string;
    now: number;
    face: FaceRow;
    images: ReadonlyMap<number, ImageRow>;
    plan: ProjectPlan;
    tally: Tally;
  },
): Promise<boolean> {
  const { projectId, faceId, person, now, tally } = given;
  const pageId = given.images.get(given.face.image_id)?.commons_page_id ?? 0;
  if (!isPageOf(given.plan, pageId)) {
    tally.leftOut('labels', 'the wiki does not say it any more');
    return false;
  }
  const there = await trx
    .selectFrom('verdicts')
    .select('verdict')
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .where('person', '=', person)
    .executeTakeFirst();
  if (there) return false;
  await trx
    .insertInto('verdicts')
    .values({
      project_id: projectId,
      face_id: faceId,
      person,
      verdict: 'match',
      source: 'bootstrap',
      changed_at: now,
    })
    .execute();
  tally.took('matches that the wiki vouches for');
  return true;
}
