import type { Store } from '../store/store.ts';

/** Kinds that can hold faces and that the wiki makes pictures of. */
const PICTURE = /^image\/(jpeg|png|gif|webp|tiff|svg\+xml|x-xcf|vnd\.djvu)$|^application\/pdf$/;

/** Whether faces can be looked for in a file of this kind and size (pixels). */
export function isPicture(file: { mime: string; width: number; height: number }): boolean {
  return PICTURE.test(file.mime) && file.width > 0 && file.height > 0;
}

export interface CrawlCounts {
  /** Pages of the categories that are no pictures: sound, film, models, pages without a file. */
  readonly leftOut: number;
  /** Pictures that did not find room under the project's cap. */
  readonly beyondCap: number;
  /** Files of the project that the last crawl did not find in its categories. */
  readonly away: number;
}

/** What a project page says of the files that it does not show. */
export async function crawlCounts(store: Store, projectId: number): Promise<CrawlCounts> {
  const rows = await store.db
    .selectFrom('crawl_members')
    .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .where('state', 'in', ['left_out', 'beyond', 'away'])
    .groupBy('state')
    .execute();
  const count = (state: string) => rows.find((row) => row.state === state)?.n ?? 0;
  return {
    leftOut: Number(count('left_out')),
    beyondCap: Number(count('beyond')),
    away: Number(count('away')),
  };
}
