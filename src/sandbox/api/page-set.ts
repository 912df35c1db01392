import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import type { Page } from '../state/pages.ts';
import { parseTitle } from '../titles.ts';
import type { ApiCall } from './call.ts';
import { categoryMembers } from './category-members.ts';

/** The pages that `prop` modules work on. */
export interface PageSet {
  pages: PageRef[];
  /** `normalized` and `redirects` of the answer. */
  notes: Json;
  /** Where the generator goes on. */
  next: Json | null;
  /** The generator's own continue parameters of this request: to be kept while props go on. */
  current: Json;
}

export interface PageRef {
  page: Page | null;
  /** What stands in the answer: page id, namespace and title, with `missing` where it is. */
  head: Json;
}

export function buildPageSet(call: ApiCall): PageSet | null {
  const { wiki, params } = call;
  const generator = params.get('generator');
  const follow = params.flag('redirects');
  if (generator === 'categorymembers') {
    const { members, next } = categoryMembers(call, 'g');
    const current = params.get('gcmcontinue');
    return {
      pages: members.map(pageRef).sort((a, b) => Number(a.page?.id) - Number(b.page?.id)),
      notes: {},
      next,
      current: current === undefined ? {} : { gcmcontinue: current },
    };
  }
  const titles = params.fewOf('titles');
  if (titles) return fromTitles(wiki, titles, follow);
  const ids = params.fewOf('pageids');
  return ids ? fromIds(wiki, ids, follow) : null;
}

function pageRef(page: Page): PageRef {
  return { page, head: { pageid: page.id, ns: page.ns, title: page.title } };
}

function fromTitles(wiki: Wiki, titles: string[], follow: boolean): PageSet {
  const normalized: Json[] = [];
  const redirects: Json[] = [];
  const refs = new Map<string, PageRef>();
  for (const raw of titles) {
    const title = parseTitle(raw);
    if (title.full !== raw) normalized.push({ fromencoded: false, from: raw, to: title.full });
    const found = resolve(wiki, wiki.store.pages.byTitle(title.full), follow, redirects);
    const name = found.title ?? title.full;
    const head = { ns: parseTitle(name).ns, title: name, missing: true };
    refs.set(name, found.page ? pageRef(found.page) : { page: null, head });
  }
  return asSet([...refs.values()], normalized, redirects);
}

function fromIds(wiki: Wiki, ids: string[], follow: boolean): PageSet {
  const redirects: Json[] = [];
  const refs = new Map<number, PageRef>();
  for (const id of ids.map(Number)) {
    const { page } = resolve(wiki, wiki.store.pages.byId(id), follow, redirects);
    refs.set(page?.id ?? id, page ? pageRef(page) : { page: null, head: { pageid: id, missing: true } });
  }
  return asSet([...refs.values()], [], redirects);
}

function resolve(
  wiki: Wiki,
  page: Page | undefined,
  follow: boolean,
  redirects: Json[],
): { page: Page | undefined; title: string | undefined } {
  if (!follow || !page?.redirect) return { page, title: page?.title };
  redirects.push({ from: page.title, to: page.redirect });
  return { page: wiki.store.pages.byTitle(page.redirect), title: page.redirect };
}

function asSet(pages: PageRef[], normalized: Json[], redirects: Json[]): PageSet {
  return {
    // Pages that are missing come first, then page by page: the order of formatversion 2.
    pages: pages.sort((a, b) => Number(a.page?.id ?? 0) - Number(b.page?.id ?? 0)),
    notes: { ...(normalized.length > 0 && { normalized }), ...(redirects.length > 0 && { redirects }) },
    next: null,
    current: {},
  };
}
