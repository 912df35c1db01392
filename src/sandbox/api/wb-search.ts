import { findItem, type Item, type Term } from '../entity/entities.ts';
import { PROPERTIES } from '../entity/properties.ts';
import type { Json } from '../json.ts';
import type { Page } from '../state/pages.ts';
import type { ApiCall } from './call.ts';
import { ApiError } from './errors.ts';
import { fallbackTerm } from './wb-get-entities.ts';

/** `wbsearchentities`: items whose id is the text, or whose label or alias begins with it. */
export function wbsearchentities(call: ApiCall): Json {
  const { params } = call;
  const text = params.required('search');
  const language = params.required('language');
  if (!LANGUAGES.has(language)) {
    throw ApiError.core('badvalue', `Unrecognized value for parameter "language": ${language}.`);
  }
  const type = params.get('type') ?? 'item';
  const limit = params.limit('limit', 7, 50, 'wbsearchentities');
  const offset = Number(params.get('continue') ?? 0) || 0;
  for (const unused of ['strictlanguage', 'profile', 'props']) params.get(unused);
  const found = type === 'property' ? properties(call, text) : items(call, text, language);
  const shown = found.slice(offset, offset + limit);
  const more = offset + limit < found.length;
  return {
    searchinfo: { search: text },
    search: shown,
    ...(more && { 'search-continue': offset + limit }),
    success: 1,
  };
}

interface Match {
  type: 'entityId' | 'label' | 'alias';
  term: Term | null;
}

function items(call: ApiCall, text: string, language: string): Json[] {
  const { store } = call.wiki;
  return store.pages
    .inNamespace(120)
    .filter((page) => page.redirect === null || page.title === `Item:${text.toUpperCase()}`)
    .flatMap((page) => {
      const found = findItem(store, page.title.slice('Item:'.length));
      const match = found && matchOf(page, found.item, text, language);
      return found && match ? [{ ...found, match }] : [];
    })
    .map(({ page, item, match }) => describe(call, page, item, match, text, language))
    .sort((a, b) => (String(a.label) < String(b.label) ? -1 : 1));
}

function matchOf(page: Page, item: Item, text: string, language: string): Match | null {
  if (page.title === `Item:${text.toUpperCase()}`) return { type: 'entityId', term: null };
  const begins = (term: Term | undefined) => term?.value.toLowerCase().startsWith(text.toLowerCase());
  const label = [item.labels[language], fallbackTerm(item.labels, language)].find(begins);
  if (label) return { type: 'label', term: label };
  const aliases = [...(item.aliases[language] ?? []), ...(item.aliases.en ?? [])];
  const alias = aliases.find(begins);
  return alias ? { type: 'alias', term: alias } : null;
}

function describe(call: ApiCall, page: Page, item: Item, match: Match, text: string, language: string): Json {
  const label = item.labels[language] ?? fallbackTerm(item.labels, language);
  const description = item.descriptions[language] ?? fallbackTerm(item.descriptions, language);
  const matched = match.term ? { language: match.term.language, text: match.term.value } : { text };
  const aliases = match.type === 'label' ? undefined : [match.term?.value ?? text];
  return {
    id: item.id,
    title: page.title,
    pageid: page.id,
    display: {
      ...(label && { label: { value: label.value, language: label.language } }),
      ...(description && { description: { value: description.value, language: description.language } }),
    },
    repository: 'local',
    url: call.wiki.urls.page(`Item:${item.id}`),
    concepturi: call.wiki.urls.entity(item.id),
    ...(label && { label: label.value }),
    ...(description && { description: description.value }),
    match: { type: match.type, ...matched },
    ...(aliases && { aliases }),
  };
}

function properties(call: ApiCall, text: string): Json[] {
  return Object.entries(PROPERTIES)
    .filter(([id, { label }]) => id === text.toUpperCase() || label.startsWith(text.toLowerCase()))
    .map(([id, { label, datatype }]) => ({
      id,
      title: `Property:${id}`,
      display: { label: { value: label, language: 'en' } },
      repository: 'local',
      url: call.wiki.urls.page(`Property:${id}`),
      datatype,
      concepturi: call.wiki.urls.entity(id),
      label,
      match:
        id === text.toUpperCase()
          ? { type: 'entityId', text }
          : { type: 'label', language: 'en', text: label },
    }));
}

const LANGUAGES = new Set(
  'ar bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka ko lt lv mk ms mul nb nl nn no pl pt pt-br ro ru se sk sl sq sr sv ta th tr uk ur vi zh zh-hans zh-hant'.split(
    ' ',
  ),
);
