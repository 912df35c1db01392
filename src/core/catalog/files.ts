import type { Selectable } from 'kysely';
import type { FilesTable } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import { askAgainAfterReturn } from './gone.ts';

/**
 * Brings our rows of wiki files up to date. A new version (another sha1) has to be looked at again: its old
 * faces go then, unless somebody has voted about them. A file that was gone is back as it was.
 * @returns our ids by page id
 */
export async function upsertFiles(
  store: Store,
  trx: Trx,
  files: readonly WikiFile[],
): Promise<ReadonlyMap<number, number>> {
  // In one order, so that two crawls that add the same files do not wait for each other in a ring.
  const sorted = [...files].sort((a, b) => a.pageId - b.pageId);
  if (sorted.length === 0) return new Map();
  const known = await filesByPage(trx, sorted);
  const added = sorted.filter((file) => !known.has(file.pageId));
  if (added.length > 0) await insertFiles(store, trx, added);
  for (const file of sorted) {
    const row = known.get(file.pageId);
    if (row) await updateFile(trx, row, file);
  }
  const now = added.length > 0 ? await filesByPage(trx, sorted) : known;
  return new Map([...now].map(([pageId, row]) => [pageId, row.id]));
}

type KnownFile = ReturnType<typeof described> &
  Pick<Selectable<FilesTable>, 'id' | 'page_id' | 'state' | 'gone_at' | 'detected_at'>;

async function filesByPage(trx: Trx, files: readonly WikiFile[]): Promise<Map<number, KnownFile>> {
  const rows = await trx
    .selectFrom('files')
    .select(['id', 'page_id', 'state', 'gone_at', 'detected_at'])
    .select(['title', 'sha1', 'width', 'height', 'mime', 'thumb_url', 'page_url'])
    .select(['author', 'licence', 'licence_url'])
    .where(
      'page_id',
      'in',
      files.map((file) => file.pageId),
    )
    .execute();
  return new Map(rows.map((row) => [row.page_id, row]));
}

async function insertFiles(store: Store, trx: Trx, files: readonly WikiFile[]): Promise<void> {
  const insert = trx.insertInto('files').values(
    files.map((file) => ({
      ...described(file),
      page_id: file.pageId,
      state: 'waiting' as const,
      reason: null,
      retry_at: null,
      detected_at: null,
      gone_at: null,
      lease_owner: null,
      lease_expires_at: null,
    })),
  );
  // Another project's crawl may be adding the same ones.
  await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate((eb) => ({ page_id: eb.ref('page_id') }))
    : insert.onConflict((conflict) => conflict.column('page_id').doNothing())
  ).execute();
}

async function updateFile(trx: Trx, known: KnownFile, file: WikiFile): Promise<void> {
  const another = known.sha1 !== file.sha1;
  const back = known.state === 'gone';
  const values = described(file);
  const same = Object.entries(values).every(([name, value]) => known[name as keyof typeof values] === value);
  if (same && !back) return;
  const again = another || (back && known.detected_at === null);
  await trx
    .updateTable('files')
    .set({
      ...values,
      ...(again ? { state: 'waiting' as const, reason: null, attempts: 0, retry_at: null } : {}),
      ...(back && !again ? { state: 'detected' as const, reason: null } : {}),
      gone_at: null,
    })
    .where('id', '=', known.id)
    .execute();
  if (back && known.gone_at !== null) await askAgainAfterReturn(trx, known.id, known.gone_at);
}

function described(file: WikiFile) {
  return {
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
}
