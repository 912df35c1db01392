import { z } from 'zod';
import { requireBatch, requireItemId, requirePageId } from './batch.ts';
import { categoryTitle } from './categories.ts';
import { MAX_LAG, type WikiClient } from './client.ts';
import { imageInfoParams, readFilePage, type ThumbWidth, type WikiFile } from './file-page.ts';
import { queryPages } from './query.ts';

/**
 * Files by page id: moved ones have another title, new versions another sha1. null means that there is no file
 * under that id any more: deleted, or its page is a redirect to another file now.
 * @param pageIds at most 50
 */
export async function filesByPageId(
  client: WikiClient,
  pageIds: readonly number[],
  width: ThumbWidth = 1280,
  onAnswer?: () => void,
): Promise<ReadonlyMap<number, WikiFile | null>> {
  requireBatch(pageIds);
  const found = new Map<number, WikiFile | null>(pageIds.map((id) => [requirePageId(id), null]));
  if (found.size === 0) return found;
  const batch = await queryPages(
    client,
    // A redirect would answer with the picture of the file that it leads to.
    { pageids: [...found.keys()], redirects: true, ...imageInfoParams(width), maxlag: MAX_LAG },
    { onAnswer },
  );
  for (const page of batch.pages) {
    const file = readFilePage(page);
    if (file && found.has(file.pageId)) found.set(file.pageId, file);
  }
  return found;
}

/**
 * Files by title, for portraits: keys are the titles as they were asked for, redirects are followed, null
 * means that there is no such file.
 * @param titles at most 50, with `File:` in front
 * @param width of `thumbUrl`
 */
export async function thumbnails(
  client: WikiClient,
  titles: readonly string[],
  width: ThumbWidth,
): Promise<ReadonlyMap<string, WikiFile | null>> {
  requireBatch(titles);
  if (titles.length === 0) return new Map();
  const batch = await queryPages(client, { titles, redirects: true, ...imageInfoParams(width) });
  const byTitle = new Map(batch.pages.map((page) => [page.title, readFilePage(page)]));
  return new Map(titles.map((title) => [title, byTitle.get(batch.resolve(title)) ?? null]));
}

export interface DepictingPage {
  readonly files: readonly { readonly pageId: number; readonly title: string }[];
  readonly next: number | null;
}

const searchAnswer = z.object({
  continue: z.object({ sroffset: z.number() }).optional(),
  query: z.object({ search: z.array(z.object({ pageid: z.number(), title: z.string() })) }),
});

/** CirrusSearch does not go further than this. */
const LAST_SEARCH_OFFSET = 10_000;

/**
 * Files of a category and its subcategories whose structured data has the statement already, 500 at a time.
 * Reads the search index, which is minutes behind the wiki; `readStatements` tells the truth about a file.
 * @param next `next` of the page before
 * @param property P180 on Commons; other wikis number theirs otherwise
 */
export async function filesDepicting(
  client: WikiClient,
  itemId: string,
  category: string,
  next: number | null = null,
  property: string = 'P180',
): Promise<DepictingPage> {
  const name = categoryTitle(category)
    .replace(/^Category:/, '')
    .replaceAll('"', '\\"');
  const found = await client.read(searchAnswer, {
    action: 'query',
    list: 'search',
    srsearch: `haswbstatement:${property}=${requireItemId(itemId)} deepcat:"${name}"`,
    srnamespace: 6,
    srlimit: 500,
    srprop: '',
    srinfo: '',
    ...(next === null ? {} : { sroffset: next, continue: '-||' }),
    maxlag: MAX_LAG,
  });
  const offset = found.continue?.sroffset ?? null;
  return {
    files: found.query.search.map(({ pageid, title }) => ({ pageId: pageid, title })),
    next: offset !== null && offset < LAST_SEARCH_OFFSET ? offset : null,
  };
}
