import type { Json } from '../json.ts';
import type { ApiCall } from './call.ts';
import { listCategoryMembers } from './category-members.ts';
import { imageInfo } from './image-info.ts';
import { siteInfo, tokens, userInfo } from './meta.ts';
import { categories, categoryInfo, info } from './page-props.ts';
import { buildPageSet, type PageSet } from './page-set.ts';
import { revisions } from './revisions.ts';
import { search } from './search.ts';

/** What a `prop` module adds to each page (by its place in the set), and where it goes on. */
export interface PropAnswer {
  additions: Map<number, Json>;
  next: Json | null;
}

const PROPS: Record<string, (call: ApiCall, set: PageSet) => PropAnswer> = {
  info,
  imageinfo: imageInfo,
  categories,
  categoryinfo: categoryInfo,
  revisions,
};
const LISTS: Record<string, (call: ApiCall) => { entries: Json[]; next: Json | null; extra?: Json }> = {
  categorymembers: listCategoryMembers,
  search,
};
const METAS: Record<string, (call: ApiCall) => Json> = {
  tokens,
  userinfo: userInfo,
  siteinfo: siteInfo,
};

/** `action=query`: pages with their props, lists and meta, with one `continue` for all of them. */
export function query(call: ApiCall): Json {
  const { params } = call;
  const set = buildPageSet(call);
  const result: Json = { ...set?.notes };
  // Props that were complete in an earlier part of the same batch are named after `||` and left out.
  const finished = params.get('continue')?.split('||')[1]?.split('|') ?? [];
  const propNext: Json = {};
  const propsDone: string[] = [];
  if (set) {
    const pages: Json[] = set.pages.map((ref) => ({ ...ref.head }));
    for (const prop of params.choices('prop', Object.keys(PROPS), 'query')) {
      const { additions, next } = finished.includes(prop) ? NOTHING : (PROPS[prop]?.(call, set) ?? NOTHING);
      for (const [place, members] of additions) Object.assign(pages[place] ?? {}, members);
      if (next) Object.assign(propNext, next);
      else propsDone.push(prop);
    }
    if (pages.length > 0) result.pages = pages;
  }
  const listNext: Json = {};
  for (const list of params.choices('list', Object.keys(LISTS), 'query')) {
    const answer = LISTS[list]?.(call);
    if (!answer) continue;
    Object.assign(result, answer.extra, { [list]: answer.entries });
    if (answer.next) Object.assign(listNext, answer.next);
  }
  for (const meta of params.choices('meta', Object.keys(METAS), 'query')) {
    Object.assign(result, METAS[meta]?.(call));
  }
  return {
    ...continuation(set, propNext, propsDone, listNext),
    ...(Object.keys(result).length > 0 && { query: result }),
  };
}

const NOTHING: PropAnswer = { additions: new Map(), next: null };

/** While props of one batch go on, the generator stays where it is; only then does it move. */
function continuation(set: PageSet | null, propNext: Json, propsDone: string[], listNext: Json): Json {
  if (Object.keys(propNext).length > 0) {
    const kept = set?.current ?? {};
    const marker = `${Object.keys(kept).join('|')}||${propsDone.join('|')}`;
    return { continue: { ...listNext, ...propNext, ...kept, continue: marker } };
  }
  if (set?.next) {
    const marker = `${Object.keys(set.next).join('|')}||`;
    return { batchcomplete: true, continue: { ...listNext, ...set.next, continue: marker } };
  }
  if (Object.keys(listNext).length > 0) {
    return { batchcomplete: true, continue: { ...listNext, continue: '-||' } };
  }
  return { batchcomplete: true };
}
