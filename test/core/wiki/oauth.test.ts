import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';
import { createOAuth, type OAuthOptions } from '../../../src/core/wiki/oauth.ts';
import { fakeClock, fakeFetch, httpError, lostAnswer, type Step, USER_AGENT } from './fakes.ts';

const BASE = 'https://meta.example/w/rest.php/oauth2';
const NOW = Date.UTC(2026, 0, 1);

function fakeOAuth(steps: readonly Step[], options: Partial<OAuthOptions> = {}) {
  const { fetch, seen } = fakeFetch(...steps);
  const oauth = createOAuth({
    endpoints: {
      authorize: `${BASE}/authorize`,
      token: `${BASE}/access_token`,
      profile: `${BASE}/resource/profile`,
    },
    clientId: 'client-1',
    clientSecret: null,
    redirectUri: 'https://visavis.example/auth/callback',
    userAgent: USER_AGENT,
    clock: fakeClock(NOW),
    limiter: createLimiter(3),
    fetch,
    ...options,
  });
  return { oauth, seen };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}): Step => {
  return () => Response.json(body, { status, headers });
};
const tokens = json(200, {
  token_type: 'Bearer',
  expires_in: 14400,
  access_token: 'jwt',
  refresh_token: 'def5',
});

/** Error bodies: REL1_39 repeats the description as `message`, the extension of 2026 does not. */
const old = (status: number, error: string, description: string, hint?: string): Step =>
  json(status, { error, error_description: description, ...(hint ? { hint } : {}), message: description });
const recent = (status: number, error: string, description: string, hint?: string): Step =>
  json(status, { error, error_description: description, ...(hint ? { hint } : {}) });

const MALFORMED = 'The request is missing a required parameter, or is otherwise malformed.';
const GRANT = 'The provided authorization grant or refresh token is invalid, expired, revoked.';

const callback = (query: string) => ({
  parameters: new URLSearchParams(query),
  state: 'st4te',
  codeVerifier: 'v'.repeat(43),
});

describe('authorizationUrl', () => {
  it('asks with PKCE S256 and without a scope', async () => {
    const { oauth } = fakeOAuth([]);
    const { codeVerifier, codeChallenge } = await oauth.newChallenge();
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(codeChallenge).toMatch(/^[\w-]{43}$/);
    const url = oauth.authorizationUrl({ state: 'st4te', codeChallenge });
    expect(`${url.origin}${url.pathname}`).toBe(`${BASE}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'https://visavis.example/auth/callback',
      state: 'st4te',
      code_challenge: codeChallenge,
      code_challenge_method: 'S256',
    });
  });

  it('goes to https, or to this machine where that is allowed', () => {
    const at = (base: string) => ({ authorize: base, token: base, profile: base });
    const make = (base: string, allowInsecure: boolean) => () =>
      fakeOAuth([], { endpoints: at(base), allowInsecure });
    expect(make('http://meta.example/', true)).toThrow(/https/);
    expect(make('http://127.0.0.1:8090/', false)).toThrow(/https/);
    expect(make('http://127.0.0.1:8090/', true)).not.toThrow();
  });
});

describe('exchangeCode', () => {
  it('as a public client: the verifier and no secret', async () => {
    const { oauth, seen } = fakeOAuth([tokens]);
    expect(await oauth.exchangeCode(callback('code=def50200&state=st4te'))).toEqual({
      accessToken: 'jwt',
      refreshToken: 'def5',
      expiresAt: NOW + 14_400_000,
    });
    expect(seen[0]?.params).toEqual({
      grant_type: 'authorization_code',
      client_id: 'client-1',
      redirect_uri: 'https://visavis.example/auth/callback',
      code: 'def50200',
      code_verifier: 'v'.repeat(43),
    });
    expect(seen[0]?.headers.get('user-agent')).toBe(USER_AGENT);
  });

  it('as a confidential client: the secret in the form', async () => {
    const { oauth, seen } = fakeOAuth([tokens], { clientSecret: 's3cret' });
    await oauth.exchangeCode(callback('code=def50200&state=st4te&iss=https://somewhere.example'));
    expect(seen[0]?.params).toMatchObject({ client_secret: 's3cret', code_verifier: 'v'.repeat(43) });
    expect(seen[0]?.headers.has('authorization')).toBe(false);
  });

  it('works over http on this machine when that is allowed', async () => {
    const base = 'http://localhost:8090/w/rest.php/oauth2';
    const endpoints = { authorize: `${base}/a`, token: `${base}/t`, profile: `${base}/p` };
    const { oauth } = fakeOAuth([tokens], { endpoints, allowInsecure: true });
    await expect(oauth.exchangeCode(callback('code=c&state=st4te'))).resolves.toBeDefined();
  });

  it.each([
    ['denied, without a state', 'error=unauthorized_client&error_description=User+has+rejected', 'denied'],
    ['denied, by the book', 'error=access_denied&state=st4te', 'denied'],
    ['a scope that is not there', 'error=invalid_scope&hint=x', 'wiki_error'],
    ['another state', 'code=c&state=other', 'state'],
    ['no state', 'code=c', 'state'],
    ['two states', 'code=c&state=st4te&state=other', 'state'],
  ])('asks nothing of the wiki when the browser comes back %s', async (_what, query, reason) => {
    const { oauth } = fakeOAuth([]);
    await expect(oauth.exchangeCode(callback(query))).rejects.toMatchObject({
      code: 'sign_in_refused',
      details: { reason },
    });
  });

  it.each([
    ['used or expired (old)', old(400, 'invalid_request', MALFORMED, 'Authorization code has expired')],
    ['used or expired (recent)', recent(400, 'invalid_grant', GRANT, 'Authorization code has been revoked')],
    ['wrong verifier', old(400, 'invalid_grant', GRANT, 'Failed to verify `code_verifier`.')],
  ])('%s: begin again', async (_what, step) => {
    const { oauth } = fakeOAuth([step]);
    const work = oauth.exchangeCode(callback('code=c&state=st4te'));
    await expect(work).rejects.toMatchObject({ code: 'sign_in_refused' });
  });

  it.each([
    ['old', old(401, 'invalid_client', 'Client authentication failed')],
    ['recent', recent(400, 'invalid_request', MALFORMED, 'Check the `client_secret` parameter')],
    ['challenge', json(401, { error: 'invalid_client' }, { 'WWW-Authenticate': 'Basic realm="OAuth"' })],
  ])('a client that is not accepted (%s) is for the operator', async (_what, step) => {
    const { oauth } = fakeOAuth([step], { clientSecret: 'wrong-s3cret' });
    const error = await oauth.exchangeCode(callback('code=c&state=st4te')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'wiki', details: { kind: 'stop' } });
    expect(String(error)).not.toContain('wrong-s3cret');
  });

  it.each([
    ['read-only', old(500, 'server_error', 'Database is read-only')],
    ['a proxy', httpError(502)],
    ['no answer', lostAnswer],
    ['a page', () => new Response('<html></html>', { headers: { 'content-type': 'text/html' } })],
    ['no token', json(200, { token_type: 'Bearer' })],
  ] as const)('trouble at the wiki (%s) passes', async (_what, step) => {
    const { oauth } = fakeOAuth([step]);
    const work = oauth.exchangeCode(callback('code=c&state=st4te'));
    await expect(work).rejects.toMatchObject({ code: 'wiki', details: { kind: 'later' } });
  });
});

describe('refreshToken', () => {
  it('gives new tokens', async () => {
    const { oauth, seen } = fakeOAuth([tokens], { clientSecret: 's3cret' });
    expect(await oauth.refreshToken('def4')).toEqual({
      outcome: 'ok',
      tokens: { accessToken: 'jwt', refreshToken: 'def5', expiresAt: NOW + 14_400_000 },
    });
    expect(seen[0]?.params).toEqual({
      grant_type: 'refresh_token',
      client_id: 'client-1',
      client_secret: 's3cret',
      refresh_token: 'def4',
    });
    expect(seen[0]?.headers.get('user-agent')).toBe(USER_AGENT);
  });

  it.each([
    ['revoked (old)', old(401, 'invalid_request', 'The refresh token is invalid.', 'Token has been revoked')],
    ['expired (old)', old(401, 'invalid_request', 'The refresh token is invalid.', 'Token has expired')],
    [
      'revoked (recent)',
      recent(400, 'invalid_grant', 'The refresh token is invalid.', 'Token has been revoked'),
    ],
  ])('%s: the link is broken', async (_what, step) => {
    expect(await fakeOAuth([step]).oauth.refreshToken('def4')).toMatchObject({ outcome: 'refused' });
  });

  it.each([
    [
      'a public client without its secret (old)',
      old(401, 'invalid_client', 'Client authentication failed'),
      true,
    ],
    [
      'a malformed request',
      recent(400, 'invalid_request', MALFORMED, 'Check the `refresh_token` parameter'),
      true,
    ],
    [
      'a disabled client',
      old(401, 'access_denied', 'denied', 'Client x is not usable by user with ID 4'),
      true,
    ],
    ['a grant that is not registered', recent(400, 'unauthorized_client', 'no'), true],
    ['a wiki that is read-only', old(500, 'server_error', 'Database is read-only'), false],
    ['a lost answer', lostAnswer, false],
    ['a proxy', httpError(503), false],
    ['too many requests', httpError(429), false],
  ] as const)('%s: later', async (_what, step, client) => {
    expect(await fakeOAuth([step]).oauth.refreshToken('def4')).toMatchObject({ outcome: 'later', client });
  });
});

describe('profile', () => {
  const body = {
    sub: '4',
    username: 'Alice',
    editcount: 10,
    confirmed_email: true,
    blocked: false,
    registered: '20261122024740',
    groups: ['*', 'user'],
    rights: ['read'],
    grants: ['basic', 'editpage'],
  };
  const html = (content: string): Step => {
    return () => new Response(content, { headers: { 'content-type': 'text/html; charset=UTF-8' } });
  };

  it('reads JSON that says it is HTML', async () => {
    const { oauth, seen } = fakeOAuth([html(JSON.stringify(body))]);
    expect(await oauth.profile('jwt')).toEqual({
      centralId: '4',
      username: 'Alice',
      editCount: 10,
      blocked: false,
      groups: ['*', 'user'],
      grants: ['basic', 'editpage'],
      registeredAt: Date.UTC(2026, 10, 22, 2, 47, 40),
    });
    expect(seen[0]?.headers.get('authorization')).toBe('Bearer jwt');
    expect(seen[0]?.headers.get('user-agent')).toBe(USER_AGENT);
  });

  it('takes an account from before registrations were noted', async () => {
    const { oauth } = fakeOAuth([html(JSON.stringify({ ...body, sub: 4, registered: null }))]);
    expect(await oauth.profile('jwt')).toMatchObject({ centralId: '4', registeredAt: null });
  });

  it('a token that is not accepted', async () => {
    const { oauth } = fakeOAuth([old(401, 'access_denied', 'denied', 'Access token has been revoked')]);
    await expect(oauth.profile('jwt')).rejects.toMatchObject({ code: 'sign_in_refused' });
  });

  it.each([
    ['an error', httpError(500)],
    ['no JSON', html('<html>')],
    ['nobody', html(JSON.stringify({ ...body, sub: '' }))],
    ['no answer', lostAnswer],
  ])('%s: later', async (_what, step) => {
    const work = fakeOAuth([step]).oauth.profile('jwt');
    await expect(work).rejects.toMatchObject({ code: 'wiki', details: { kind: 'later' } });
  });
});
