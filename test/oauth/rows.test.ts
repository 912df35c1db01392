import { afterEach, describe, expect, it } from 'vitest';
import { startRun } from '../../src/core/depicts/runs.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import type { Fetch } from '../../src/core/wiki/exchange.ts';
import { ADA } from '../../src/sandbox/wiki.ts';
import { addMatch } from '../core/depicts/support.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { Person } from './person.ts';
import { modernFetch, type Product, startProduct, textOf } from './product.ts';

const ANNA = 'Practice Anna';
const TOKEN_PATH = '/w/rest.php/oauth2/access_token';
const YEAR = 366 * 86_400_000;

let product: Product;
let person: Person;
afterEach(() => product.close());

const site = () => product.site.deps.publicUrl;
const annaId = () => product.pocket.hands.user(ANNA).id;
async function begin(given: Parameters<typeof startProduct>[0] = {}): Promise<void> {
  product = await startProduct(given);
  person = new Person();
}
const signInPage = (who = person) => who.open(`${site()}/sign-in?next=/account`);
/** Up to the wiki's answer, which is not opened. */
async function callback(who = person): Promise<URL> {
  return who.consentWithoutReturning(await who.toConsent(await signInPage(who), annaId()));
}
async function authorizeAddress(): Promise<URL> {
  await signInPage();
  const found = person.way.find((url) => url.pathname.endsWith('/oauth2/authorize'));
  if (!found) throw new Error('nobody was sent to the wiki');
  return found;
}
const isSignedIn = async () => (await person.open(`${site()}/account`)).status === 200;

/** Rows of the wiki's OAuth that `table.test.ts` has not got, each with what the person or the operator reads. */
describe.each(['2022', '2026'])('the OAuth of %s', (generation) => {
  const start = (given: Parameters<typeof startProduct>[0] = {}) =>
    begin(generation === '2026' ? { fetch: modernFetch, ...given } : given);
  /** Answers of one endpoint that are not the pocket wiki's. */
  const instead =
    (path: string, when: (form: string) => boolean, answer: () => Response) =>
    (): Fetch =>
    async (url, init) =>
      String(url).endsWith(path) && when(String(init?.body ?? '')) ? answer() : fetch(url, init);
  const errorBody = (error: string, words: string) => ({
    error,
    error_description: words,
    ...(generation === '2022' ? { message: words } : {}),
  });

  it('a query more in the address of the callback: an error page at the wiki', async () => {
    await start();
    const authorize = await authorizeAddress();
    authorize.searchParams.set('redirect_uri', `${site()}/oauth/callback?more=1`);
    const page = await person.open(authorize);
    expect(page.url.origin).toBe(product.pocket.url);
    expect(page.html).toContain('Application Connection Error');
  });

  it('no address of the callback: the registered one is used, and the person is signed in', async () => {
    await start();
    const authorize = await authorizeAddress();
    authorize.searchParams.delete('redirect_uri');
    const page = await person.consent(await person.toConsent(await person.open(authorize), annaId()));
    expect(page.url.href).toBe(`${site()}/account`);
    expect(page.html).toContain(ANNA);
  });

  it('a failed exchange does not use up the code, but our state: the page says to begin again, which works', async () => {
    await start();
    const address = await callback();
    product.pocket.misbehave.next({ kind: 'http503', match: { path: TOKEN_PATH } });
    expect(textOf(await person.open(address))).toContain('could not sign you in now');
    const again = await person.open(address);
    expect(again.status).toBe(400);
    expect(textOf(again)).toContain('was not begun in this browser');
    expect(again.html).toContain('href="/sign-in"');
    expect((await product.signIn(person, ANNA)).html).toContain(ANNA);
  });

  it('a callback without a code: the page says to begin again', async () => {
    await start();
    const address = await callback();
    address.searchParams.delete('code');
    const page = await person.open(address);
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('The wiki ended the sign-in; begin again.');
    expect(await isSignedIn()).toBe(false);
  });

  it("a client that the token endpoint does not know: the operator's to mend", async () => {
    await start();
    const address = await callback();
    product.client.id = 'another';
    const page = await person.open(address);
    expect(page.status).toBe(502);
    expect(textOf(page)).toContain('does not accept this installation of Visavis (invalid_client)');
  });

  it('a profile that is refused for a new token: nobody is signed in, and the page says to begin again', async () => {
    const refused = () =>
      Response.json(errorBody('access_denied', 'Access token has been revoked'), { status: 401 });
    await start({ fetch: instead('/resource/profile', () => true, refused) });
    const page = await person.open(await callback());
    expect(page.status).toBe(400);
    expect(textOf(page)).toContain('no longer good (access_denied); begin again');
    expect(await isSignedIn()).toBe(false);
  });

  describe('a public client', () => {
    const client = { secret: null };

    it('signs in with the verifier alone, and refreshes without a secret', async () => {
      await start({ client });
      const page = await product.signIn(person, ANNA);
      expect(page.url.pathname).toBe('/account');
      const account = await product.account(ANNA);
      const token = await account.refresh();
      expect((await product.oauth.profile(token)).username).toBe(ANNA);
      for (const { params } of product.pocket.requests.entries)
        expect(Object.keys(params)).not.toContain('client_secret');
    });

    it('without a challenge: an error page at the wiki', async () => {
      await start({ client });
      const authorize = await authorizeAddress();
      authorize.searchParams.delete('code_challenge');
      authorize.searchParams.delete('code_challenge_method');
      const page = await person.open(authorize);
      expect(page.url.origin).toBe(product.pocket.url);
      expect(page.html).toContain('Application Connection Error');
    });

    it("of which the wiki wants a secret at a refresh: the operator's to mend, no link is broken", async () => {
      const demanded = () =>
        Response.json(errorBody('invalid_client', 'Client authentication failed'), { status: 401 });
      const isRefresh = (form: string) => form.includes('grant_type=refresh_token');
      await start({ client, fetch: instead('/access_token', isRefresh, demanded) });
      await product.signIn(person, ANNA);
      await expect((await product.account(ANNA)).refresh()).rejects.toMatchObject({
        code: 'wiki',
        message: expect.stringMatching(/OAuth client \(invalid_client\); its operator/),
      });
      expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
      expect(await isSignedIn()).toBe(true);
    });
  });

  it('a refresh token that has expired: the link is broken, and every page says how to renew it', async () => {
    await start();
    await product.signIn(person, ANNA);
    const account = await product.account(ANNA);
    product.clock.advance(YEAR);
    await expect(account.accessToken()).rejects.toMatchObject({ code: 'sign_in_refused' });
    // Our own session has ended in that year; the next sign-in heals the link.
    expect(await isSignedIn()).toBe(false);
    await product.signIn(person, ANNA);
    expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
  });

  it("another client's refresh token, as after a new registration: the link is broken, and the page says how to renew it", async () => {
    const words = 'The refresh token is invalid.';
    const foreign = () =>
      generation === '2026'
        ? Response.json(errorBody('invalid_grant', words), { status: 400 })
        : Response.json(
            { ...errorBody('invalid_request', words), hint: 'Token is not linked to client' },
            { status: 401 },
          );
    const isRefresh = (form: string) => form.includes('grant_type=refresh_token');
    await start({ fetch: instead('/access_token', isRefresh, foreign) });
    await product.signIn(person, ANNA);
    await expect((await product.account(ANNA)).refresh()).rejects.toMatchObject({ code: 'sign_in_refused' });
    const page = await person.open(`${site()}/account`);
    expect(textOf(page)).toContain(`no longer accepts the link to your account ${ANNA}`);
    expect(page.html).toContain('href="/sign-in?next=%2Faccount"');
  });

  it('a grant without the right to edit: the run pauses, says so, and loses nothing', async () => {
    await start({ client: { grants: ['basic'] } });
    await product.signIn(person, ANNA);
    const { store, pocket, clock, nudges, wiki } = product;
    const accountId = await product.accountId(ANNA);
    const { id: projectId } = await addProject(store, {}, [ADA.item]);
    await addMember(store, projectId, { accountId });
    const [page_id = 0] = await pocket.hands.addManyFiles(1, 'Category:Rows', `Rows ${generation}`);
    await addMatch(store, projectId, {
      fileId: await addFile(store, projectId, { page_id }),
      person: ADA.item,
    });
    const run = await startRun({ store, clock, nudges }, { projectId, accountId });
    const account = await product.account(ANNA);
    await writeStep({
      store,
      clock,
      nudges,
      wiki,
      wikiAccount: () => account,
      log: product.site.deps.log,
      workerId: 'worker one',
      editsPerMinute: null,
    });
    expect(
      await store.db.selectFrom('runs').selectAll().where('id', '=', run).executeTakeFirstOrThrow(),
    ).toMatchObject({ state: 'paused', reason: expect.stringContaining('permission') });
    expect(pocket.hands.statements(page_id)).toEqual([]);
    const shown = await person.open(`${site()}/projects/${projectId}/runs/${run}`);
    // In the wiki's own words.
    expect(textOf(shown)).toContain('limited to users in one of the groups');
  });
});
