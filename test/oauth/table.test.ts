import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { wikiErrorDetails } from '../../src/core/wiki/wiki-error.ts';
import { Person } from './person.ts';
import { modernFetch, type Product, startProduct, textOf } from './product.ts';

const ANNA = 'Practice Anna';
const BLOCKED = 'Practice Dee';
const TOKEN_PATH = '/w/rest.php/oauth2/access_token';

/** What the person, or the operator, sees in each case of the wiki's OAuth, with both generations of its errors. */
describe.each(['2022', '2026'])('sign-in at a wiki with the OAuth of %s', (generation) => {
  let product: Product;
  let site: string;
  let person: Person;
  /** The code of a grant that the wiki does not take (any more). */
  const gone = generation === '2026' ? 'invalid_grant' : 'invalid_request';

  beforeAll(async () => {
    product = await startProduct(generation === '2026' ? { fetch: modernFetch } : {});
    site = product.site.deps.publicUrl;
  });
  afterAll(() => product.close());
  beforeEach(() => {
    person = new Person();
    product.pocket.misbehave.clear();
    product.pocket.requests.clear();
  });

  const begin = (who = person) => who.open(`${site}/sign-in?next=/account`);
  const annaId = () => product.pocket.hands.user(ANNA).id;
  /** Up to the wiki's answer, which is not opened. */
  const callback = async (who = person) => {
    const consent = await who.toConsent(await begin(who), annaId());
    return who.consentWithoutReturning(consent);
  };
  const isSignedIn = async (who = person) => (await who.open(`${site}/account`)).status === 200;
  const tokenRows = async () =>
    (await product.store.db.selectFrom('account_tokens').selectAll().execute()).length;

  it('not logged in at the wiki: its login page, its consent page, and back', async () => {
    const page = await product.signIn(person, ANNA, '/projects?verdict=match');
    expect(page.url.href).toBe(`${site}/projects?verdict=match`);
    expect(page.html).toContain(ANNA);
    const pages = person.way.map((url) => url.searchParams.get('title') ?? url.pathname);
    expect(pages).toContain('Special:UserLogin');
    expect(pages).toContain('Special:OAuth/approve');
    const asked = person.way.find((url) => url.pathname.endsWith('/oauth2/authorize'))?.searchParams;
    expect(asked?.get('code_challenge_method')).toBe('S256');
    expect(asked?.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(asked?.get('state')).toMatch(/^[\w-]{43}$/);
  });

  it('logged in: asks for consent every time, and the tokens from before stay good', async () => {
    await product.signIn(person, ANNA);
    const before = await (await product.account(ANNA)).accessToken();
    await person.open(`${site}/language`).then((page) => person.send(page, '/sign-out'));
    const again = await begin();
    expect(again.html).toContain('name="accept"');
    expect((await person.consent(again)).url.pathname).toBe('/account');
    expect((await product.oauth.profile(before)).username).toBe(ANNA);
  });

  it('denied, which comes back without a state: a page that says so, with a way to begin again', async () => {
    const page = await person.consent(await person.toConsent(await begin(), annaId()), 'cancel');
    expect(page.url.searchParams.get('error')).toBe('unauthorized_client');
    expect(page.url.searchParams.has('state')).toBe(false);
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('You did not allow the connection.');
    expect(page.html).toContain('href="/sign-in"');
    expect(await isSignedIn()).toBe(false);
  });

  it('an unknown scope, which comes back without a state: the wiki ended it', async () => {
    await begin();
    const authorize = person.way.find((url) => url.pathname.endsWith('/oauth2/authorize')) ?? new URL(site);
    authorize.searchParams.set('scope', 'basic flying');
    const page = await person.open(authorize);
    expect(page.url.searchParams.get('error')).toBe('invalid_scope');
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('The wiki ended the sign-in; begin again.');
  });

  it('a scope that the client has not got is left out without a word', async () => {
    await begin();
    const authorize = person.way.find((url) => url.pathname.endsWith('/oauth2/authorize')) ?? new URL(site);
    authorize.searchParams.set('scope', 'basic rollback');
    const page = await person.consent(await person.toConsent(await person.open(authorize), annaId()));
    expect(page.url.pathname).toBe('/account');
  });

  it.each([
    ['another path', (url: URL) => url.searchParams.set('redirect_uri', `${site}/elsewhere`)],
    ['a slash more', (url: URL) => url.searchParams.set('redirect_uri', `${site}/oauth/callback/`)],
    ['another port', (url: URL) => url.searchParams.set('redirect_uri', 'http://127.0.0.1:1/oauth/callback')],
    ['an unknown client', (url: URL) => url.searchParams.set('client_id', 'nobody')],
    ['another kind of answer', (url: URL) => url.searchParams.set('response_type', 'token')],
    ['a bad challenge', (url: URL) => url.searchParams.set('code_challenge', 'short')],
    ['a bad method', (url: URL) => url.searchParams.set('code_challenge_method', 'S1024')],
  ])('%s: an error page at the wiki, and nothing comes back to us', async (_what, change) => {
    await begin();
    const authorize = person.way.find((url) => url.pathname.endsWith('/oauth2/authorize')) ?? new URL(site);
    change(authorize);
    const page = await person.open(authorize);
    expect(page.url.origin).toBe(product.pocket.url);
    expect(page.status).toBe(200);
    expect(page.html).toContain('Application Connection Error');
  });

  it('a client that was disabled: an error page at the wiki', async () => {
    product.pocket.hands.disableClient(product.client.id);
    const page = await begin();
    product.pocket.hands.disableClient(product.client.id, false);
    expect(page.url.origin).toBe(product.pocket.url);
    expect(page.html).toContain('Application Connection Error');
  });

  it('a blocked account signs in, is told, and may look alone', async () => {
    const page = await product.signIn(person, BLOCKED);
    expect(page.url.pathname).toBe('/account');
    expect(textOf(page)).toContain('blocked on the wiki');
    expect((await person.open(`${site}/projects`)).status).toBe(200);
    const refused = await person.open(`${site}/projects/new`);
    expect(refused.status).toBe(403);
    expect(textOf(refused)).toContain('blocked on the wiki');
  });

  it('a wrong state, no state, and a callback that nobody began', async () => {
    const address = await callback();
    address.searchParams.set('state', 'of-somebody-else');
    for (const change of [(url: URL) => url, (url: URL) => url.searchParams.delete('state')]) {
      change(address);
      const page = await person.open(address);
      expect(page.status).toBe(400);
      expect(textOf(page)).toContain('was not begun in this browser');
    }
    const stranger = await new Person().open(await callback());
    expect(stranger.status).toBe(400);
    expect(await isSignedIn()).toBe(false);
  });

  it("somebody else's code: the verifier does not fit", async () => {
    const [mine, theirs] = [await callback(), await callback(new Person())];
    mine.searchParams.set('code', theirs.searchParams.get('code') ?? '');
    const page = await person.open(mine);
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('no longer good (invalid_grant); begin again');
    expect(page.html).toContain('href="/sign-in"');
    expect(await isSignedIn()).toBe(false);
  });

  it('a code that was used: refused, and the tokens that it gave stay good', async () => {
    const first = await callback();
    await person.open(first);
    const rows = await tokenRows();
    const other = new Person();
    const second = await callback(other);
    second.searchParams.set('code', first.searchParams.get('code') ?? '');
    const page = await other.open(second);
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain(`no longer good (${gone}); begin again`);
    expect(await tokenRows()).toBe(rows);
    expect(await isSignedIn()).toBe(true);
    await (await product.account(ANNA)).accessToken();
  });

  it('a code that is too old, and one that is none', async () => {
    const old = await callback();
    product.clock.advance(11 * 60_000);
    const page = await person.open(old);
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain(`no longer good (${gone}); begin again`);
    const garbage = await callback();
    garbage.searchParams.set('code', 'def50200');
    expect(textOf(await person.open(garbage))).toContain('no longer good (invalid_request); begin again');
  });

  it("a wrong client secret: the operator's to mend", async () => {
    const address = await callback();
    product.client.secret = 'another';
    const page = await person.open(address);
    product.client.secret = 's3cret';
    expect(page.status).toBe(502);
    expect(textOf(page)).toContain('does not accept this installation of Visavis (invalid_client)');
  });

  it.each(['html', 'http503'] as const)(
    'a page of HTML from the token endpoint (%s): try again later',
    async (kind) => {
      const address = await callback();
      product.pocket.misbehave.next({ kind, match: { path: TOKEN_PATH } });
      const page = await person.open(address);
      expect(page.status).toBe(502);
      expect(textOf(page)).toContain('could not sign you in now');
      expect(page.html).not.toContain('This is not what you asked for');
      expect(await isSignedIn()).toBe(false);
    },
  );

  it('a profile that cannot be read now: try again later', async () => {
    const address = await callback();
    product.pocket.misbehave.next({
      kind: 'database_down',
      match: { path: '/w/rest.php/oauth2/resource/profile' },
    });
    const page = await person.open(address);
    expect(page.status).toBe(502);
    expect(textOf(page)).toContain('could not sign you in now');
  });

  it('a bearer that is none: the profile is refused, with the words of a sign-in', async () => {
    for (const bearer of ['garbage', 'a.b.c']) {
      await expect(product.oauth.profile(bearer)).rejects.toMatchObject({ code: 'sign_in_refused' });
    }
  });

  describe('with tokens', () => {
    beforeEach(async () => {
      await product.signIn(person, ANNA);
      product.pocket.requests.clear();
    });

    it('a refresh gives new tokens, and the old ones end', async () => {
      const account = await product.account(ANNA);
      const before = await account.accessToken();
      const after = await account.refresh();
      expect(after).not.toBe(before);
      expect((await product.oauth.profile(after)).username).toBe(ANNA);
      await expect(product.oauth.profile(before)).rejects.toMatchObject({ code: 'sign_in_refused' });
    });

    it('a refresh token that the wiki does not take any more: the link is broken, and every page says how to renew it', async () => {
      product.pocket.hands.revokeGrant(ANNA);
      const account = await product.account(ANNA);
      await expect(account.refresh()).rejects.toMatchObject({ code: 'sign_in_refused' });
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_reason: gone });
      const page = await person.open(`${site}/account`);
      expect(textOf(page)).toContain(`no longer accepts the link to your account ${ANNA}`);
      expect(page.html).toContain('href="/sign-in?next=%2Faccount"');
      const renewed = await person.consent(await person.open(`${site}/sign-in?next=/account`));
      expect(renewed.url.pathname).toBe('/account');
      expect(renewed.html).not.toContain('no longer accepts');
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
    });

    it('a wiki that is read-only: later, and nothing is broken', async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.next({ kind: 'readonly' });
      await expect(account.refresh()).rejects.toMatchObject({ code: 'wiki', details: { kind: 'later' } });
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
      await account.refresh();
      expect(product.refreshes()).toBe(2);
    });

    it("a client that was disabled: the operator's problem, no link is broken", async () => {
      const account = await product.account(ANNA);
      product.pocket.hands.disableClient(product.client.id);
      await expect(account.refresh()).rejects.toMatchObject({
        code: 'wiki',
        message: expect.stringMatching(/OAuth client \(access_denied\); its operator/),
      });
      const read = await product.wiki.userInfo(account).catch((error: unknown) => error);
      product.pocket.hands.disableClient(product.client.id, false);
      expect(wikiErrorDetails(read)).toMatchObject({
        kind: 'this_account',
        codes: ['mwoauth-invalid-authorization-not-approved'],
      });
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
      await account.refresh();
    });

    it('a client whose secret is missing or wrong at a refresh: no link is broken', async () => {
      const account = await product.account(ANNA);
      product.client.secret = 'another';
      await expect(account.refresh()).rejects.toMatchObject({
        message: expect.stringContaining('invalid_client'),
      });
      product.client.secret = 's3cret';
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
    });

    it('an access token that the API does not take: refreshed once, and the request repeated', async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.next({ kind: 'mwoauth-invalid-authorization' });
      expect((await product.wiki.userInfo(account)).name).toBe(ANNA);
      expect(product.refreshes()).toBe(1);
    });

    it('a database that is away looks like a bad token: refreshed once, later, and nothing is broken', async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.always({ kind: 'database_down', match: { path: '/w/api.php' } });
      const read = await product.wiki.userInfo(account).catch((error: unknown) => error);
      expect(wikiErrorDetails(read)).toMatchObject({ kind: 'later' });
      expect(product.refreshes()).toBe(1);
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
    });

    it('an HTML page instead of new tokens: later, and nothing is broken', async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.next({ kind: 'html', match: { path: TOKEN_PATH } });
      await expect(account.refresh()).rejects.toMatchObject({ code: 'wiki', details: { kind: 'later' } });
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
    });

    it(`an answer that was lost: ${generation === '2026' ? 'the old token is taken once more' : 'broken, with words about it'}`, async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.next({ kind: 'lost_answer', match: { path: TOKEN_PATH } });
      if (generation === '2026') {
        const token = await account.refresh();
        expect((await product.oauth.profile(token)).username).toBe(ANNA);
        expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
      } else {
        await expect(account.refresh()).rejects.toMatchObject({
          message: expect.stringContaining('the answer to its last renewal was lost'),
        });
      }
      expect(product.refreshes()).toBe(2);
    });

    it('a request that was lost on the way: repeated once, and nobody notices', async () => {
      const account = await product.account(ANNA);
      product.pocket.misbehave.next({ kind: 'lost_request', match: { path: TOKEN_PATH } });
      await account.refresh();
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
    });
  });
});
