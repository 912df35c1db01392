/** The portrait (P18) that is shown beside a person: never without its author and licence. */
import type { Store } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import type { Wiki } from '../wiki/wiki.ts';

/** A file of the wiki, as its page says. */
export interface Portrait {
  /** A picture of 330 pixels. */
  readonly url: string;
  readonly title: string;
  readonly pageUrl: string;
  /** Empty: the page does not say. */
  readonly author: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
}

export const PORTRAIT_COLUMNS = [
  'portrait_title',
  'portrait_url',
  'portrait_page_url',
  'portrait_author',
  'portrait_licence',
  'portrait_licence_url',
] as const;

type Columns = { readonly [Name in (typeof PORTRAIT_COLUMNS)[number]]: string | null };

/** @returns null where there is none, and where it is not known yet whose it is */
export function portraitOf(row: Columns): Portrait | null {
  if (!row.portrait_url || !row.portrait_page_url) return null;
  return {
    url: row.portrait_url,
    title: row.portrait_title ?? '',
    pageUrl: row.portrait_page_url,
    author: row.portrait_author ?? '',
    licence: row.portrait_licence ?? '',
    licenceUrl: row.portrait_licence_url,
  };
}

const WIDTH = 330;
/** Titles in one request. */
const BATCH = 50;

/** The columns of a person whose item names this file. @param file null: there is none on the wiki */
export function portraitColumns(title: string | null, file: WikiFile | null): Columns {
  const shown = file?.thumbUrl ? file : null;
  return {
    portrait_title: title,
    portrait_url: shown?.thumbUrl ?? null,
    portrait_page_url: shown?.descriptionUrl ?? null,
    portrait_author: shown?.author ?? null,
    portrait_licence: shown?.licence ?? null,
    portrait_licence_url: shown?.licenceUrl ?? null,
  };
}

/** The files that items name as portraits, by title. @throws VisavisError `wiki` */
export async function findPortraits(
  wiki: Pick<Wiki, 'thumbnails'>,
  titles: readonly string[],
): Promise<ReadonlyMap<string, WikiFile | null>> {
  const found = new Map<string, WikiFile | null>();
  for (let start = 0; start < titles.length; start += BATCH) {
    const files = await wiki.thumbnails(titles.slice(start, start + BATCH), WIDTH);
    for (const [title, file] of files) found.set(title, file);
  }
  return found;
}

/**
 * A piece of work: asks the wiki for author and licence of portraits that were stored without them.
 * @returns whether there was one
 */
export async function creditPortraitsStep({
  store,
  wiki,
}: {
  readonly store: Store;
  readonly wiki: Pick<Wiki, 'thumbnails'>;
}): Promise<boolean> {
  const rows = await store.db
    .selectFrom('project_persons')
    .select('portrait_title')
    .distinct()
    .where('portrait_title', 'is not', null)
    .where('portrait_url', 'is not', null)
    .where('portrait_page_url', 'is', null)
    .orderBy('portrait_title')
    .limit(BATCH)
    .execute();
  const titles = rows.flatMap((row) => row.portrait_title ?? []);
  const files = await findPortraits(wiki, titles);
  for (const title of titles) {
    await store.db
      .updateTable('project_persons')
      .set(portraitColumns(title, files.get(title) ?? null))
      .where('portrait_title', '=', title)
      .where('portrait_page_url', 'is', null)
      .execute();
  }
  return titles.length > 0;
}
