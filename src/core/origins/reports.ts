import { parseOrigin } from './parse.ts';
import type { OriginRules } from './rules.ts';

/** Limits of what the collector reads, in bytes. */
export const LARGEST_BATCH = 64 * 1024;
const LARGEST_REPORT = 8_192;
/** A page that breaks its policy everywhere sends this many at most before the rest of the batch is dropped. */
export const MOST_IN_A_BATCH = 100;

export const REPORT_TYPES = [
  'application/csp-report',
  'application/reports+json',
  'application/json',
] as const;

/** What is kept of one report: no address of a person, no query, no name or password, no path of elsewhere. */
export interface Violation {
  /** `https://host[:port]`, or one of the words that browsers send instead: `inline`, `eval`, `data`, `blob`. */
  readonly origin: string;
  /** The directive that forbade it, without its value. */
  readonly directive: string;
  /** The page with its numbers and codes taken out, such as `/projects/:id/review`. */
  readonly route: string;
}

/** Words that stand for a source without an origin (CSP3, "obtain the blockedURI of a violation's resource"). */
const WORDS = ['inline', 'eval', 'wasm-eval', 'data', 'blob', 'trusted-types-policy', 'trusted-types-sink'];
const DIRECTIVE = /^[a-z][a-z-]{2,31}$/;

/**
 * Reads what a browser (or a wiki's client) sent. Reports can be forged by anybody: what does not look like one, or
 * is about another site's page, is passed over; nothing is refused, so that a sender learns nothing.
 *
 * Shapes: `application/csp-report` is one `{"csp-report": {"document-uri", "blocked-uri", …}}`;
 * `application/reports+json` an array of `{type: "csp-violation", body: {documentURL, blockedURL, …}}` (Reporting
 * API); `application/json` either of them.
 *
 * @param own our origins; reports about other pages are not ours
 */
export function readReports(contentType: string, body: string, own: readonly string[]): Violation[] {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!(REPORT_TYPES as readonly string[]).includes(type)) return [];
  if (Buffer.byteLength(body) > LARGEST_BATCH) return [];
  const parsed = parseJson(body);
  const reports = Array.isArray(parsed) ? parsed : [parsed];
  return reports.slice(0, MOST_IN_A_BATCH).flatMap((report) => {
    const violation = readReport(report, own);
    return violation ? [violation] : [];
  });
}

/**
 * The entry that would let this through, for the form; null where there is none. Scripts, styles and frames are
 * never suggested, because an opt-in never allows them.
 */
export function suggestionOf(
  violation: Pick<Violation, 'origin' | 'directive'>,
  rules: OriginRules,
): string | null {
  const data = ['default-src', 'connect-src', 'img-src', 'media-src', 'font-src'];
  if (!data.includes(violation.directive)) return null;
  const origin = parseOrigin(violation.origin, rules);
  // A host that needs a path is suggested too: the form asks for the path.
  if (origin.ok) return origin.value;
  return origin.code === 'path_required' ? violation.origin : null;
}

function readReport(report: unknown, own: readonly string[]): Violation | null {
  if (!isObject(report) || Buffer.byteLength(JSON.stringify(report)) > LARGEST_REPORT) return null;
  const legacy = report['csp-report'];
  if (isObject(legacy)) {
    const directive = legacy['effective-directive'] ?? legacy['violated-directive'];
    return violation(legacy['document-uri'], legacy['blocked-uri'], directive, own);
  }
  if (report.type !== 'csp-violation' || !isObject(report.body)) return null;
  const { documentURL, blockedURL, effectiveDirective } = report.body;
  return violation(documentURL, blockedURL, effectiveDirective, own);
}

function violation(
  page: unknown,
  blocked: unknown,
  directive: unknown,
  own: readonly string[],
): Violation | null {
  if (typeof page !== 'string' || typeof blocked !== 'string' || typeof directive !== 'string') return null;
  const name = directive.split(' ')[0] ?? '';
  const origin = blockedOrigin(blocked);
  const url = URL.parse(page);
  if (!url || !own.includes(url.origin) || origin === null || !DIRECTIVE.test(name)) return null;
  return { origin, directive: name, route: routeOf(url.pathname) };
}

function blockedOrigin(blocked: string): string | null {
  if (WORDS.includes(blocked)) return blocked;
  const url = URL.parse(blocked);
  if (!url) return null;
  if (url.protocol === 'data:' || url.protocol === 'blob:') return url.protocol.slice(0, -1);
  // Extensions of the browser break policies too, and are nobody's business here.
  if (!/^(https?|wss?):$/.test(url.protocol)) return null;
  const origin = `${url.protocol}//${url.host}`;
  return origin.length <= 255 ? origin : null;
}

/** Paths hold ids and one-time codes: only words of our own pages are kept, of the first four parts. */
export function routeOf(pathname: string): string {
  const parts = pathname.split('/').filter((part) => part !== '');
  const kept = parts.slice(0, 4).map((part) => {
    if (/^\d+$/.test(part)) return ':id';
    return /^[a-z][a-z-]{0,19}$/.test(part) ? part : ':other';
  });
  return `/${kept.join('/')}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
