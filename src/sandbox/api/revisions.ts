import type { Json } from '../json.ts';
import type { Revision } from '../state/pages.ts';
import { digitTime, isoTime } from '../times.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';
import type { PageSet } from './page-set.ts';
import type { PropAnswer } from './query.ts';

/** `prop=revisions`: the newest of each page, or (with `rvlimit`) the history of one. */
export function revisions(call: ApiCall, set: PageSet): PropAnswer {
  const { params, wiki } = call;
  const props = params.list('rvprop') ?? ['ids', 'timestamp', 'flags', 'comment', 'user'];
  const slots = params.list('rvslots');
  const several = params.get('rvlimit') !== undefined;
  if (several && set.pages.length > 1) {
    throw ApiError.core(
      'invalidparammix',
      '"titles", "pageids" or a generator was used to supply multiple pages, but the "rvlimit", "rvstartid", "rvendid", "rvdir=newer", "rvuser", "rvexcludeuser", "rvstart", and "rvend" parameters may only be used on a single page.',
    );
  }
  const limit = several ? params.limit('rvlimit', 10, 500, 'revisions') : 1;
  const continued = params.get('rvcontinue')?.split('|')[1];
  const additions = new Map<number, Json>();
  let next: Json | null = null;
  set.pages.forEach(({ page }, place) => {
    if (!page) return;
    const found = wiki.store.pages.history(page.id, limit + 1, continued ? Number(continued) : undefined);
    const beyond = found[limit];
    if (several && beyond) next = { rvcontinue: `${digitTime(beyond.at)}|${beyond.id}` };
    additions.set(place, {
      revisions: found.slice(0, limit).map((revision) => describe(revision, props, slots)),
    });
  });
  return { additions, next };
}

function describe(revision: Revision, props: string[], slots: string[] | undefined): Json {
  const has = (name: string) => props.includes(name);
  const entitySize = Buffer.byteLength(revision.entity ?? '');
  return {
    ...(has('ids') && { revid: revision.id, parentid: revision.parent }),
    ...(has('flags') && { minor: false }),
    ...(has('user') && { user: revision.user_name }),
    ...(has('userid') && { userid: revision.user_id }),
    ...(has('timestamp') && { timestamp: isoTime(revision.at) }),
    ...(has('size') && { size: revision.text_size + entitySize }),
    ...(slots && { slots: slotsOf(revision, has, slots, entitySize) }),
    ...(has('comment') && { comment: revision.comment }),
    ...(has('tags') && { tags: JSON.parse(revision.tags) as string[] }),
  };
}

function slotsOf(
  revision: Revision,
  has: (name: string) => boolean,
  wanted: string[],
  entitySize: number,
): Json {
  const chosen = (name: string) => wanted.includes('*') || wanted.includes(name);
  return {
    ...(chosen('main') && {
      main: {
        ...(has('slotsize') && { size: revision.text_size }),
        ...(has('content') && { contentmodel: 'wikitext', contentformat: 'text/x-wiki', content: '' }),
      },
    }),
    ...(chosen('mediainfo') &&
      revision.entity !== null && {
        mediainfo: {
          ...(has('slotsize') && { size: entitySize }),
          ...(has('content') && {
            contentmodel: 'wikibase-mediainfo',
            contentformat: 'application/json',
            content: slotContent(revision.entity),
          }),
        },
      }),
  };
}

/** As Wikibase keeps it: without words there are lists where objects would be, and so for the last statement gone. */
function slotContent(entity: string): string {
  const { type, id, statements } = JSON.parse(entity) as { type: string; id: string; statements: Json };
  const some = Object.keys(statements).length > 0;
  return JSON.stringify({ type, id, labels: [], descriptions: [], statements: some ? statements : [] });
}
