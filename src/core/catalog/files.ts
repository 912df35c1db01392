import { isDuplicate, type Trx } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';

/**
 * Brings our row of a wiki file up to date and returns its id. A new version (another sha1) has to be looked at
 * again: its old faces go, unless somebody has voted about them.
 */
export async function upsertFile(trx: Trx, file: WikiFile): Promise<number> {
  const values = {
    title: file.title,
    sha1: file.sha1,
    width: file.width,
    height: file.height,
    mime: file.mime,
    thumb_url: file.thumbUrl ?? file.url,
    page_url: file.descriptionUrl,
    author: file.author ?? '',
    licence: (file.licence ?? '').slice(0, 255),
    licence_url: file.licenceUrl,
  };
  const find = () =>
    trx
      .selectFrom('files')
      .select(['id', 'sha1', 'state'])
      .where('page_id', '=', file.pageId)
      .executeTakeFirst();
  let known = await find();
  if (!known) {
    const created = await trx
      .insertInto('files')
      .values({
        ...values,
        page_id: file.pageId,
        state: 'waiting',
        reason: null,
        retry_at: null,
        detected_at: null,
        lease_owner: null,
        lease_expires_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
      .catch((error) => {
        if (isDuplicate(error)) return null;
        throw error;
      });
    if (created) return created.id;
    // Another project's crawl has just added it.
    known = await find();
    if (!known) throw new Error(`page ${file.pageId} is there and is not there`);
  }
  const changed = known.sha1 !== file.sha1 || known.state === 'gone';
  await trx
    .updateTable('files')
    .set({
      ...values,
      ...(changed ? { state: 'waiting' as const, reason: null, attempts: 0, retry_at: null } : {}),
    })
    .where('id', '=', known.id)
    .execute();
  return known.id;
}
