import type { Trx } from '../store/store.ts';

const AT_ONCE = 500;

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
  return erased;
}
