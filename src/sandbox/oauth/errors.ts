import type { Json } from '../json.ts';

/** A refusal of the OAuth endpoints, in the words of the original. */
export class OAuthError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | undefined;

  constructor(code: string, status: number, text: string, hint?: string) {
    super(text);
    this.code = code;
    this.status = status;
    this.hint = hint;
  }

  get body(): Json {
    return {
      error: this.code,
      error_description: this.message,
      ...(this.hint !== undefined && { hint: this.hint }),
      message: this.message,
    };
  }

  static invalidRequest(hint?: string): OAuthError {
    return new OAuthError(
      'invalid_request',
      400,
      'The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed.',
      hint,
    );
  }

  static invalidClient(): OAuthError {
    return new OAuthError('invalid_client', 401, 'Client authentication failed');
  }

  /** For the page that people see; the token endpoint is shorter about it. */
  static unknownClient(): OAuthError {
    return new OAuthError(
      'invalid_client',
      401,
      'Client authentication failed (e.g., unknown client, no client authentication included, or unsupported authentication method)',
    );
  }

  static invalidGrant(hint: string): OAuthError {
    return new OAuthError(
      'invalid_grant',
      400,
      'The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
      hint,
    );
  }

  static invalidRefreshToken(hint: string): OAuthError {
    return new OAuthError('invalid_request', 401, 'The refresh token is invalid.', hint);
  }

  static invalidScope(scope: string): OAuthError {
    return new OAuthError(
      'invalid_scope',
      400,
      'The requested scope is invalid, unknown, or malformed',
      `Check the \`${scope}\` scope`,
    );
  }

  static accessDenied(hint?: string): OAuthError {
    return new OAuthError(
      'access_denied',
      401,
      'The resource owner or authorization server denied the request.',
      hint,
    );
  }
}
