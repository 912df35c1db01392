import type { Json } from '../json.ts';
import { isoTime } from '../times.ts';
import type { ApiCall } from './call.ts';
import type { PageSet } from './page-set.ts';
import type { PropAnswer } from './query.ts';

/** `prop=info`. */
export function info(call: ApiCall, set: PageSet): PropAnswer {
  const inprop = call.params.list('inprop') ?? [];
  const tested = call.params.list('intestactions') ?? [];
  const admin = call.caller.user?.groups.includes('sysop') ?? false;
  return forEachPage(set, (page) => ({
    contentmodel: page.ns === 120 ? 'wikibase-item' : 'wikitext',
    pagelanguage: 'en',
    pagelanguagehtmlcode: 'en',
    pagelanguagedir: 'ltr',
    touched: isoTime(page.touched),
    lastrevid: page.latest,
    length: 705,
    ...(page.redirect !== null && { redirect: true }),
    ...(inprop.includes('protection') && {
      protection: page.protected ? [{ type: 'edit', level: 'sysop', expiry: 'infinity' }] : [],
      restrictiontypes: ['edit', 'move', 'upload'],
    }),
    ...(inprop.includes('url') && {
      fullurl: call.wiki.urls.page(page.title),
      canonicalurl: call.wiki.urls.page(page.title),
    }),
    ...(tested.length > 0 && {
      actions: Object.fromEntries(tested.map((action) => [action, page.protected === 0 || admin])),
    }),
  }));
}

/** `prop=categoryinfo`: how much is in a category; nothing for one without members. */
export function categoryInfo(call: ApiCall, set: PageSet): PropAnswer {
  const additions = new Map<number, Json>();
  set.pages.forEach(({ head }, place) => {
    if (head.ns !== 14 || typeof head.title !== 'string') return;
    const { page, file, subcat } = call.wiki.store.categories.counts(head.title);
    const size = page + file + subcat;
    if (size === 0) return;
    additions.set(place, {
      categoryinfo: { size, pages: page, files: file, subcats: subcat, hidden: false },
    });
  });
  return { additions, next: null };
}

/** `prop=categories`. */
export function categories(call: ApiCall, set: PageSet): PropAnswer {
  call.params.get('cllimit');
  return forEachPage(set, (page) => {
    const names = call.wiki.store.categories.of(page.id);
    return names.length > 0 ? { categories: names.map((title) => ({ ns: 14, title })) } : {};
  });
}

function forEachPage(
  set: PageSet,
  make: (page: NonNullable<PageSet['pages'][number]['page']>) => Json,
): PropAnswer {
  const additions = new Map<number, Json>();
  set.pages.forEach(({ page }, place) => {
    if (page) additions.set(place, make(page));
  });
  return { additions, next: null };
}
