import { createHash } from 'node:crypto';
import type { Clock } from '../../src/core/platform/clock.ts';
import type { Json } from '../../src/sandbox/json.ts';
import { createPocketWiki, type PocketClient, type PocketWiki } from '../../src/sandbox/wiki.ts';

export const CALLBACK = 'http://localhost:8080/auth/callback';
export const VERIFIER = 'verifier-verifier-verifier-verifier-verifier-1234';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** A clock that stands still until a test moves it. */
export class StillClock implements Clock {
  time = Date.UTC(2026, 10, 22, 2, 48);
  now = (): number => this.time;
  sleep = async (ms: number): Promise<void> => {
    this.time += ms;
  };
}

export interface TestWiki extends PocketWiki {
  clock: StillClock;
  client: PocketClient;
}

/** An empty pocket wiki in memory, with a confidential client, a public one and two files. */
export async function startTestWiki(content: 'empty' | 'practice' = 'empty'): Promise<TestWiki> {
  const clock = new StillClock();
  const client: PocketClient = {
    id: 'c0nf1dential',
    secret: 's3cret',
    name: 'Visavis test',
    redirectUri: CALLBACK,
  };
  const open: PocketClient = { id: 'pub11c', secret: null, name: 'Public test', redirectUri: CALLBACK };
  const wiki = await createPocketWiki({
    port: 0,
    host: '127.0.0.1',
    dataDir: ':memory:',
    photosDir: null,
    clients: [client, open],
    clock,
    content,
  });
  return { ...wiki, clock, client };
}

/** A browser of the least kind: keeps cookies, follows nothing by itself. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  async get(url: string): Promise<Response> {
    return this.#send(url, { method: 'GET' });
  }

  async post(url: string, form: Record<string, string>): Promise<Response> {
    return this.#send(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      this.#cookies.set(name, value);
    }
    return answer;
  }
}

/** Hidden fields of a form. */
export function fieldsOf(page: string): Record<string, string> {
  const fields = [...page.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, unescaped(value)]));
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

export function locationOf(answer: Response): URL {
  return new URL(answer.headers.get('location') ?? '', answer.url);
}

export function authorizeUrl(wiki: TestWiki, changes: Record<string, string | null> = {}): string {
  const params: Record<string, string | null> = {
    response_type: 'code',
    client_id: wiki.client.id,
    redirect_uri: CALLBACK,
    state: 'st4te',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...changes,
  };
  const kept = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== null);
  return `${wiki.url}/w/rest.php/oauth2/authorize?${new URLSearchParams(kept)}`;
}

/** Logs a browser in as an account, by the page that the wiki shows for it. */
export async function logIn(wiki: TestWiki, browser: Browser, name: string): Promise<void> {
  const page = await browser.get(`${wiki.url}/wiki/Special:UserLogin`);
  const fields = fieldsOf(await page.text());
  const user = String(wiki.hands.user(name).id);
  await browser.post(`${wiki.url}/wiki/Special:UserLogin`, { ...fields, user });
}

/** Through the consent page; answers where the browser is sent in the end. */
export async function consent(browser: Browser, url: string, answer: 'accept' | 'cancel'): Promise<URL> {
  const approve = locationOf(await browser.get(url));
  const page = await browser.get(approve.href);
  const fields = fieldsOf(await page.text());
  const back = await browser.post(`${approve.origin}/wiki/Special:OAuth/approve`, {
    ...fields,
    [answer]: 'x',
  });
  return locationOf(await browser.get(locationOf(back).href));
}

export async function exchange(wiki: TestWiki, form: Record<string, string>): Promise<Response> {
  return fetch(`${wiki.url}/w/rest.php/oauth2/access_token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: wiki.client.id, client_secret: 's3cret', ...form }),
  });
}

export interface ApiReply {
  status: number;
  /** Header MediaWiki-API-Error. */
  codes: string | null;
  headers: Headers;
  body: Json & { error?: Json; errors?: Json[]; query?: Json; entities?: Record<string, Json> };
}

/** Talks to the Action API as one account. */
export class ApiUser {
  readonly #wiki: TestWiki;
  readonly #token: string;

  constructor(wiki: TestWiki, name: string | null, scopes?: string[]) {
    this.#wiki = wiki;
    this.#token = name === null ? '' : wiki.hands.issueTokens(name, wiki.client.id, scopes).accessToken;
  }

  get(params: Record<string, string>): Promise<ApiReply> {
    return this.#send(`?${new URLSearchParams({ ...STANDARD, ...params })}`, { method: 'GET' });
  }

  /** A POST without a token added. */
  post(params: Record<string, string>): Promise<ApiReply> {
    return this.#send('', { method: 'POST', body: new URLSearchParams({ ...STANDARD, ...params }) });
  }

  /** A POST with a fresh edit token. */
  async write(params: Record<string, string>): Promise<ApiReply> {
    return this.post({ token: await this.token(), ...params });
  }

  async token(): Promise<string> {
    const { body } = await this.get({ action: 'query', meta: 'tokens', type: 'csrf' });
    const { csrftoken } = (body.query?.tokens ?? {}) as Json;
    return String(csrftoken);
  }

  async #send(search: string, init: RequestInit): Promise<ApiReply> {
    const authorization: Record<string, string> = this.#token
      ? { authorization: `Bearer ${this.#token}` }
      : {};
    const answer = await fetch(`${this.#wiki.url}/w/api.php${search}`, { ...init, headers: authorization });
    return {
      status: answer.status,
      codes: answer.headers.get('MediaWiki-API-Error'),
      headers: answer.headers,
      body: (await answer.json()) as ApiReply['body'],
    };
  }
}

const STANDARD = { format: 'json', formatversion: '2' };

/** A statement as clients send it. */
export function depicts(id: string, item: string, more: Json = {}): string {
  const value = { 'entity-type': 'item', id: item };
  const datavalue = { type: 'wikibase-entityid', value };
  const mainsnak = { snaktype: 'value', property: 'P180', datavalue };
  return JSON.stringify({ type: 'statement', mainsnak, rank: 'normal', id, ...more });
}

export function position(text: string): Json {
  const datavalue = { type: 'string', value: text };
  return {
    qualifiers: { P2677: [{ snaktype: 'value', property: 'P2677', datavalue }] },
    'qualifiers-order': ['P2677'],
  };
}

export function pagesOf({ body }: ApiReply): Json[] {
  return (body.query?.pages ?? []) as Json[];
}

export function membersOf({ body }: ApiReply): Json[] {
  return (body.query?.categorymembers ?? []) as Json[];
}

export function imageInfoOf(reply: ApiReply): Json | undefined {
  const [page] = pagesOf(reply);
  return ((page?.imageinfo ?? []) as Json[])[0];
}

/** The messages of a Wikibase error. */
export function messagesOf({ body }: ApiReply): Json[] {
  return (body.error?.messages ?? []) as Json[];
}
