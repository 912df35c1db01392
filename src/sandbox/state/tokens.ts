import { randomBytes } from 'node:crypto';
import type { WikiDatabase } from './database.ts';
import { editToken, fingerprint, opaque, randomSecret } from './secrets.ts';

const CODE_LIFETIME_MS = 10 * 60_000;
export const ACCESS_LIFETIME_S = 14_400;
const REFRESH_LIFETIME_MS = 365 * 86_400_000;

export interface Code {
  code: string;
  client_id: string;
  user_id: number;
  /** As it stood in the request; null when it was left out. */
  redirect_uri: string | null;
  challenge: string | null;
  method: string | null;
  scopes: string;
  expires: number;
  used: number;
}

export interface AccessToken {
  token: string;
  client_id: string;
  user_id: number;
  scopes: string;
  expires: number;
  revoked: number;
}

export interface RefreshToken extends AccessToken {
  access_token: string;
}

export interface Grant {
  clientId: string;
  userId: number;
  /** Central id, the `sub` of the token. */
  centralId: number;
  scopes: string[];
}

export interface TokenPair {
  accessToken: string;
  refreshToken: string;
}

/** Authorization codes, access and refresh tokens, and the sessions behind access tokens. */
export class Tokens {
  readonly #db: WikiDatabase;
  readonly #issuer: string;

  constructor(db: WikiDatabase, issuer: string) {
    this.#db = db;
    this.#issuer = issuer;
  }

  addCode(code: Omit<Code, 'code' | 'used' | 'expires'>, now: number): string {
    const secret = opaque(990);
    this.#db.run(
      `INSERT INTO codes (code, client_id, user_id, redirect_uri, challenge, method, scopes, expires, used)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
      fingerprint(secret),
      code.client_id,
      code.user_id,
      code.redirect_uri,
      code.challenge,
      code.method,
      code.scopes,
      now + CODE_LIFETIME_MS,
    );
    return secret;
  }

  code(secret: string): Code | undefined {
    return this.#db.one<Code>('SELECT * FROM codes WHERE code = ?', fingerprint(secret));
  }

  useCode(code: Code): void {
    this.#db.run('UPDATE codes SET used = 1 WHERE code = ?', code.code);
  }

  issue(grant: Grant, now: number): TokenPair {
    const accessToken = this.#webToken(grant, now);
    const refreshToken = opaque(898);
    const scopes = grant.scopes.join(' ');
    this.#db.run(
      'INSERT INTO access_tokens (token, client_id, user_id, scopes, expires) VALUES (?, ?, ?, ?, ?)',
      fingerprint(accessToken),
      grant.clientId,
      grant.userId,
      scopes,
      now + ACCESS_LIFETIME_S * 1000,
    );
    this.#db.run(
      `INSERT INTO refresh_tokens (token, access_token, client_id, user_id, scopes, expires)
       VALUES (?, ?, ?, ?, ?, ?)`,
      fingerprint(refreshToken),
      fingerprint(accessToken),
      grant.clientId,
      grant.userId,
      scopes,
      now + REFRESH_LIFETIME_MS,
    );
    return { accessToken, refreshToken };
  }

  access(secret: string): AccessToken | undefined {
    return this.#db.one<AccessToken>('SELECT * FROM access_tokens WHERE token = ?', fingerprint(secret));
  }

  refresh(secret: string): RefreshToken | undefined {
    return this.#db.one<RefreshToken>('SELECT * FROM refresh_tokens WHERE token = ?', fingerprint(secret));
  }

  /** A refresh takes both old tokens away at once. */
  revokePair(refresh: RefreshToken): void {
    this.#db.run('UPDATE refresh_tokens SET revoked = 1 WHERE token = ?', refresh.token);
    this.#db.run('UPDATE access_tokens SET revoked = 1 WHERE token = ?', refresh.access_token);
  }

  /** What a person does at Special:OAuthManageMyGrants. */
  revokeGrant(userId: number, clientId: string): void {
    for (const table of ['refresh_tokens', 'access_tokens']) {
      this.#db.run(`UPDATE ${table} SET revoked = 1 WHERE user_id = ? AND client_id = ?`, userId, clientId);
    }
  }

  /** Clients that hold a living refresh token of this person. */
  grantsOf(userId: number): { client_id: string; scopes: string }[] {
    return this.#db.all(
      `SELECT client_id, MAX(scopes) AS scopes FROM refresh_tokens WHERE user_id = ? AND revoked = 0
       GROUP BY client_id`,
      userId,
    );
  }

  /**
   * The edit token of the session behind an access token. There is one session for each person and client,
   * and it remembers the access token: using another one, even for reading, ends the edit tokens of the first.
   */
  editToken(access: AccessToken): string {
    const row = this.#db.one<{ access_token: string; secret: string }>(
      'SELECT access_token, secret FROM api_sessions WHERE user_id = ? AND client_id = ?',
      access.user_id,
      access.client_id,
    );
    if (row?.access_token === access.token) return editToken(row.secret);
    const secret = randomSecret();
    this.#db.run(
      'INSERT OR REPLACE INTO api_sessions (user_id, client_id, access_token, secret) VALUES (?, ?, ?, ?)',
      access.user_id,
      access.client_id,
      access.token,
      secret,
    );
    return editToken(secret);
  }

  /**
   * Shaped like the real thing (header, claims, 256 bytes of signature). The signature is random: whether a
   * token is good is looked up, and no client should look inside.
   */
  #webToken(grant: Grant, now: number): string {
    const seconds = now / 1000;
    const claims = {
      aud: grant.clientId,
      jti: randomBytes(40).toString('hex'),
      iat: seconds + 0.000155,
      nbf: seconds + 0.000157,
      exp: seconds + ACCESS_LIFETIME_S,
      sub: String(grant.centralId),
      iss: this.#issuer,
      scopes: grant.scopes,
    };
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ typ: 'JWT', alg: 'RS256' })}.${part(claims)}.${randomBytes(256).toString('base64url')}`;
  }
}
