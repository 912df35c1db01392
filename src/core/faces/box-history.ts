import type { FaceBoxesTable } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Box } from './detector.ts';

export interface BoxEntry {
  readonly at: number;
  readonly act: FaceBoxesTable['act'];
  /** null: a former member of the site. */
  readonly username: string | null;
  /** `drawn`: the box; otherwise the one that was there before. */
  readonly box: Box;
}

/** What people did to the box of a face, the oldest first. */
export async function boxHistory(store: Store, faceId: number): Promise<BoxEntry[]> {
  const rows = await store.db
    .selectFrom('face_boxes')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'face_boxes.account_id')
    .select(['done_at', 'act', 'username', 'x', 'y', 'w', 'h'])
    .where('face_id', '=', faceId)
    .orderBy('id')
    .execute();
  return rows.map(({ done_at: at, act, username, x, y, w, h }) => ({ at, act, username, box: [x, y, w, h] }));
}
