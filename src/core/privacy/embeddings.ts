import type { Trx } from '../store/store.ts';

const AT_ONCE = 500;

/** '1': embeddings were deleted since their table was last written anew (`retention.ts`, which makes the row). */
export const ERASED_SETTING = 'embeddings erased';

/** Deletes the embeddings of faces, of every model. */
export async function eraseEmbeddings(trx: Trx, faceIds: readonly number[]): Promise<number> {
  let erased = 0;
  for (let start = 0; start < faceIds.length; start += AT_ONCE) {
    const result = await trx
      .deleteFrom('embeddings')
      .where('face_id', 'in', faceIds.slice(start, start + AT_ONCE))
      .executeTakeFirst();
    erased += Number(result.numDeletedRows);
  }
  if (erased > 0)
    await trx.updateTable('settings').set({ value: '1' }).where('name', '=', ERASED_SETTING).execute();
  return erased;
}
