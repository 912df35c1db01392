import { domainToUnicode } from 'node:url';
import { type Scheme, splitAddress } from './address.ts';
import { checkCharacters } from './characters.ts';
import { checkHost } from './host.ts';
import { checkPath } from './path.ts';
import { type Refusal, refuse } from './refusal.ts';
import { isBelow, type OriginRules } from './rules.ts';

/** What `csp_sources.csp_domain` holds. */
const LONGEST_VALUE = 255;

/** What was changed or should be known, in the order of the address. */
export type Note =
  | 'read_as_https'
  | 'websocket_alone'
  | 'lower_cased'
  | 'punycode'
  | 'default_port_dropped'
  | 'slash_dropped'
  | 'slash_added'
  | 'exact_path'
  | 'path_is_no_boundary'
  | 'old_toolforge';

export interface AcceptedOrigin {
  readonly ok: true;
  /** One ASCII token, a host-source of CSP Level 3: `https://host[:port][/path]`, or `wss://`. */
  readonly value: string;
  readonly scheme: Scheme;
  readonly host: string;
  /** null: 443. */
  readonly port: number | null;
  /** Empty, or begins with a slash; one that ends in a slash is a prefix. */
  readonly path: string;
  readonly notes: readonly Note[];
}

/**
 * Reads one origin as a person writes it. Accepted values are accepted again, unchanged.
 * The order of the checks is that of `REFUSALS`; the first that fails names the code.
 */
export function parseOrigin(input: string, rules: OriginRules): AcceptedOrigin | Refusal {
  const characters = checkCharacters(input);
  if (!characters.ok) return characters;
  const address = splitAddress(characters.text, rules.ports);
  if (!address.ok) return address;
  const named = checkHost(address.host, address.path);
  if (!named.ok) return named;
  const { scheme, port } = address;
  const { host } = named;
  const origin = `${scheme}://${host}${port === null ? '' : `:${port}`}`;
  // `'self'` matches our own host over wss: too (CSP3, "'self' matches").
  if (rules.own.includes(origin.replace(/^wss:/, 'https:'))) return refuse('own_origin');
  if (isBelow(host, rules.denied)) return refuse('denied_by_administrator');
  const path = checkPath(address.path);
  if (!path.ok) return path;
  const value = origin + path.path;
  if (value.length > LONGEST_VALUE) return refuse('path_too_long');
  const missing = pathMissing(host, path.path, rules);
  if (missing) return missing;

  const notes: Note[] = [];
  if (!address.schemeGiven) notes.push('read_as_https');
  if (scheme === 'wss') notes.push('websocket_alone');
  if (/[^\0-\x7f]/.test(address.host)) notes.push('punycode');
  else if (address.host !== host) notes.push('lower_cased');
  if (address.portGiven && port === null) notes.push('default_port_dropped');
  if (path.note) notes.push(path.note);
  if (path.path !== '') notes.push('path_is_no_boundary');
  if (host === 'tools.wmflabs.org') notes.push('old_toolforge');
  return { ok: true, value, scheme, host, port, path: path.path, notes };
}

/** How many segments a host needs that many people share; the last one may be a file. */
function pathMissing(host: string, path: string, rules: OriginRules): Refusal | null {
  const needed = rules.shared.get(host) ?? 0;
  const given = path.split('/').filter((segment) => segment !== '').length;
  if (given >= needed) return null;
  const example = `https://${host}/${Array(needed).fill('NAME').join('/')}/`;
  const hint = `Many people share this host. Add the part of the path that is theirs, as in ${example}`;
  if (host !== 'tools.wmflabs.org') return refuse('path_required', hint);
  return refuse('path_required', `${hint} — or today's address of the tool, https://NAME.toolforge.org`);
}

/** The value as a reader knows it: punycode and triplets as letters. */
export function shownOrigin(origin: Pick<AcceptedOrigin, 'scheme' | 'host' | 'port' | 'path'>): string {
  const port = origin.port === null ? '' : `:${origin.port}`;
  return `${origin.scheme}://${domainToUnicode(origin.host)}${port}${decodeURIComponent(origin.path)}`;
}

/** A note in English, for the person who wrote the origin. */
export function noteText(note: Note, origin: AcceptedOrigin): string {
  switch (note) {
    case 'read_as_https':
      return 'Read as https://, because nothing else was written.';
    case 'websocket_alone':
      return 'This allows WebSockets alone; https:// of the same host is an entry of its own.';
    case 'lower_cased':
      return `The host is written in small letters: ${origin.host}`;
    case 'punycode':
      return `Kept as the browser knows it: ${domainToUnicode(origin.host)} is ${origin.host}`;
    case 'default_port_dropped':
      return 'The port is the usual one and was left out.';
    case 'slash_dropped':
      return 'The slash alone means nothing and was left out.';
    case 'slash_added':
      return `A slash was added, so that everything below ${origin.path} is meant; without it, only that one address.`;
    case 'exact_path':
      return 'Only this one address is allowed, nothing below it.';
    case 'path_is_no_boundary':
      return 'The path is not looked at after a redirect: it is no protection against others on this host.';
    case 'old_toolforge': {
      const tool = origin.path.split('/')[1]?.toLowerCase();
      return `This host only redirects today. The tool itself is at https://${tool}.toolforge.org, an entry of its own.`;
    }
  }
}
