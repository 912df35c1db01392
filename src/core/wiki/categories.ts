import { z } from 'zod';
import { MAX_LAG, type WikiClient } from './client.ts';
import { queryPages } from './query.ts';

/** A category's title with `Category:` in front, however it was written. */
export function categoryTitle(name: string): string {
  const bare = name
    .trim()
    .replace(/^:?category:/i, '')
    .replaceAll('_', ' ')
    .trim();
  return `Category:${bare}`;
}

/** A file as the list of a category tells it: enough to see whether it is new or changed. */
export interface MemberFile {
  readonly pageId: number;
  /** With its `File:` in front. */
  readonly title: string;
  /** Of the current version; null when the page has no file, or a hidden one. */
  readonly version: {
    readonly sha1: string;
    readonly width: number;
    readonly height: number;
    readonly mime: string;
  } | null;
}

export interface MemberPage {
  readonly files: readonly MemberFile[];
  /** Titles without the namespace. They come before the files, on the first pages. */
  readonly subcategories: readonly string[];
  /** Give it to the next call; null after the last page. */
  readonly next: string | null;
}

const memberVersion = z.object({
  sha1: z.string().regex(/^[0-9a-f]{40}$/),
  width: z.number(),
  height: z.number(),
  mime: z.string(),
});
const member = z.object({
  pageid: z.number(),
  ns: z.number(),
  title: z.string(),
  imageinfo: z.array(z.unknown()).optional(),
});
const FILE = 6;
const CATEGORY = 14;

/**
 * Files of a category and (when asked for) the categories directly below it, 500 together in one request, with
 * what tells a new version. No thumbnails: the wiki makes no more than 50 of those in one answer. A category
 * that does not exist is an empty one; redirects are followed.
 * @param continueFrom `next` of the page before
 */
export async function categoryMembers(
  client: WikiClient,
  category: string,
  options: {
    readonly subcategories: boolean;
    readonly continueFrom?: string | null;
    readonly onAnswer?: (() => void) | undefined;
  },
): Promise<MemberPage> {
  const { subcategories, continueFrom = null, onAnswer } = options;
  const batch = await queryPages(
    client,
    {
      generator: 'categorymembers',
      gcmtitle: categoryTitle(category),
      gcmtype: subcategories ? ['subcat', 'file'] : ['file'],
      gcmlimit: 500,
      ...(continueFrom === null ? {} : { gcmcontinue: continueFrom, continue: 'gcmcontinue||' }),
      redirects: true,
      prop: 'imageinfo',
      iiprop: ['size', 'mime', 'sha1'],
      maxlag: MAX_LAG,
    },
    { onAnswer },
  );
  const pages = batch.pages.flatMap((page) => member.safeParse(page).data ?? []);
  const next = batch.next?.gcmcontinue;
  return {
    files: pages
      .filter((page) => page.ns === FILE)
      .map(({ pageid, title, imageinfo }) => ({
        pageId: pageid,
        title,
        version: memberVersion.safeParse(imageinfo?.[0]).data ?? null,
      })),
    subcategories: pages
      .filter((page) => page.ns === CATEGORY)
      .map(({ title }) => title.replace(/^[^:]*:/, '')),
    next: next === undefined ? null : String(next),
  };
}

export interface CategoryInfo {
  /** As the wiki writes it. */
  readonly title: string;
  /** The category has a page. One without can still have members. */
  readonly exists: boolean;
  /** Direct members, as the wiki counts them (the counts can be a little off). */
  readonly files: number;
  readonly subcategories: number;
}

const infoAnswer = z.object({
  query: z.object({
    pages: z.tuple([
      z.object({
        title: z.string(),
        missing: z.boolean().optional(),
        invalid: z.boolean().optional(),
        categoryinfo: z.object({ files: z.number(), subcats: z.number() }).optional(),
      }),
    ]),
  }),
});

/** How big a category is. A person waits for this, so it gives up after ten seconds. */
export async function categoryInfo(client: WikiClient, category: string): Promise<CategoryInfo> {
  const answer = await client.read(
    infoAnswer,
    // As a list, because a title may hold the separator; m3api then takes another one.
    { action: 'query', titles: [categoryTitle(category)], prop: 'categoryinfo' },
    { budgetMs: 10_000 },
  );
  const [page] = answer.query.pages;
  return {
    title: page.title,
    exists: !page.missing && !page.invalid,
    files: page.categoryinfo?.files ?? 0,
    subcategories: page.categoryinfo?.subcats ?? 0,
  };
}
