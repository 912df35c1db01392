import { isJson, type Json } from '../json.ts';
import type { ApiError, ErrorPart } from './errors.ts';

export interface OutputFormat {
  /** `formatversion`: 1 writes true as "", leaves false out, and lists pages by id. */
  version: 1 | 2;
  errorformat: string;
  apiUrl: string;
}

export interface Warning {
  module: string;
  text: string;
  /** Wikibase reports some of its warnings as messages. */
  message?: string;
  /** Code of the list form. */
  code?: string;
}

/** The body of a refusal. */
export function errorBody(error: ApiError, format: OutputFormat): Json {
  const docref = `See ${format.apiUrl} for API usage. Subscribe to the mediawiki-api-announce mailing list at &lt;https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/&gt; for notice of API deprecations and breaking changes.`;
  const messages = error.messages && { messages: error.messages };
  if (format.errorformat === 'bc') {
    const [first] = error.parts;
    const body = { code: first?.code, info: first?.text, ...first?.data, ...messages };
    if (format.version === 2) return { error: { ...body, docref } };
    return { error: { ...(starHtml(body) as Json), '*': docref } };
  }
  const [first, ...others] = error.parts;
  const listed = others.length === 0 ? [] : error.parts.map((part) => listEntry(part, part.data));
  const data =
    first && (first.data || messages) ? { ...(others.length === 0 && first.data), ...messages } : undefined;
  const last = first ? [listEntry(first, data)] : [];
  const more = error.more.map((part) => listEntry(part, part.data));
  return { errors: [...listed, ...last, ...more], docref };

  function listEntry(part: ErrorPart, extra: Json | undefined): Json {
    const words = wording(part, format.errorformat);
    return { code: part.code, ...words, ...(extra && { data: extra }), module: error.module };
  }
}

/** Warnings, grouped by module or as a list, whichever the error format wants. */
export function warningsBody(warnings: Warning[], format: OutputFormat): Json {
  if (warnings.length === 0) return {};
  if (format.errorformat !== 'bc') {
    const list = warnings.map(({ module, text, code, message }) => ({
      code: code ?? message ?? 'warning',
      text,
      module,
    }));
    return { warnings: list };
  }
  const modules: Json = {};
  for (const module of new Set(warnings.map((warning) => warning.module))) {
    const own = warnings.filter((warning) => warning.module === module);
    const messages = own.flatMap(({ message, text }) =>
      message === undefined ? [] : [{ name: message, parameters: [], html: text, type: 'warning' }],
    );
    const texts = own.filter((warning) => warning.message === undefined).map((warning) => warning.text);
    const key = format.version === 2 ? 'warnings' : '*';
    modules[module] = {
      ...(messages.length > 0 && { messages }),
      ...(texts.length > 0 && { [key]: texts.join('\n') }),
    };
  }
  return { warnings: modules };
}

/** Formatversion 1 of an answer that was made for formatversion 2. */
export function asVersionOne(answer: Json): Json {
  const query = answer.query;
  const shaped =
    isJson(query) && Array.isArray(query.pages)
      ? { ...answer, query: { ...query, pages: pagesById(query.pages) } }
      : answer;
  return withoutBooleans(shaped) as Json;
}

function pagesById(pages: unknown[]): Json {
  let missing = 0;
  const entries = pages.filter(isJson).map((page) => {
    if (page.pageid === undefined) missing -= 1;
    return [String(page.pageid ?? missing), page];
  });
  return Object.fromEntries(entries) as Json;
}

function withoutBooleans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutBooleans);
  if (!isJson(value)) return value === true ? '' : value;
  const kept = Object.entries(value).filter(([, member]) => member !== false);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutBooleans(member)]));
}

function starHtml(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(starHtml);
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === 'html' ? { '*': member } : starHtml(member)]),
  );
}

function wording(part: ErrorPart, errorformat: string): Json {
  switch (errorformat) {
    case 'html':
      return { html: part.text };
    case 'raw':
      return { key: part.key, params: [] };
    case 'none':
      return {};
    default:
      return { text: part.text };
  }
}
