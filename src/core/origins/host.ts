import { domainToASCII, domainToUnicode } from 'node:url';
import { parse } from 'tldts';
import { type Refusal, refuse } from './refusal.ts';
import { scriptProblem } from './scripts.ts';

const LONGEST_HOST = 253;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names that mean something else in each network (RFC 6761, 6762, 7686, 8375, 9476; ICANN's `internal`), and such. */
const RESERVED = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'home.arpa',
  'lan',
  'localdomain',
  'onion',
  'alt',
  'test',
  'example',
  'invalid',
  'arpa',
];

/**
 * The host in lower case ASCII (UTS 46, punycode) when it names one site on the public internet.
 * @param path what comes after it, for the hint
 */
export function checkHost(raw: string, path: string): { ok: true; host: string } | Refusal {
  if (raw.startsWith('[')) return refuse('ip_address');
  if (raw.includes('%')) return refuse('percent_in_host');
  const ascii = domainToASCII(raw);
  if (endsInNumber(raw.toLowerCase()) || endsInNumber(ascii)) return refuse('ip_address');
  const dot = ascii.endsWith('.');
  const host = dot ? ascii.slice(0, -1) : ascii;
  const labels = host.split('.');
  if (host.length > LONGEST_HOST || !labels.every((label) => LABEL.test(label))) return refuse('bad_host');
  const shown = domainToUnicode(host).split('.');
  if (!isWholeIdn(host, labels, shown)) return refuse('bad_host');
  if (dot) return refuse('trailing_dot', `Leave out the dot at the end: ${host}`);
  const reserved = RESERVED.some((name) => host === name || host.endsWith(`.${name}`));
  if (labels.length === 1 && !reserved) return refuse('single_label');
  if (reserved) return refuse('reserved_name');
  const asciiEnd = !labels.at(-1)?.startsWith('xn--');
  const problems = shown.map((label) => scriptProblem(label, asciiEnd));
  for (const code of ['mixed_script_idn', 'confusable_idn'] as const) {
    if (problems.includes(code)) return refuse(code);
  }
  return checkSuffix(host, path);
}

/** As the WHATWG URL standard tells IPv4 addresses from names: by the last label. */
function endsInNumber(host: string): boolean {
  const labels = host.split('.');
  if (labels.at(-1) === '') labels.pop();
  return /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '');
}

/** Punycode that stands for letters, and that the letters would be written as again. */
function isWholeIdn(host: string, labels: readonly string[], shown: readonly string[]): boolean {
  if (!host.includes('xn--')) return true;
  return (
    shown.length === labels.length &&
    shown.every((label) => !label.startsWith('xn--') && /^[\p{L}\p{M}\p{N}-]+$/u.test(label)) &&
    domainToASCII(shown.join('.')) === host
  );
}

function checkSuffix(host: string, path: string): { ok: true; host: string } | Refusal {
  const { domain, isIcann, isPrivate } = parse(host, { allowPrivateDomains: true, validateHostname: false });
  if (!isIcann && !isPrivate) return refuse('unknown_tld');
  if (domain !== null) return { ok: true, host };
  const tool = /^\/([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\/|$)/.exec(path)?.[1];
  if (tool) return refuse('public_suffix', `Many independent sites share this name. Try ${tool}.${host}`);
  return refuse('public_suffix', `Many independent sites share this name. Name one, such as NAME.${host}`);
}
