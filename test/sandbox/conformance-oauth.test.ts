import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorizeUrl,
  Browser,
  CALLBACK,
  CHALLENGE,
  consent,
  fieldsOf,
  locationOf,
  logIn,
  startTestWiki,
  type TestWiki,
  VERIFIER,
} from './harness.ts';
import { OAUTH_RECORDINGS } from './recorded/covered.ts';
import recorded from './recorded/oauth.json' with { type: 'json' };
import { shapeOf } from './recorded/shape.ts';

/** As `conformance.test.ts`, for the three OAuth end points that the product uses. */
interface Recording {
  readonly path: string;
  readonly as: string;
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  readonly type?: string;
  readonly cache?: string;
  readonly challenge?: string;
  /** Path and names of the parameters, with the values of `error` and `title`. */
  readonly location?: string;
  /** Title of a page for people. */
  readonly page?: string;
  readonly shape?: string;
}
const RECORDINGS = recorded as unknown as Readonly<Record<string, Recording>>;

describe('the pocket wiki signs people in as the recorded one did', () => {
  let wiki: TestWiki;
  beforeAll(async () => {
    wiki = await startTestWiki();
    wiki.hands.block('Practice Chen');
  });
  afterAll(() => wiki.close());

  it('has what the list says', () => {
    expect(Object.keys(RECORDINGS)).toEqual(OAUTH_RECORDINGS);
  });

  it.each(OAUTH_RECORDINGS)('%s', async (name) => {
    const recording = RECORDINGS[name];
    if (!recording) throw new Error(name);
    const answer = await send(name, recording).finally(() => {
      wiki.misbehave.clear();
      for (const { id } of [wiki.client, { id: 'pub11c' }]) wiki.hands.disableClient(id, false);
    });
    const text = await answer.text();
    const page = /<title>(.*?)(?: [-–] |<)/.exec(text)?.[1];
    expect({
      status: answer.status,
      type: answer.headers.get('content-type')?.split(';')[0],
      cache: recording.cache && answer.headers.get('cache-control'),
      challenge: answer.headers.get('www-authenticate') ?? undefined,
      location: answer.headers.has('location') ? summary(locationOf(answer)) : undefined,
      page: recording.page && page,
      shape: recording.shape && shapeOf(JSON.parse(text)),
    }).toEqual({
      status: recording.status,
      type: recording.location && !answer.headers.has('content-type') ? undefined : recording.type,
      cache: recording.cache,
      challenge: recording.challenge,
      location: recording.location,
      page: recording.page,
      shape: recording.shape,
    });
  });

  function send(name: string, recording: Recording): Promise<Response> {
    if (recording.path.endsWith('/authorize')) return authorize(name, recording);
    if (recording.path.endsWith('/access_token')) return askForToken(name, recording);
    return profile(name, recording);
  }

  async function authorize(name: string, { params }: Recording): Promise<Response> {
    const browser = new Browser();
    const person = name.includes('blocked-user') ? 'Practice Chen' : 'Practice Anna';
    if (name !== 'oauth-authorize-anon') await logIn(wiki, browser, person);
    if (name === 'oauth-authorize-consumer-disabled') wiki.hands.disableClient('pub11c');
    const { approval_pass: pass, approval_cancel: cancel, ...asked } = params;
    const url = `${wiki.url}/w/rest.php/oauth2/authorize?${new URLSearchParams(ours(asked))}`;
    if (name === 'oauth-authorize-already-approved') await consent(browser, url, 'accept');
    if (pass === undefined && cancel === undefined) return browser.get(url);
    // By way of the consent page, whose button is what leads on.
    const approve = locationOf(await browser.get(url));
    const fields = fieldsOf(await (await browser.get(approve.href)).text());
    const button = pass === undefined ? { cancel: 'x' } : { accept: 'x' };
    const back = await browser.post(`${approve.origin}/wiki/Special:OAuth/approve`, { ...fields, ...button });
    return browser.get(locationOf(back).href);
  }

  async function askForToken(name: string, { params, as }: Recording): Promise<Response> {
    const form = { ...ours(params) };
    const withSecret = form.client_secret !== undefined || as.startsWith('Basic') || name.includes('conf-');
    if (withSecret && form.client_id === 'pub11c') form.client_id = wiki.client.id;
    const clientId = withSecret ? wiki.client.id : 'pub11c';
    if (form.code === '<CODE>') {
      const client = name === 'oauth-token-other-clients-code' ? 'pub11c' : clientId;
      form.code = await newCode(client, name === 'oauth-conf-nopkce-ok');
    }
    if (form.code_verifier === '<CODE_VERIFIER>' || name === 'oauth-token-scope-basic')
      form.code_verifier = VERIFIER;
    if (form.client_secret?.startsWith('<')) form.client_secret = 's3cret';
    if (form.refresh_token?.startsWith('<')) form.refresh_token = await newRefreshToken(name);
    if (name === 'oauth-token-code-expired') wiki.clock.time += 11 * 60_000;
    if (name === 'oauth-token-code-reused') await post(form);
    if (name === 'oauth-refresh-consumer-disabled') wiki.hands.disableClient(wiki.client.id);
    if (name === 'oauth-refresh-while-readonly') wiki.misbehave.next({ kind: 'readonly' });
    const secret = as === 'Basic wrong' ? 'wrong' : 's3cret';
    const basic = `Basic ${Buffer.from(`${wiki.client.id}:${secret}`).toString('base64')}`;
    return post(form, as.startsWith('Basic') ? { authorization: basic } : {});
  }

  async function profile(name: string, { as }: Recording): Promise<Response> {
    const person = as === 'Bob' ? 'Practice Chen' : 'Practice Anna';
    const tokens = wiki.hands.issueTokens(person, wiki.client.id);
    let bearer = tokens.accessToken;
    if (name === 'oauth-profile-after-grant-revoked') wiki.hands.revokeGrant(person);
    if (name === 'oauth-profile-consumer-disabled') wiki.hands.disableClient(wiki.client.id);
    if (name === 'oauth-profile-expired-bearer') wiki.clock.time += 5 * 3_600_000;
    if (name === 'oauth-profile-old-access-after-refresh') await refresh(tokens.refreshToken);
    if (as === 'garbage') bearer = 'garbage';
    if (as === 'bad signature') bearer = `${bearer.slice(0, -6)}AAAAAA`;
    const headers = { authorization: `Bearer ${bearer}` };
    return fetch(`${wiki.url}/w/rest.php/oauth2/resource/profile`, { headers });
  }

  async function newCode(clientId: string, withoutChallenge: boolean): Promise<string> {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Anna');
    const changes = withoutChallenge ? { code_challenge: null, code_challenge_method: null } : {};
    const url = authorizeUrl(wiki, { client_id: clientId, ...changes });
    return (await consent(browser, url, 'accept')).searchParams.get('code') ?? '';
  }

  async function newRefreshToken(name: string): Promise<string> {
    const clientId = name === 'oauth-refresh-other-client' ? 'pub11c' : wiki.client.id;
    const scopes = name === 'oauth-refresh-wider-scope' ? ['basic'] : ['basic', 'editpage'];
    const { refreshToken } = wiki.hands.issueTokens('Practice Anna', clientId, scopes);
    if (name.endsWith('reused')) await refresh(refreshToken);
    if (name === 'oauth-refresh-after-grant-revoked') wiki.hands.revokeGrant('Practice Anna');
    if (name === 'oauth-refresh-expired') wiki.clock.time += 366 * 86_400_000;
    if (name === 'oauth-refresh-older-after-reauthorization') wiki.hands.issueTokens('Practice Anna');
    return refreshToken;
  }

  function refresh(refreshToken: string): Promise<Response> {
    const secret = { client_id: wiki.client.id, client_secret: 's3cret' };
    return post({ grant_type: 'refresh_token', refresh_token: refreshToken, ...secret });
  }

  function post(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const body = new URLSearchParams(form);
    return fetch(`${wiki.url}/w/rest.php/oauth2/access_token`, { method: 'POST', headers, body });
  }

  /** The recorded clients, callback and challenge, as the pocket wiki's. */
  function ours(params: Recording['params']): Record<string, string> {
    const clients: Record<string, string> = {
      '<CLIENT_ID_PublicPKCE>': 'pub11c',
      '<CLIENT_ID_Confidential>': wiki.client.id,
    };
    return Object.fromEntries(
      Object.entries(params).map(([key, value]) => {
        if (key === 'client_id') return [key, clients[value] ?? value];
        if (key === 'redirect_uri')
          return [key, value.replace('http://127.0.0.1:8080/auth/callback', CALLBACK)];
        if (key === 'code_challenge' && value !== 'short') return [key, CHALLENGE];
        return [key, value];
      }),
    );
  }
});

function summary(address: URL): string {
  const named = [...address.searchParams].map(([key, value]) =>
    key === 'error' || key === 'title' ? `${key}=${value}` : key,
  );
  return `${address.pathname}?${named.toSorted().join('&')}`;
}
