import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import type { Page } from '../state/pages.ts';
import { isoTime } from '../times.ts';
import { parseTitle } from '../titles.ts';
import type { ApiCall } from './call.ts';

/** `list=search`, with the keywords that name statements and categories; other words must be in the title. */
export function search(call: ApiCall): { entries: Json[]; next: Json | null; extra: Json } {
  const { params, wiki } = call;
  const terms = parseSearch(params.required('srsearch'));
  const namespaces = (params.list('srnamespace') ?? ['0']).map(Number);
  const limit = params.limit('srlimit', 10, 500, 'search');
  const offset = Number(params.get('sroffset') ?? 0);
  for (const unused of ['srprop', 'srinfo', 'srwhat', 'srsort', 'srqiprofile']) params.get(unused);
  const found = namespaces.flatMap((ns) => candidates(wiki, ns, terms));
  const entries = found.slice(offset, offset + limit).map((page) => ({
    ns: page.ns,
    title: page.title,
    pageid: page.id,
    size: 705,
    wordcount: 40,
    snippet: '',
    timestamp: isoTime(page.touched),
  }));
  const more = offset + limit < found.length;
  return {
    entries,
    next: more ? { sroffset: offset + limit } : null,
    extra: { searchinfo: { totalhits: found.length } },
  };
}

interface Term {
  keyword: string;
  value: string;
  negated: boolean;
}

function parseSearch(text: string): Term[] {
  return [...text.matchAll(/(-?)(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)].map(
    ([, minus, keyword, quoted, plain]) => ({
      keyword: keyword ?? '',
      value: quoted ?? plain ?? '',
      negated: minus === '-',
    }),
  );
}

function candidates(wiki: Wiki, ns: number, terms: Term[]): Page[] {
  const tests = terms.map((term) => ({ test: testFor(wiki, term), negated: term.negated }));
  return wiki.store.pages
    .inNamespace(ns)
    .filter((page) => page.redirect === null && tests.every(({ test, negated }) => test(page) !== negated));
}

function testFor(wiki: Wiki, { keyword, value }: Term): (page: Page) => boolean {
  switch (keyword) {
    case 'haswbstatement': {
      const ids = new Set(value.split('|').flatMap((one) => [...withStatement(wiki, one)]));
      return (page) => ids.has(page.id);
    }
    case 'deepcat':
      return inAny(wiki, wiki.store.categories.tree(`Category:${value}`));
    case 'incategory':
      return inAny(wiki, new Set(value.split('|').map((one) => parseTitle(`Category:${one}`).full)));
    default: {
      const word = (keyword === '' || keyword === 'intitle' ? value : `${keyword}:${value}`).toLowerCase();
      return (page) => page.title.toLowerCase().includes(word);
    }
  }
}

function withStatement(wiki: Wiki, condition: string): Set<number> {
  const [property = '', value = ''] = condition.split('=');
  const rows = wiki.store.db.all<{ page_id: number }>(
    'SELECT page_id FROM statement_index WHERE property = ? AND value = ?',
    property,
    value,
  );
  return new Set(rows.map((row) => row.page_id));
}

function inAny(wiki: Wiki, categories: Set<string>): (page: Page) => boolean {
  return (page) => wiki.store.categories.of(page.id).some((category) => categories.has(category));
}
