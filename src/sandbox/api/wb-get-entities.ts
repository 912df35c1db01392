import { filePage, fileStatements, findItem, type Item, type Term } from '../entity/entities.ts';
import { PROPERTIES } from '../entity/properties.ts';
import { mapGroups, withDatatypes } from '../entity/statements.ts';
import type { Json } from '../json.ts';
import type { Page } from '../state/pages.ts';
import { isoTime } from '../times.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';

const ALL_PROPS = ['info', 'sitelinks', 'aliases', 'labels', 'descriptions', 'claims', 'datatype'];

/** `wbgetentities` for `M…` and `Q…`, and the bare bones of `P…`. */
export function wbgetentities(call: ApiCall): Json {
  const { params } = call;
  const ids = params.fewOf('ids');
  if (!ids) {
    throw ApiError.wikibase(
      'param-missing',
      'Either provide the Item "ids" or pairs of "sites" and "titles" for corresponding page',
      { key: 'wikibase-api-illegal-ids-or-sites-titles-selector' },
    );
  }
  const bad = ids.find((id) => !/^[MQP][1-9]\d*$/i.test(id));
  if (bad !== undefined) {
    const text = `Could not find an entity with the ID "${bad}".`;
    throw ApiError.wikibase('no-such-entity', text, { params: [bad], data: { id: bad } });
  }
  params.get('redirects');
  const view: View = {
    props: params.list('props') ?? ALL_PROPS,
    languages: params.list('languages'),
    fallback: params.flag('languagefallback'),
  };
  const entities = Object.fromEntries(
    ids.map((id) => [
      id.toUpperCase(),
      entity(call, id.toUpperCase(), view) ?? { id: id.toUpperCase(), missing: '' },
    ]),
  );
  return { entities, success: 1 };
}

interface View {
  props: string[];
  languages: string[] | undefined;
  fallback: boolean;
}

function entity(call: ApiCall, id: string, view: View): Json | undefined {
  if (id.startsWith('M')) return mediaInfo(call, id, view);
  return id.startsWith('Q') ? itemAnswer(call, id, view) : property(id, view);
}

/** Statements come whatever `props` says; an entity whose statements are all gone has a list instead. */
function mediaInfo(call: ApiCall, id: string, { props }: View): Json | undefined {
  const page = filePage(call.wiki.store, id);
  const statements = page && fileStatements(call.wiki.store, page);
  if (!page || !statements) return undefined;
  return {
    ...(props.includes('info') && pageInfo(page)),
    type: 'mediainfo',
    id,
    ...(props.includes('labels') && { labels: {} }),
    ...(props.includes('descriptions') && { descriptions: {} }),
    statements: Object.keys(statements).length > 0 ? statements : [],
  };
}

function itemAnswer(call: ApiCall, id: string, view: View): Json | undefined {
  const found = findItem(call.wiki.store, id);
  if (!found) return undefined;
  const { page, item } = found;
  const has = (name: string) => view.props.includes(name);
  return {
    ...(has('info') && pageInfo(page)),
    ...(item.id !== id && { redirects: { from: id, to: item.id } }),
    type: 'item',
    id: item.id,
    ...(has('labels') && { labels: chosenTerms(item.labels, view) }),
    ...(has('descriptions') && { descriptions: chosenTerms(item.descriptions, view) }),
    ...(has('aliases') && { aliases: chosenAliases(item, view) }),
    ...(has('claims') && { claims: mapGroups(item.claims, withDatatypes) }),
    ...(has('sitelinks') && { sitelinks: item.sitelinks }),
  };
}

function property(id: string, { props }: View): Json | undefined {
  const known = PROPERTIES[id];
  if (!known) return undefined;
  return {
    type: 'property',
    datatype: known.datatype,
    id,
    ...(props.includes('labels') && { labels: { en: { language: 'en', value: known.label } } }),
    ...(props.includes('descriptions') && { descriptions: {} }),
    ...(props.includes('claims') && { claims: {} }),
  };
}

function pageInfo(page: Page): Json {
  return {
    pageid: page.id,
    ns: page.ns,
    title: page.title,
    lastrevid: page.latest,
    modified: isoTime(page.touched),
  };
}

function chosenTerms(terms: Record<string, Term>, { languages, fallback }: View): Json {
  if (!languages) return terms;
  const chosen: Json = {};
  for (const language of languages) {
    const own = terms[language];
    const other = fallback ? fallbackTerm(terms, language) : undefined;
    if (own) chosen[language] = own;
    else if (other)
      chosen[language] = { value: other.value, language: other.language, 'for-language': language };
  }
  return chosen;
}

/** The term in the next best language: a neighbour, then the one for all languages, then English. */
export function fallbackTerm(terms: Record<string, Term>, language: string): Term | undefined {
  const chain = [...(NEIGHBOURS[language] ?? []), 'mul', 'en'];
  return chain.map((next) => terms[next]).find((term) => term !== undefined);
}

const NEIGHBOURS: Record<string, string[]> = {
  nb: ['no', 'nn', 'da'],
  no: ['nb'],
  nn: ['nb', 'no'],
};

function chosenAliases(item: Item, { languages }: View): Json {
  if (!languages) return item.aliases;
  return Object.fromEntries(
    Object.entries(item.aliases).filter(([language]) => languages.includes(language)),
  );
}
