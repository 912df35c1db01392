import * as oauth from 'oauth4webapi';
import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import type { Fetch } from './exchange.ts';
import type { Limiter } from './limiter.ts';
import { type OAuthFailure, readOAuthFailure, signInError } from './oauth-error.ts';
import { type Profile, readProfile } from './oauth-profile.ts';
import { requireSecureUrl } from './secure-url.ts';

export interface OAuthEndpoints {
  /** `…/rest.php/oauth2/authorize` */
  readonly authorize: string;
  /** `…/rest.php/oauth2/access_token` */
  readonly token: string;
  /** `…/rest.php/oauth2/resource/profile` */
  readonly profile: string;
}

export interface OAuthOptions {
  readonly endpoints: OAuthEndpoints;
  readonly clientId: string;
  /** Sent whenever there is one. Null for a public client without. */
  readonly clientSecret: string | null;
  /** Exactly as registered: another path, port or trailing slash gets an error page at the wiki. */
  readonly redirectUri: string;
  /** From `userAgent()`. */
  readonly userAgent: string;
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly fetch?: Fetch;
  /** For one request. Default 10 s: a refresh must end before its lock does. */
  readonly timeoutMs?: number;
  /** Plain http to a wiki on this machine. */
  readonly allowInsecure?: boolean;
}

export interface Tokens {
  readonly accessToken: string;
  /** Null when the wiki gives none. */
  readonly refreshToken: string | null;
  /** UTC milliseconds, by our clock. */
  readonly expiresAt: number;
}

/**
 * refused: the link is broken, the person signs in again. later: nothing is known to be broken; `client`
 * means that the wiki does not accept our client now, which the operator has to look at.
 */
export type RefreshOutcome =
  | { readonly outcome: 'ok'; readonly tokens: Tokens }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'later'; readonly reason: string; readonly client: boolean };

export interface OAuth {
  /** A code verifier and its S256 challenge (RFC 7636). The verifier stays with the session. */
  newChallenge(): Promise<{ readonly codeVerifier: string; readonly codeChallenge: string }>;
  /** Where to send the browser. No scope is named: the client's own grants are asked for. */
  authorizationUrl(parts: { readonly state: string; readonly codeChallenge: string }): URL;
  /**
   * Turns the parameters of the callback into tokens. `state` is the one kept with the browser's session; a
   * denial comes back without any.
   * @throws VisavisError `sign_in_refused` (details.reason: `denied`, `state`, or the wiki's code), or `wiki`
   */
  exchangeCode(callback: {
    readonly parameters: URLSearchParams;
    readonly state: string;
    readonly codeVerifier: string;
  }): Promise<Tokens>;
  /**
   * New access and refresh tokens; the old ones may be void at once, so one refresh at a time for each
   * account. Never repeated by itself.
   */
  refreshToken(refreshToken: string): Promise<RefreshOutcome>;
  /** @throws VisavisError `sign_in_refused` when the token is not accepted, `wiki` otherwise */
  profile(accessToken: string): Promise<Profile>;
}

/** OAuthExtension's default lifetime of access tokens, for an answer that does not tell. */
const DEFAULT_LIFETIME_SECONDS = 4 * 60 * 60;

export function createOAuth(options: OAuthOptions): OAuth {
  const { clock, clientId, clientSecret, redirectUri } = options;
  const insecure = options.allowInsecure === true;
  const authorize = requireSecureUrl(options.endpoints.authorize, 'OAuth authorize address', insecure);
  const token = requireSecureUrl(options.endpoints.token, 'OAuth token address', insecure);
  const profileUrl = requireSecureUrl(options.endpoints.profile, 'OAuth profile address', insecure);

  const server: oauth.AuthorizationServer = {
    issuer: authorize.origin,
    authorization_endpoint: authorize.href,
    token_endpoint: token.href,
  };
  const client: oauth.Client = { client_id: clientId };
  // In the body: with HTTP Basic the wiki answers errors as challenges, which say less.
  const authentication = clientSecret === null ? oauth.None() : oauth.ClientSecretPost(clientSecret);
  const request = () => ({
    headers: new Headers({ 'user-agent': options.userAgent }),
    signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
    [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, unknown>) =>
      options.limiter.run(() => (options.fetch ?? globalThis.fetch)(url, init as RequestInit), true),
    [oauth.allowInsecureRequests]: insecure,
  });

  return {
    async newChallenge() {
      const codeVerifier = oauth.generateRandomCodeVerifier();
      return { codeVerifier, codeChallenge: await oauth.calculatePKCECodeChallenge(codeVerifier) };
    },

    authorizationUrl({ state, codeChallenge }) {
      const url = new URL(authorize);
      url.searchParams.set('response_type', 'code');
      url.searchParams.set('client_id', clientId);
      url.searchParams.set('redirect_uri', redirectUri);
      url.searchParams.set('state', state);
      url.searchParams.set('code_challenge', codeChallenge);
      url.searchParams.set('code_challenge_method', 'S256');
      return url;
    },

    async exchangeCode({ parameters, state, codeVerifier }) {
      const answer = checkCallback(server, client, parameters, state);
      try {
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          answer,
          redirectUri,
          codeVerifier,
          request(),
        );
        return toTokens(await oauth.processAuthorizationCodeResponse(server, client, response));
      } catch (error) {
        throw signInError(readOAuthFailure(error, 'code'), error);
      }
    },

    async refreshToken(refreshToken) {
      try {
        const response = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          refreshToken,
          request(),
        );
        const answer = await oauth.processRefreshTokenResponse(server, client, response);
        return { outcome: 'ok', tokens: toTokens(answer) };
      } catch (error) {
        const { meaning, error: reason } = readOAuthFailure(error, 'refresh_token');
        if (meaning === 'refused') return { outcome: 'refused', reason };
        return { outcome: 'later', reason, client: meaning === 'client' };
      }
    },

    async profile(accessToken) {
      const failed = (failure: OAuthFailure, cause?: unknown) => signInError(failure, cause);
      let body: string;
      let status: number;
      try {
        const response = await oauth.protectedResourceRequest(
          accessToken,
          'GET',
          profileUrl,
          // This one takes its headers apart from the other options.
          request().headers,
          undefined,
          request(),
        );
        status = response.status;
        body = await response.text();
      } catch (error) {
        if (error instanceof oauth.WWWAuthenticateChallengeError) {
          throw failed({ meaning: 'refused', error: 'access_denied', words: '' }, error);
        }
        throw failed(readOAuthFailure(error, 'access_token'), error);
      }
      if (status === 401 || status === 403) {
        throw failed({ meaning: 'refused', error: 'access_denied', words: '' });
      }
      const profile = status === 200 ? readProfile(body) : null;
      if (!profile) throw failed({ meaning: 'later', error: `http_${status}`, words: '' });
      return profile;
    },
  };

  function toTokens(answer: oauth.TokenEndpointResponse): Tokens {
    return {
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token ?? null,
      expiresAt: clock.now() + (answer.expires_in ?? DEFAULT_LIFETIME_SECONDS) * 1000,
    };
  }
}

/**
 * What the browser brought back. Errors come without `state` (recorded), so they are read first; nothing
 * follows from them but that there is no sign-in.
 */
function checkCallback(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  parameters: URLSearchParams,
  state: string,
): URLSearchParams {
  // Neither a code nor an error: the address was cut on its way.
  const error = parameters.get('error') ?? (parameters.get('code') ? null : 'no_code');
  if (error !== null) {
    // MediaWiki's word for a denial is unauthorized_client; RFC 6749 calls it access_denied.
    const denied = error === 'unauthorized_client' || error === 'access_denied';
    throw new VisavisError(
      'sign_in_refused',
      denied ? 'You did not allow the connection.' : 'The wiki ended the sign-in; begin again.',
      { details: { reason: denied ? 'denied' : 'wiki_error' } },
    );
  }
  try {
    return oauth.validateAuthResponse(server, client, onlyCodeAndState(parameters), state);
  } catch (cause) {
    throw new VisavisError('sign_in_refused', 'This sign-in was not begun here, or is over; begin again.', {
      cause,
      details: { reason: 'state' },
    });
  }
}

/** The wiki publishes no issuer, so nothing could be compared with an `iss`. */
function onlyCodeAndState(parameters: URLSearchParams): URLSearchParams {
  const kept = new URLSearchParams();
  for (const name of ['code', 'state']) {
    for (const value of parameters.getAll(name)) kept.append(name, value);
  }
  return kept;
}
