import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  authorizeUrl,
  Browser,
  CALLBACK,
  consent,
  exchange,
  fieldsOf,
  locationOf,
  logIn,
  startTestWiki,
  type TestWiki,
  VERIFIER,
} from './harness.ts';

let wiki: TestWiki;
beforeAll(async () => {
  wiki = await startTestWiki();
});
afterAll(() => wiki.close());

async function newCode(name = 'Practice Anna', changes: Record<string, string | null> = {}): Promise<string> {
  const browser = new Browser();
  await logIn(wiki, browser, name);
  const back = await consent(browser, authorizeUrl(wiki, changes), 'accept');
  return back.searchParams.get('code') ?? '';
}

const byCode = (code: string, changes: Record<string, string> = {}) =>
  exchange(wiki, {
    grant_type: 'authorization_code',
    redirect_uri: CALLBACK,
    code,
    code_verifier: VERIFIER,
    ...changes,
  });

const byRefresh = (refreshToken: string, changes: Record<string, string> = {}) =>
  exchange(wiki, { grant_type: 'refresh_token', refresh_token: refreshToken, ...changes });

const profile = (token: string) =>
  fetch(`${wiki.url}/w/rest.php/oauth2/resource/profile`, { headers: { authorization: `Bearer ${token}` } });

/** What tests look into; each answer has some of these. */
interface OAuthBody {
  access_token: string;
  refresh_token: string;
  error: string;
  error_description: string;
  hint: string;
  message: string;
  registered: string;
}

async function bodyOf(answer: Response): Promise<OAuthBody> {
  return (await answer.json()) as OAuthBody;
}

describe('the authorization endpoint', () => {
  test('sends visitors to the login page and, once logged in, on to consent', async () => {
    const browser = new Browser();
    const first = await browser.get(authorizeUrl(wiki));
    expect(first.status).toBe(307);
    const login = locationOf(first);
    expect(login.searchParams.get('title')).toBe('Special:UserLogin');
    expect(login.searchParams.get('returnto')).toBe('Special:OAuth/rest redirect');
    const fields = fieldsOf(await (await browser.get(login.href)).text());
    const after = await browser.post(`${wiki.url}/wiki/Special:UserLogin`, { ...fields, user: '1' });
    expect(locationOf(after).href).toBe(authorizeUrl(wiki));
    const second = await browser.get(locationOf(after).href);
    expect(second.status).toBe(307);
    const approve = locationOf(second);
    expect(approve.searchParams.get('title')).toBe('Special:OAuth/approve');
    expect(approve.searchParams.get('scope')).toBe('basic editpage');
    const page = await (await browser.get(approve.href)).text();
    expect(page).toContain('Hi Practice Anna,');
    expect(page).toContain('Visavis test');
  });

  test('gives a code and the state when allowed', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    const back = await consent(browser, authorizeUrl(wiki), 'accept');
    expect(back.origin + back.pathname).toBe(CALLBACK);
    expect(back.searchParams.get('state')).toBe('st4te');
    expect(back.searchParams.get('code')).toMatch(/^def50200[0-9a-f]{982}$/);
  });

  test('asks every time, and an answer counts once', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    await consent(browser, authorizeUrl(wiki), 'accept');
    const again = await browser.get(`${authorizeUrl(wiki)}&approval_pass=1`);
    expect(again.status).toBe(307);
    expect(locationOf(again).searchParams.get('title')).toBe('Special:OAuth/approve');
  });

  test('reports a denial as unauthorized_client, without the state', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    const back = await consent(browser, authorizeUrl(wiki), 'cancel');
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error: 'unauthorized_client',
      error_description: 'User has rejected the request from client application',
      message: 'User has rejected the request from client application',
    });
  });

  test('reports a scope that does not exist to the client, and drops one that it has not got', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    const unknown = await browser.get(authorizeUrl(wiki, { scope: 'basic nosuchscope' }));
    expect(unknown.status).toBe(302);
    expect(Object.fromEntries(locationOf(unknown).searchParams)).toMatchObject({
      error: 'invalid_scope',
      hint: 'Check the `nosuchscope` scope',
    });
    const beyond = await browser.get(authorizeUrl(wiki, { scope: 'basic rollback' }));
    expect(locationOf(beyond).searchParams.get('scope')).toBe('basic');
  });

  test.each([
    ['another path', { redirect_uri: 'http://localhost:8080/other' }],
    ['a further query', { redirect_uri: `${CALLBACK}?x=1` }],
    ['a slash at the end', { redirect_uri: `${CALLBACK}/` }],
    ['another port', { redirect_uri: 'http://localhost:9999/auth/callback' }],
    ['an unknown client', { client_id: '0'.repeat(32) }],
    ['another response type', { response_type: 'token' }],
    ['a bad challenge', { code_challenge: 'short' }],
    ['a bad method', { code_challenge_method: 'S512' }],
    ['a public client without a challenge', { client_id: 'pub11c', code_challenge: null }],
  ])('shows an error page for %s, and never goes to the callback', async (_, changes) => {
    const answer = await new Browser().get(authorizeUrl(wiki, changes));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('Application Connection Error');
  });

  test('takes the registered address when none is given', async () => {
    const code = await newCode('Practice Anna', { redirect_uri: null });
    const answer = await exchange(wiki, { grant_type: 'authorization_code', code, code_verifier: VERIFIER });
    expect(answer.status).toBe(200);
  });

  test('refuses a consent form from elsewhere', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    const approve = locationOf(await browser.get(authorizeUrl(wiki)));
    const fields = fieldsOf(await (await browser.get(approve.href)).text());
    const forged = { ...fields, wpEditToken: '+\\', accept: 'x' };
    const answer = await browser.post(`${wiki.url}/wiki/Special:OAuth/approve`, forged);
    expect(answer.status).toBe(403);
  });
});

describe('the token endpoint', () => {
  test('exchanges a code, in the shape and with the headers of the original', async () => {
    const answer = await byCode(await newCode());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('pragma')).toBe('no-cache');
    const body = await bodyOf(answer);
    expect(Object.keys(body)).toEqual(['token_type', 'expires_in', 'access_token', 'refresh_token']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 14_400 });
    const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({
      aud: wiki.client.id,
      sub: String(wiki.hands.user('Practice Anna').centralId),
      scopes: ['basic', 'editpage'],
    });
    expect(body.refresh_token).toMatch(/^def50200[0-9a-f]{890}$/);
  });

  test('takes the secret by HTTP Basic as well', async () => {
    const basic = Buffer.from(`${wiki.client.id}:s3cret`).toString('base64');
    const send = async (credentials: string, code: string) =>
      fetch(`${wiki.url}/w/rest.php/oauth2/access_token`, {
        method: 'POST',
        headers: { authorization: `Basic ${credentials}` },
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          redirect_uri: CALLBACK,
          code,
          code_verifier: VERIFIER,
        }),
      });
    const code = await newCode();
    const wrong = await send(Buffer.from(`${wiki.client.id}:wrong`).toString('base64'), code);
    expect(wrong.status).toBe(401);
    expect(wrong.headers.get('www-authenticate')).toBe('Basic realm="OAuth"');
    expect((await send(basic, code)).status).toBe(200);
  });

  test('says why a code is refused, and a failed attempt does not use it up', async () => {
    const code = await newCode();
    const refusals: [Record<string, string>, number, string, string | undefined][] = [
      [{ code_verifier: 'x'.repeat(64) }, 400, 'invalid_grant', 'Failed to verify `code_verifier`.'],
      [
        { code_verifier: 'short' },
        400,
        'invalid_request',
        'Code Verifier must follow the specifications of RFC-7636.',
      ],
      [{ code_verifier: '' }, 400, 'invalid_request', 'Check the `code_verifier` parameter'],
      [{ redirect_uri: 'http://localhost:8080/other' }, 400, 'invalid_request', 'Invalid redirect URI'],
      [{ redirect_uri: '' }, 400, 'invalid_request', 'Check the `redirect_uri` parameter'],
      [{ code: 'garbage' }, 400, 'invalid_request', 'Cannot decrypt the authorization code'],
      [{ code: '' }, 400, 'invalid_request', 'Check the `code` parameter'],
      [{ grant_type: 'password' }, 400, 'invalid_request', 'Check the `grant_type` parameter'],
      [{ client_secret: 'wrong' }, 401, 'invalid_client', undefined],
      [{ client_id: 'nobody' }, 401, 'invalid_client', undefined],
      [{ client_id: 'pub11c' }, 400, 'invalid_request', 'Authorization code was not issued to this client'],
    ];
    for (const [changes, status, error, hint] of refusals) {
      const answer = await byCode(code, changes);
      const body = await bodyOf(answer);
      expect([answer.status, body.error, body.hint]).toEqual([status, error, hint]);
      expect(body.message).toBe(body.error_description);
    }
    expect((await byCode(code)).status).toBe(200);
  });

  test('takes a code once, and tokens that came from it stay good', async () => {
    const code = await newCode();
    const tokens = await bodyOf(await byCode(code));
    const again = await byCode(code);
    expect(again.status).toBe(400);
    expect(await bodyOf(again)).toMatchObject({
      error: 'invalid_request',
      hint: 'Authorization code has been revoked',
    });
    expect((await profile(tokens.access_token)).status).toBe(200);
  });

  test('takes a code for ten minutes', async () => {
    const code = await newCode();
    wiki.clock.time += 10 * 60_000;
    expect(await bodyOf(await byCode(code))).toMatchObject({ hint: 'Authorization code has expired' });
  });

  test('takes forms alone, by POST alone', async () => {
    const url = `${wiki.url}/w/rest.php/oauth2/access_token`;
    const json = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'authorization_code' }),
    });
    expect(json.status).toBe(400);
    expect(await bodyOf(json)).toMatchObject({ hint: 'Check the `grant_type` parameter' });
    const get = await fetch(url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('a refresh ends both old tokens at once, and the new ones stay good when the old are tried', async () => {
    const old = await bodyOf(await byCode(await newCode()));
    const answer = await byRefresh(old.refresh_token);
    expect(answer.status).toBe(200);
    const fresh = await bodyOf(answer);
    expect(fresh.refresh_token).not.toBe(old.refresh_token);
    const gone = await profile(old.access_token);
    expect(gone.status).toBe(401);
    expect(await bodyOf(gone)).toMatchObject({
      error: 'access_denied',
      hint: 'Access token has been revoked',
    });
    const again = await byRefresh(old.refresh_token);
    expect(again.status).toBe(401);
    expect(await bodyOf(again)).toMatchObject({
      error: 'invalid_request',
      error_description: 'The refresh token is invalid.',
      hint: 'Token has been revoked',
    });
    expect((await profile(fresh.access_token)).status).toBe(200);
    expect((await byRefresh(fresh.refresh_token)).status).toBe(200);
  });

  test('of four refreshes at once one succeeds', async () => {
    const { refreshToken } = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    const answers = await Promise.all([1, 2, 3, 4].map(() => byRefresh(refreshToken)));
    expect(answers.map((one) => one.status).sort()).toEqual([200, 401, 401, 401]);
  });

  test('a refresh may ask for less, not for more', async () => {
    const { refreshToken } = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    const narrow = await byRefresh(refreshToken, { scope: 'basic' });
    expect(narrow.status).toBe(200);
    const wide = await byRefresh((await bodyOf(narrow)).refresh_token, { scope: 'basic editpage' });
    expect(wide.status).toBe(400);
    expect(await bodyOf(wide)).toMatchObject({ error: 'invalid_scope', hint: 'Check the `editpage` scope' });
  });

  test('a refresh while the wiki is read-only fails for the moment only', async () => {
    const { refreshToken } = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    wiki.misbehave.next({ kind: 'readonly' });
    const answer = await byRefresh(refreshToken);
    expect([answer.status, (await bodyOf(answer)).error]).toEqual([500, 'server_error']);
    expect((await byRefresh(refreshToken)).status).toBe(200);
  });

  test('refreshes of other clients, of revoked grants and after a year are refused', async () => {
    const other = wiki.hands.issueTokens('Practice Bo', 'pub11c');
    expect(await bodyOf(await byRefresh(other.refreshToken))).toMatchObject({
      hint: 'Token is not linked to client',
    });
    const revoked = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    wiki.hands.revokeGrant('Practice Bo');
    expect(await bodyOf(await byRefresh(revoked.refreshToken))).toMatchObject({
      hint: 'Token has been revoked',
    });
    const old = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    wiki.clock.time += 366 * 86_400_000;
    expect(await bodyOf(await byRefresh(old.refreshToken))).toMatchObject({ hint: 'Token has expired' });
  });
});

describe('the profile', () => {
  test('is JSON that calls itself HTML, with the central id', async () => {
    const { accessToken } = wiki.hands.issueTokens('Practice Chen', wiki.client.id);
    const answer = await profile(accessToken);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8');
    const body = await bodyOf(answer);
    expect(Object.keys(body)).toEqual([
      'sub',
      'username',
      'editcount',
      'confirmed_email',
      'blocked',
      'registered',
      'groups',
      'rights',
      'grants',
    ]);
    expect(body).toMatchObject({
      sub: String(wiki.hands.user('Practice Chen').centralId),
      username: 'Practice Chen',
      blocked: false,
      groups: ['*', 'user', 'autoconfirmed'],
      grants: ['basic', 'editpage'],
    });
    expect(body.registered).toMatch(/^\d{14}$/);
  });

  test('says that a blocked account is blocked, which may sign in all the same', async () => {
    const tokens = await bodyOf(await byCode(await newCode('Practice Dee')));
    expect(await bodyOf(await profile(tokens.access_token))).toMatchObject({ blocked: true });
  });

  test('refuses tokens that are no tokens, unknown or expired', async () => {
    const { accessToken } = wiki.hands.issueTokens('Practice Chen', wiki.client.id);
    wiki.clock.time += 14_400_000;
    const hints = await Promise.all(
      ['garbage', 'a.b.c', accessToken].map(async (token) => (await bodyOf(await profile(token))).hint),
    );
    expect(hints).toEqual([
      'The JWT string must have two dots',
      'Access token could not be verified',
      'Access token could not be verified',
    ]);
    expect((await fetch(`${wiki.url}/w/rest.php/oauth2/resource/profile`)).status).toBe(500);
  });
});
