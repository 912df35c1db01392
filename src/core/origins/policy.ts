import { DEFAULT_RULES, type OriginRules } from './rules.ts';
import { checkAgain } from './sources.ts';

/** Most bytes of a header with its name; proxies' buffers end at 3,500 and more (nginx, with its default of 4 KB). */
export const HEADER_BUDGET = 3_072;
/** Most bytes of a user's origins, each with the space before it, counted once. */
export const OPT_IN_BUDGET = 2_048;

export const ENFORCED = 'Content-Security-Policy';
export const REPORT_ONLY = 'Content-Security-Policy-Report-Only';

/** What every page of a site needs. */
export interface SitePolicy {
  /** Origins that pictures come from beside our own; not data of users. */
  readonly pictures: readonly string[];
  /** Pictures inside style sheets (`data:`). */
  readonly dataPictures: boolean;
  /** Where a form may end: a sign-in goes on to the wiki. */
  readonly formActions: readonly string[];
  /** Where the browser reports to, such as `/api/csp/reports`; null: nowhere. */
  readonly reports: string | null;
}

/** Directives that an administrator may try with a stricter value, and what they become. */
export const TRIALS = {
  no_data_pictures: 'img-src without data:',
  no_connections: "connect-src 'none'",
  no_media: "media-src 'none'",
  no_fonts: "font-src 'none'",
} as const;
export type Trial = keyof typeof TRIALS;

/**
 * The whole policy as one header value. Directives that fall back to `default-src` and should let the opted-in
 * origins through (connect, media, font) are left out; `img-src` is there, so it repeats them. Everything that runs
 * code or frames is named, and so is what never falls back (CSP3, "directive fallback list").
 *
 * @param optIns accepted values; what would not be accepted again in exactly this form is left out, whatever the
 *   database says
 */
export function buildPolicy(
  site: SitePolicy,
  optIns: readonly string[],
  rules: OriginRules,
  trials: readonly Trial[] = [],
): string {
  const { sound } = checkAgain(optIns, rules);
  const data = site.dataPictures && !trials.includes('no_data_pictures') ? ['data:'] : [];
  const directives: [string, ...string[]][] = [
    ['default-src', "'self'", ...sound],
    ['img-src', "'self'", ...data, ...site.pictures, ...sound],
  ];
  if (trials.includes('no_connections')) directives.push(['connect-src', "'none'"]);
  if (trials.includes('no_media')) directives.push(['media-src', "'none'"]);
  if (trials.includes('no_fonts')) directives.push(['font-src', "'none'"]);
  directives.push(
    ['script-src', "'self'"],
    ['script-src-attr', "'none'"],
    ['worker-src', "'none'"],
    ['child-src', "'none'"],
    ['frame-src', "'none'"],
    ['object-src', "'none'"],
    ['style-src', "'self'"],
    ['manifest-src', "'self'"],
    ['base-uri', "'none'"],
    ['form-action', "'self'", ...site.formActions],
    ['frame-ancestors', "'none'"],
  );
  if (site.reports !== null) directives.push(['report-to', 'csp'], ['report-uri', site.reports]);
  for (const [name, ...values] of directives) checkTokens(name, values);
  return directives.map((directive) => directive.join(' ')).join('; ');
}

/** The site's own parts come from settings, not from users; a separator in one is an error of ours. */
function checkTokens(name: string, values: readonly string[]): void {
  for (const value of values) {
    if (!/^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/.test(value))
      throw new Error(`${name} of the policy cannot hold ${JSON.stringify(value)}`);
  }
}

/** How much of the budget a policy takes. */
export interface PolicyBytes {
  /** The longer of the two names, the value, and the line around it. */
  readonly header: number;
  /** The origins, each with the space before it, counted once. */
  readonly optIns: number;
  readonly fits: boolean;
}

/**
 * Everything in it is ASCII, so characters are bytes. All given values count, also those that are not sent now: what
 * is paused or suspended can come back without a new look at the budget.
 */
export function policyBytes(site: SitePolicy, optIns: readonly string[]): PolicyBytes {
  const own = optIns.reduce((sum, value) => sum + 1 + value.length, 0);
  // Each stands in two directives.
  const header = headerBytes(barePolicy(site)) + 2 * own;
  return { header, optIns: own, fits: header <= HEADER_BUDGET && own <= OPT_IN_BUDGET };
}

export function headerBytes(value: string): number {
  return `${REPORT_ONLY}: ${value}\r\n`.length;
}

/** A policy without any data from elsewhere: on sign-in, data-source and administration pages, and after any error. */
export function barePolicy(site: SitePolicy): string {
  return buildPolicy(site, [], DEFAULT_RULES);
}
