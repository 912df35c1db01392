import { z } from 'zod';
import { MAX_LAG, type WikiClient } from './client.ts';

/** A category's title with `Category:` in front, however it was written. */
export function categoryTitle(name: string): string {
  const bare = name
    .trim()
    .replace(/^:?category:/i, '')
    .replaceAll('_', ' ')
    .trim();
  return `Category:${bare}`;
}

export interface CategoryList {
  readonly categories: readonly { readonly pageId: number; readonly title: string }[];
  /** Give it to the next call; null after the last page. */
  readonly next: string | null;
}

const membersAnswer = z.object({
  continue: z.object({ cmcontinue: z.string() }).optional(),
  query: z.object({ categorymembers: z.array(z.object({ pageid: z.number(), title: z.string() })) }),
});

/** The categories directly below this one, 500 at a time, in sort-key order. */
export async function subcategories(
  client: WikiClient,
  category: string,
  next: string | null = null,
): Promise<CategoryList> {
  const answer = await client.read(membersAnswer, {
    action: 'query',
    list: 'categorymembers',
    cmtitle: categoryTitle(category),
    cmtype: 'subcat',
    cmprop: ['ids', 'title'],
    cmlimit: 500,
    ...(next === null ? {} : { cmcontinue: next, continue: '-||' }),
    maxlag: MAX_LAG,
  });
  return {
    categories: answer.query.categorymembers.map(({ pageid, title }) => ({ pageId: pageid, title })),
    next: answer.continue?.cmcontinue ?? null,
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
