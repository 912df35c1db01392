import { type Refusal, refuse } from './refusal.ts';

export type Scheme = 'https' | 'wss';

/** The parts of an address as they were written; nothing is decoded. */
export interface Address {
  readonly ok: true;
  readonly scheme: Scheme;
  readonly schemeGiven: boolean;
  readonly host: string;
  /** null: the usual one of the scheme. */
  readonly port: number | null;
  readonly portGiven: boolean;
  /** Empty, or begins with a slash. */
  readonly path: string;
}

/** Splits scheme, host, port and path. Without a scheme, or with `//` alone, it is read as https. */
export function splitAddress(text: string, ports: readonly number[]): Address | Refusal {
  const scheme = readScheme(text);
  if (!scheme.ok) return scheme;
  const slash = scheme.rest.indexOf('/');
  const authority = slash < 0 ? scheme.rest : scheme.rest.slice(0, slash);
  const path = slash < 0 ? '' : scheme.rest.slice(slash);
  if (authority.includes('@')) return refuse('userinfo');
  // An IPv6 address has colons of its own.
  const [, host = '', colon, digits = ''] = /^(\[[^\]]*\]|[^:]*)(:(.*))?$/s.exec(authority) ?? [];
  const port = colon === undefined ? null : readPort(digits);
  if (port === undefined) return refuse('bad_port');
  if (port !== null && port !== 443 && !ports.includes(port)) return refuse('port_not_allowed');
  return {
    ok: true,
    scheme: scheme.scheme,
    schemeGiven: scheme.given,
    host,
    port: port === 443 ? null : port,
    portGiven: port !== null,
    path,
  };
}

function readScheme(text: string): { ok: true; scheme: Scheme; given: boolean; rest: string } | Refusal {
  if (text.startsWith('//')) return { ok: true, scheme: 'https', given: false, rest: text.slice(2) };
  const colon = /^([^/]*?):/.exec(text);
  // `example.org:8443` is a host with a port, `data:` a scheme.
  if (!colon || /^[^/]*?:\d+(\/(?!\/)|$)/.test(text))
    return { ok: true, scheme: 'https', given: false, rest: text };
  const name = (colon[1] ?? '').toLowerCase();
  const rest = text.slice(colon[0].length);
  if (!rest.startsWith('//')) return notAScheme(name);
  if (name === 'http' || name === 'ws') {
    const safe = name === 'http' ? 'https' : 'wss';
    return refuse(
      'insecure_scheme',
      `Use ${safe}:// instead of ${name}://: anybody on the way can change what comes without it.`,
    );
  }
  if (name !== 'https' && name !== 'wss') return notAScheme(name);
  return { ok: true, scheme: name, given: true, rest: rest.slice(2) };
}

function notAScheme(name: string): Refusal {
  if (name === 'https' || name === 'wss')
    return refuse('scheme_not_allowed', `Write two slashes and a host after it: ${name}://api.example.org`);
  return refuse('scheme_not_allowed');
}

/** undefined: no port at all. */
function readPort(digits: string): number | undefined {
  if (!/^\d{1,5}$/.test(digits)) return undefined;
  const port = Number(digits);
  return port >= 1 && port <= 65535 ? port : undefined;
}
