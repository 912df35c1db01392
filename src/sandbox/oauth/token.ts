import { createHash } from 'node:crypto';
import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import type { PocketClient } from '../options.ts';
import { ACCESS_LIFETIME_S, type Code, type TokenPair } from '../state/tokens.ts';
import { OAuthError } from './errors.ts';

/** Answers `POST /oauth2/access_token`: codes and refresh tokens against new tokens. */
export function answerToken(wiki: Wiki, form: Readonly<Record<string, string>>, authorization: string): Json {
  const { grant_type: type } = form;
  if (type === 'authorization_code') return tokenAnswer(byCode(wiki, form, authorization));
  if (type === 'refresh_token') return tokenAnswer(byRefresh(wiki, form, authorization));
  if (type === 'client_credentials') throw OAuthError.invalidClient();
  throw OAuthError.invalidRequest('Check the `grant_type` parameter');
}

function tokenAnswer({ accessToken, refreshToken }: TokenPair): Json {
  return {
    token_type: 'Bearer',
    expires_in: ACCESS_LIFETIME_S,
    access_token: accessToken,
    refresh_token: refreshToken,
  };
}

/** A failed attempt does not use the code up. */
function byCode(wiki: Wiki, form: Readonly<Record<string, string>>, authorization: string): TokenPair {
  const client = authenticate(wiki, form, authorization, false);
  if (!form.code) throw OAuthError.invalidRequest('Check the `code` parameter');
  const code = wiki.store.tokens.code(form.code);
  if (!code) throw OAuthError.invalidRequest('Cannot decrypt the authorization code');
  const now = wiki.clock.now();
  if (code.expires <= now) throw OAuthError.invalidRequest('Authorization code has expired');
  if (code.used) throw OAuthError.invalidRequest('Authorization code has been revoked');
  if (code.client_id !== client.id) {
    throw OAuthError.invalidRequest('Authorization code was not issued to this client');
  }
  if (code.redirect_uri !== null) {
    if (!form.redirect_uri) throw OAuthError.invalidRequest('Check the `redirect_uri` parameter');
    if (form.redirect_uri !== code.redirect_uri) throw OAuthError.invalidRequest('Invalid redirect URI');
  }
  checkVerifier(code, form.code_verifier);
  const user = wiki.store.users.byId(code.user_id);
  if (!user) throw OAuthError.accessDenied();
  return wiki.store.db.transaction(() => {
    wiki.store.tokens.useCode(code);
    return wiki.store.tokens.issue(
      { clientId: client.id, userId: user.id, centralId: user.centralId, scopes: code.scopes.split(' ') },
      now,
    );
  });
}

/** Old refresh and old access token end at the moment the new ones are made. */
function byRefresh(wiki: Wiki, form: Readonly<Record<string, string>>, authorization: string): TokenPair {
  const client = authenticate(wiki, form, authorization, true);
  if (!form.refresh_token) throw OAuthError.invalidRequest('Check the `refresh_token` parameter');
  const old = wiki.store.tokens.refresh(form.refresh_token);
  if (!old) throw OAuthError.invalidRefreshToken('Cannot decrypt the refresh token');
  if (old.client_id !== client.id) throw OAuthError.invalidRefreshToken('Token is not linked to client');
  const now = wiki.clock.now();
  if (old.expires <= now) throw OAuthError.invalidRefreshToken('Token has expired');
  if (old.revoked) throw OAuthError.invalidRefreshToken('Token has been revoked');
  if (client.disabled) {
    throw OAuthError.accessDenied(`Client ${client.id} is not usable by user with ID ${old.user_id}`);
  }
  const user = wiki.store.users.byId(old.user_id);
  if (!user) throw OAuthError.accessDenied();
  const had = old.scopes.split(' ');
  const scopes = form.scope ? form.scope.split(/\s+/) : had;
  const wider = scopes.find((scope) => !had.includes(scope));
  if (wider !== undefined) throw OAuthError.invalidScope(wider);
  return wiki.store.db.transaction(() => {
    wiki.store.tokens.revokePair(old);
    return wiki.store.tokens.issue(
      { clientId: client.id, userId: user.id, centralId: user.centralId, scopes },
      now,
    );
  });
}

/** Confidential clients give their secret in the form or by HTTP Basic; public ones have none. */
function authenticate(
  wiki: Wiki,
  form: Readonly<Record<string, string>>,
  authorization: string,
  refreshing: boolean,
): PocketClient {
  const basic = basicCredentials(authorization);
  const id = basic?.id ?? form.client_id;
  const client = wiki.clients.find((one) => one.id === id);
  if (!client || (client.disabled && !refreshing)) throw OAuthError.invalidClient();
  if (client.secret !== null && (basic?.secret ?? form.client_secret) !== client.secret) {
    throw OAuthError.invalidClient();
  }
  return client;
}

function basicCredentials(authorization: string): { id: string; secret: string } | null {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { id: formDecoded(id), secret: formDecoded(secret.join(':')) };
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are joined. */
function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text}`).get('x') ?? text;
}

function checkVerifier(code: Code, verifier: string | undefined): void {
  if (code.challenge === null) return;
  if (!verifier) throw OAuthError.invalidRequest('Check the `code_verifier` parameter');
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) {
    throw OAuthError.invalidRequest('Code Verifier must follow the specifications of RFC-7636.');
  }
  const expected =
    code.method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  if (expected !== code.challenge) throw OAuthError.invalidGrant('Failed to verify `code_verifier`.');
}
