import * as oauth from 'oauth4webapi';
import { VisavisError } from '../platform/errors.ts';
import { wikiError } from './wiki-error.ts';

/**
 * What a refused or failed request to the OAuth endpoints means.
 * refused: the grant itself is not good (any more); the person signs in again.
 * client: our client id or secret, or the client's state at the wiki; only the operator can help.
 * later: the wiki, or the way to it, has trouble.
 */
export type OAuthFailure = {
  readonly meaning: 'refused' | 'client' | 'later';
  /** The code of the error body, or ours: `http_<status>`, `network`, `unexpected`. */
  readonly error: string;
  /** The wiki's words; empty when it said nothing. */
  readonly words: string;
};

/**
 * Reads an error of oauth4webapi. Two generations of the wiki's extension differ: REL1_39 answers 401
 * `invalid_request` “The refresh token is invalid.” (with `message`) where the one of 2026 answers 400
 * `invalid_grant` (without). Code errors likewise. Both are understood.
 */
export function readOAuthFailure(
  error: unknown,
  grant: 'code' | 'refresh_token' | 'access_token',
): OAuthFailure {
  if (error instanceof oauth.ResponseBodyError) {
    const hint = typeof error.cause.hint === 'string' ? error.cause.hint : '';
    const description = error.error_description ?? '';
    const meaning = meaningOf(error.error, `${description} ${hint}`, grant);
    // The hint is about this case; the description is RFC 6749's text about the code.
    return { meaning, error: error.error, words: hint || description };
  }
  // Only a client that authenticates by HTTP Basic sees this; the secret was wrong.
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return { meaning: 'client', error: 'invalid_client', words: '' };
  }
  if (error instanceof oauth.OperationProcessingError) {
    const status = error.cause instanceof Response ? error.cause.status : 0;
    return { meaning: 'later', error: status > 0 ? `http_${status}` : 'unexpected', words: '' };
  }
  return { meaning: 'later', error: 'network', words: '' };
}

function meaningOf(error: string, words: string, grant: string): OAuthFailure['meaning'] {
  if (error === 'invalid_grant') return 'refused';
  if (error === 'invalid_request') {
    // Nothing but these very words breaks a link: other malformed requests are ours to mend.
    if (grant === 'refresh_token') return /refresh token is invalid/i.test(words) ? 'refused' : 'client';
    return /client_(secret|id)/.test(words) ? 'client' : 'refused';
  }
  const client = ['invalid_client', 'unauthorized_client', 'access_denied', 'invalid_scope'];
  return [...client, 'unsupported_grant_type'].includes(error) ? 'client' : 'later';
}

/** The error for the person who was signing in, or for the operator. */
export function signInError(failure: OAuthFailure, cause: unknown): VisavisError {
  const details = { reason: failure.error };
  const words = failure.words ? ` The wiki said: ${failure.words}` : '';
  switch (failure.meaning) {
    case 'refused':
      return new VisavisError('sign_in_refused', `The sign-in is no longer good; begin again.${words}`, {
        cause,
        details,
      });
    case 'client':
      return wikiError(
        `The wiki does not accept this installation's OAuth client (${failure.error}); check its id, secret and approval.${words}`,
        { kind: 'stop', codes: [failure.error], statement: 'not_sent' },
        { cause },
      );
    case 'later':
      return wikiError(
        `The wiki could not sign you in now (${failure.error}); try again in a few minutes.`,
        { kind: 'later', codes: [failure.error], statement: 'not_sent' },
        { cause },
      );
  }
}
