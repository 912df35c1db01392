import { upsertFiles } from '../catalog/files.ts';
import { isPicture } from '../catalog/pictures.ts';
import type { Store, Trx } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import { isPageOf } from './item-of.ts';
import type { Known } from './known.ts';
import type { ProjectPlan } from './plan.ts';
import type { Tally } from './report.ts';
import type { ImageRow } from './rows.ts';

/** An image that has a file here. */
export interface TakenImage {
  readonly image: ImageRow;
  readonly file: WikiFile;
  readonly fileId: number;
  /** It was taken over by an earlier import already. */
  readonly before: boolean;
}

/** Images become files by their page id, with what the wiki says of them now. */
export async function takeImages(
  { store, now }: { store: Store; now: number },
  trx: Trx,
  known: Known,
  projectId: number,
  plan: ProjectPlan,
  tally: Tally,
): Promise<TakenImage[]> {
  const there: { image: ImageRow; file: WikiFile }[] = [];
  for (const image of plan.images) {
    const file = plan.files.get(image.commons_page_id) ?? null;
    if (!file) tally.leftOut('files', 'not on the wiki any more');
    else if (!file.thumbUrl || !isPicture(file)) tally.leftOut('files', 'no picture');
    else there.push({ image, file });
  }
  const taken: TakenImage[] = [];
  for (let start = 0; start < there.length; start += 500) {
    const some = there.slice(start, start + 500);
    const ids = await upsertFiles(
      store,
      trx,
      some.map(({ file }) => file),
    );
    for (const { image, file } of some) {
      const fileId = ids.get(file.pageId);
      if (fileId === undefined) continue;
      const before = (await known.get('image', image.id)) !== null;
      if (before) tally.hadBefore('files');
      else {
        await addToProject(trx, projectId, fileId, depictsBefore(plan, image), now);
        await known.keep('image', image.id, fileId);
        tally.took('files');
      }
      taken.push({ image, file, fileId, before });
    }
  }
  return taken;
}

/**
 * The file depicted the person before the old tool did anything: the tool's own mark, while the statement still
 * stands. A statement that the tool wrote is no such thing, so nothing is read into the others.
 */
function depictsBefore(plan: ProjectPlan, image: ImageRow): string | null {
  return image.bootstrapped && isPageOf(plan, image.commons_page_id) ? (plan.person?.item.id ?? null) : null;
}

async function addToProject(
  trx: Trx,
  projectId: number,
  fileId: number,
  depicts: string | null,
  now: number,
): Promise<void> {
  const there = await trx
    .selectFrom('project_files')
    .select('file_id')
    .where('project_id', '=', projectId)
    .where('file_id', '=', fileId)
    .executeTakeFirst();
  if (there) return;
  await trx
    .insertInto('project_files')
    .values({ project_id: projectId, file_id: fileId, depicts, depicts_read_at: now, added_at: now })
    .execute();
}
