import type { Wiki } from '../context.ts';
import { grantsOf, KNOWN_GRANTS, type PocketClient } from '../options.ts';
import { OAuthError } from './errors.ts';

/** An authorization request that was found good. */
export interface AuthorizationRequest {
  client: PocketClient;
  /** Where the answer goes. */
  redirectUri: string;
  /** As it stood in the request, which the token request has to repeat. */
  sentRedirectUri: string | null;
  state: string | null;
  challenge: string | null;
  method: string | null;
  scopes: string[];
}

/** A scope that does not exist is reported to the client; everything else wrong is shown to the person. */
export class UnknownScope extends Error {
  readonly redirectUri: string;
  readonly scope: string;

  constructor(redirectUri: string, scope: string) {
    super(`unknown scope ${scope}`);
    this.redirectUri = redirectUri;
    this.scope = scope;
  }
}

/** Checks the query of `/oauth2/authorize`. */
export function readRequest(wiki: Wiki, query: URLSearchParams): AuthorizationRequest {
  if (query.get('response_type') !== 'code') throw OAuthError.invalidRequest();
  const client = wiki.clients.find((one) => one.id === query.get('client_id'));
  if (!client) throw OAuthError.unknownClient();
  if (client.disabled) throw OAuthError.accessDenied();
  const sent = query.get('redirect_uri');
  if (sent !== null && sent !== client.redirectUri) throw OAuthError.unknownClient();
  const redirectUri = sent ?? client.redirectUri;
  const scopes = chosenScopes(client, query.get('scope'), redirectUri);
  const challenge = query.get('code_challenge');
  const method = challenge === null ? null : (query.get('code_challenge_method') ?? 'plain');
  if (challenge === null && client.secret === null) throw OAuthError.invalidRequest();
  if (method !== null && method !== 'S256' && method !== 'plain') throw OAuthError.invalidRequest();
  if (challenge !== null && !/^[A-Za-z0-9\-._~]{43,128}$/.test(challenge)) throw OAuthError.invalidRequest();
  return { client, redirectUri, sentRedirectUri: sent, state: query.get('state'), challenge, method, scopes };
}

/** The address with the parameters of an answer added. */
export function withParams(address: string, params: Record<string, string>): string {
  const separator = address.includes('?') ? '&' : '?';
  return `${address}${separator}${new URLSearchParams(params)}`;
}

/** Scopes that the client has not got are dropped without a word. */
function chosenScopes(client: PocketClient, asked: string | null, redirectUri: string): string[] {
  const own = grantsOf(client);
  if (!asked) return own;
  const wanted = asked.split(/\s+/).filter(Boolean);
  const unknown = wanted.find((scope) => !(scope in KNOWN_GRANTS));
  if (unknown !== undefined) throw new UnknownScope(redirectUri, unknown);
  return own.filter((scope) => wanted.includes(scope));
}
