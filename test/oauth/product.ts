import { randomBytes } from 'node:crypto';
import { createFernet, newFernetKey } from '../../src/core/accounts/fernet.ts';
import { writingAccount } from '../../src/core/accounts/writing-account.ts';
import type { Clock } from '../../src/core/platform/clock.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import type { DatabaseAddress, Store } from '../../src/core/store/store.ts';
import type { WikiAccount } from '../../src/core/wiki/account.ts';
import { createWikiClient } from '../../src/core/wiki/client.ts';
import type { Fetch } from '../../src/core/wiki/exchange.ts';
import { createLimiter } from '../../src/core/wiki/limiter.ts';
import { createOAuth, type OAuth } from '../../src/core/wiki/oauth.ts';
import { createWiki, type Wiki } from '../../src/core/wiki/wiki.ts';
import { createPocketWiki, type PocketClient, type PocketWiki } from '../../src/sandbox/wiki.ts';
import type { WebDeps } from '../../src/web/server.ts';
import { freePort } from '../support/free-port.ts';
import { freshStore } from '../support/stores.ts';
import { type Site, startSite } from '../web/support/site.ts';
import type { Page, Person } from './person.ts';

/** Real time, and as much more as a test wants; sleeps are short. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
}

export function movableClock(): MovableClock {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
    sleep: (ms) => {
      ahead += Math.max(0, ms - 5);
      return new Promise((resolve) => setTimeout(resolve, Math.min(ms, 5)));
    },
  };
}

/** Our web site with its real OAuth and wiki clients, against a pocket wiki with the practice content. */
export interface Product {
  readonly pocket: PocketWiki;
  readonly client: PocketClient;
  readonly clock: MovableClock;
  readonly store: Store;
  readonly address: DatabaseAddress;
  readonly site: Site;
  readonly oauth: OAuth;
  readonly wiki: Wiki;
  readonly nudges: WebDeps['nudges'];
  /** Signs somebody in, through the pages of both sites. */
  signIn(person: Person, name: string, next?: string): Promise<Page>;
  /** The id of the account that has signed in under this name. */
  accountId(name: string): Promise<number>;
  /** What the product writes with. */
  account(name: string): Promise<WikiAccount>;
  tokenRow(name: string): Promise<{ broken_at: number | null; broken_reason: string | null; scheme: string }>;
  /** Refreshes that the wiki was asked for. */
  refreshes(): number;
  close(): Promise<void>;
}

export async function startProduct(
  given: {
    kind?: DatabaseAddress['kind'];
    web?: Partial<WebDeps>;
    /** Between our OAuth client and the wiki. */
    fetch?: (pocket: PocketWiki, clock: Clock) => Fetch;
    clock?: MovableClock;
    /** How we are registered at the wiki. */
    client?: Partial<PocketClient>;
  } = {},
): Promise<Product> {
  const clock = given.clock ?? movableClock();
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const client: PocketClient = {
    id: 'visavis-test',
    secret: 's3cret',
    name: 'Visavis test',
    redirectUri: `${publicUrl}/oauth/callback`,
    ...given.client,
  };
  const pocket = await createPocketWiki({
    port: 0,
    host: '127.0.0.1',
    dataDir: ':memory:',
    photosDir: null,
    clients: [client],
    clock,
  });
  const { store, address, dispose } = await freshStore(given.kind);
  const limiter = createLimiter();
  const userAgent = 'Visavis/test (http://localhost; test@example.org)';
  const apiUrl = `${pocket.url}/w/api.php`;
  const api = createWikiClient({ apiUrl, userAgent, clock, limiter, allowInsecure: true });
  const wiki = createWiki({ files: api, items: api });
  const rest = `${pocket.url}/w/rest.php/oauth2`;
  const oauth = createOAuth({
    endpoints: {
      authorize: `${rest}/authorize`,
      token: `${rest}/access_token`,
      profile: `${rest}/resource/profile`,
    },
    clientId: client.id,
    clientSecret: client.secret,
    redirectUri: client.redirectUri,
    userAgent,
    clock,
    limiter,
    allowInsecure: true,
    ...(given.fetch ? { fetch: given.fetch(pocket, clock) } : {}),
  });
  const nudges = memoryNudges();
  const site = await startSite(
    store,
    {
      clock,
      nudges,
      oauth,
      wiki,
      publicUrl,
      oauthOrigin: pocket.url,
      fernet: createFernet([newFernetKey(randomBytes)], clock, randomBytes),
      ...given.web,
    },
    port,
  );

  const accountId = async (name: string) => {
    const row = await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', name)
      .executeTakeFirstOrThrow();
    return row.account_id;
  };
  return {
    pocket,
    client,
    clock,
    store,
    address,
    site,
    oauth,
    wiki,
    nudges,
    accountId,
    async signIn(person, name, next = '/account') {
      const begun = await person.open(`${publicUrl}/sign-in?next=${encodeURIComponent(next)}`);
      return person.consent(await person.toConsent(begun, pocket.hands.user(name).id));
    },
    async account(name) {
      const deps = { store, clock, fernet: site.deps.fernet, oauth, wiki, log: silentLog };
      return writingAccount(deps, { id: await accountId(name), username: name });
    },
    async tokenRow(name) {
      return store.db
        .selectFrom('account_tokens')
        .select(['broken_at', 'broken_reason', 'scheme'])
        .where('account_id', '=', await accountId(name))
        .executeTakeFirstOrThrow();
    },
    refreshes: () =>
      pocket.requests.entries.filter((entry) => entry.params.grant_type === 'refresh_token').length,
    async close() {
      await site.close();
      await nudges.close();
      await pocket.close();
      await dispose();
    },
  };
}

/** The text of a page without its markup, for what a person reads. */
export function textOf({ html }: Page): string {
  const main = /<main[\s\S]*<\/main>/.exec(html)?.[0] ?? html;
  return main
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * The OAuth endpoint of the extension of 2026 in front of the pocket wiki, which is of 2022: other codes, no
 * `message`, and refresh tokens that are taken again for 600 s.
 */
export function modernFetch(pocket: PocketWiki, clock: Clock): Fetch {
  const used = new Map<string, { at: number; user: string }>();
  return async (url, init) => {
    const form =
      init?.body instanceof URLSearchParams ? init.body : new URLSearchParams(String(init?.body ?? ''));
    const token = form.get('refresh_token');
    const answer = await fetch(url, init).catch((error: unknown) => {
      if (token !== null) note(token);
      throw error;
    });
    if (answer.ok || answer.headers.get('content-type')?.includes('json') !== true) {
      if (answer.ok && token !== null) note(token);
      return answer;
    }
    const { message: _, ...body } = (await answer.json()) as Record<string, string>;
    const again = token === null ? undefined : used.get(token);
    if (again && clock.now() - again.at < 600_000) {
      const { accessToken, refreshToken } = pocket.hands.issueTokens(again.user);
      return Response.json({
        token_type: 'Bearer',
        expires_in: 14_400,
        access_token: accessToken,
        refresh_token: refreshToken,
      });
    }
    const about = `${body.error_description} ${body.hint ?? ''}`;
    const invalid =
      body.error === 'invalid_request' && /refresh token is invalid|has been revoked|has expired/.test(about);
    return Response.json(invalid ? { ...body, error: 'invalid_grant' } : body, {
      status: invalid ? 400 : answer.status,
    });
  };

  function note(token: string): void {
    if (!used.has(token)) used.set(token, { at: clock.now(), user: 'Practice Anna' });
  }
}
