import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';
import { wikiErrorDetails } from '../../../src/core/wiki/wiki-error.ts';
import {
  answer,
  apiError,
  csrf,
  fakeAccount,
  fakeClient,
  fakeClock,
  fakeFetch,
  httpError,
  lostAnswer,
  neverConnected,
  type Step,
  USER_AGENT,
} from './fakes.ts';

const done = z.object({ success: z.literal(1) });
const saved = answer({ success: 1 });
const PARAMS = { action: 'wbsetclaim', claim: '{}' };

async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(VisavisError);
  return { message: (error as VisavisError).message, details: wikiErrorDetails(error) };
}

describe('a request', () => {
  it('names us, asks for the formats that we read, and keeps no cookie', async () => {
    const withCookie: Step = () =>
      Response.json({ success: 1 }, { headers: { 'Set-Cookie': 'UseDC=master' } });
    const wiki = fakeFetch(withCookie, saved);
    const { client } = fakeClient(wiki.fetch);
    await client.read(done, { action: 'query' });
    await client.read(done, { action: 'query' });
    expect(wiki.seen[0]?.params).toEqual({
      action: 'query',
      format: 'json',
      formatversion: '2',
      errorformat: 'plaintext',
      errorlang: 'en',
    });
    for (const { headers } of wiki.seen) {
      expect(headers.get('user-agent')).toBe(USER_AGENT);
      expect(headers.has('cookie')).toBe(false);
      expect(headers.has('authorization')).toBe(false);
    }
  });

  it('writes as the account, with its token, assertuser and maxlag', async () => {
    const wiki = fakeFetch(csrf(), saved, saved);
    const { client } = fakeClient(wiki.fetch);
    const account = fakeAccount();
    await client.write(done, PARAMS, { account });
    await client.write(done, PARAMS, { account });
    const [token, first, second] = wiki.seen;
    expect(token?.headers.get('authorization')).toBe('Bearer token-1');
    expect(first?.method).toBe('POST');
    expect(first?.headers.get('authorization')).toBe('Bearer token-1');
    expect(first?.url.searchParams.has('token')).toBe(false);
    expect(first?.params).toMatchObject({ token: 'csrf-1+\\', assertuser: 'Alice', maxlag: '5' });
    expect(second?.params.token).toBe('csrf-1+\\');
  });

  it('goes to https alone, but for a wiki on this machine that is allowed to be plain', () => {
    const { fetch } = fakeFetch();
    const refused = (apiUrl: string, allowInsecure: boolean) => () =>
      fakeClient(fetch, { apiUrl, allowInsecure });
    expect(refused('http://wiki.example/w/api.php', true)).toThrow(/https/);
    expect(refused('http://localhost:8090/w/api.php', false)).toThrow(/https/);
    expect(refused('http://localhost:8090/w/api.php', true)).not.toThrow();
  });

  it('follows no redirect', async () => {
    const wiki = fakeFetch(
      () => new Response(null, { status: 301, headers: { location: 'https://evil.example/' } }),
    );
    const { details } = await failureOf(fakeClient(wiki.fetch).client.read(done, {}));
    expect(details).toMatchObject({ kind: 'stop', codes: ['HTTP_REFUSED'] });
  });
});

describe('waiting and asking again', () => {
  it.each([
    ['maxlag', apiError(['maxlag']), 5_000],
    ['readonly', apiError(['readonly']), 15_000],
    ['ratelimited', apiError(['failed-save', 'ratelimited']), 15_000],
    ['editconflict', apiError(['failed-save', 'editconflict']), 1_000],
    ['an exception', apiError(['internal_api_error_DBConnectionError']), 2_000],
    ['HTTP 500 with an API error', httpErrorWithCode, 2_000],
    ['HTTP 503', httpError(503), 2_000],
    ['HTTP 429', httpError(429), 5_000],
    ['a lost answer', lostAnswer, 1_000],
    ['no connection', neverConnected, 1_000],
    ['a page instead of JSON', htmlPage, 2_000],
    ['a time-out', timedOut, 1_000],
  ])('after %s', async (_what, step: Step, delay: number) => {
    const wiki = fakeFetch(csrf(), step, saved);
    const { client, clock } = fakeClient(wiki.fetch);
    await client.write(done, PARAMS, { account: fakeAccount() });
    expect(clock.sleeps).toEqual([delay]);
  });

  it('waits as long as Retry-After says, and no less', async () => {
    const wiki = fakeFetch(
      apiError(['maxlag'], { 'Retry-After': '7' }),
      httpError(429, { 'Retry-After': '20' }),
      saved,
    );
    const { client, clock } = fakeClient(wiki.fetch);
    await client.read(done, {});
    expect(clock.sleeps).toEqual([7_000, 20_000]);
  });

  it('gives up when the time is up, and says how long the wiki wanted', async () => {
    const wiki = fakeFetch(apiError(['maxlag'], { 'Retry-After': '90' }));
    const { client, clock } = fakeClient(wiki.fetch, { budgetMs: 60_000 });
    const { details } = await failureOf(client.read(done, {}));
    expect(clock.sleeps).toEqual([]);
    expect(details).toMatchObject({ kind: 'later', retryAfterMs: 90_000, statement: 'refused' });
  });

  it('backs off within the budget', async () => {
    const trouble = httpError(503);
    const wiki = fakeFetch(trouble, trouble, trouble, trouble);
    const { client, clock } = fakeClient(wiki.fetch, { budgetMs: 20_000 });
    await failureOf(client.read(done, {}));
    expect(clock.sleeps).toEqual([2_000, 4_000, 8_000]);
  });

  it('a stop ends it', async () => {
    const stop = new AbortController();
    const wiki = fakeFetch(() => {
      stop.abort();
      return Response.json({ errors: [{ code: 'maxlag', text: 'lag' }] });
    });
    const { client, clock } = fakeClient(wiki.fetch, { signal: stop.signal });
    await failureOf(client.read(done, {}));
    expect(clock.sleeps).toEqual([]);
    const { details } = await failureOf(client.read(done, {}));
    expect(details).toMatchObject({ codes: ['ABORTED'], statement: 'not_sent' });
  });
});

describe('tokens', () => {
  it('badtoken: a new csrf token, once', async () => {
    const wiki = fakeFetch(csrf('old+\\'), apiError(['badtoken']), csrf('new+\\'), saved);
    await fakeClient(wiki.fetch).client.write(done, PARAMS, { account: fakeAccount() });
    expect(wiki.seen[3]?.params.token).toBe('new+\\');

    const again = fakeFetch(csrf(), apiError(['badtoken']), csrf(), apiError(['badtoken']));
    const failure = failureOf(fakeClient(again.fetch).client.write(done, PARAMS, { account: fakeAccount() }));
    expect((await failure).details).toMatchObject({
      kind: 'later',
      codes: ['badtoken'],
      statement: 'refused',
    });
  });

  it('an access token that is not accepted: refreshed once, with a csrf token of its own', async () => {
    const account = fakeAccount();
    const wiki = fakeFetch(
      csrf('one+\\'),
      apiError(['mwoauth-invalid-authorization']),
      csrf('two+\\'),
      saved,
    );
    await fakeClient(wiki.fetch).client.write(done, PARAMS, { account });
    expect(account.refreshed()).toBe(1);
    expect(wiki.seen[3]?.headers.get('authorization')).toBe('Bearer token-2');
    expect(wiki.seen[3]?.params.token).toBe('two+\\');
  });

  it('still not accepted after a refresh: later, because a wiki in trouble says the same', async () => {
    const account = fakeAccount();
    const refused = apiError(['mwoauth-invalid-authorization']);
    const wiki = fakeFetch(refused, refused);
    const { details } = await failureOf(fakeClient(wiki.fetch).client.write(done, PARAMS, { account }));
    expect(details).toMatchObject({ kind: 'later', statement: 'not_sent' });
    expect(account.refreshed()).toBe(1);
  });

  it('a refused refresh stops the account', async () => {
    const wiki = fakeFetch(apiError(['mwoauth-invalid-authorization']));
    const account = {
      ...fakeAccount(),
      refresh: async () => {
        throw new VisavisError('sign_in_refused', 'The link is broken.');
      },
    };
    const { details, message } = await failureOf(
      fakeClient(wiki.fetch).client.write(done, PARAMS, { account }),
    );
    expect(details).toMatchObject({ kind: 'this_account' });
    expect(message).toBe('The link is broken.');
  });

  it('takes a token that somebody else has refreshed meanwhile', async () => {
    const account = fakeAccount();
    const wiki = fakeFetch(
      csrf(),
      async () => {
        await account.refresh();
        return Response.json({ errors: [{ code: 'mwoauth-invalid-authorization' }] });
      },
      csrf(),
      saved,
    );
    await fakeClient(wiki.fetch).client.write(done, PARAMS, { account });
    expect(account.refreshed()).toBe(1);
  });

  it('does not write as a visitor', async () => {
    const wiki = fakeFetch(csrf('+\\'));
    const { details } = await failureOf(
      fakeClient(wiki.fetch).client.write(done, PARAMS, { account: fakeAccount() }),
    );
    expect(details).toMatchObject({ kind: 'stop', statement: 'not_sent' });
  });
});

describe('errors', () => {
  it('carry the reason behind failed-save in the words of the wiki', async () => {
    const wiki = fakeFetch(csrf(), apiError(['failed-save', 'protectedpage', 'permissionserrors']));
    const { message, details } = await failureOf(
      fakeClient(wiki.fetch).client.write(done, PARAMS, { account: fakeAccount() }),
    );
    expect(message).toContain('Words about protectedpage.');
    expect(details).toMatchObject({ kind: 'this_file', statement: 'refused' });
    expect(details?.codes).toContain('failed-save');
  });

  it('show the first text of a code, cut to a line, and an unknown reason before the general words', async () => {
    const blocked = { code: 'blocked', text: `Blocked by Admin.\n${'Read this. '.repeat(100)}` };
    const general = { code: 'failed-save', text: 'The save has failed.' };
    const hook = { code: 'hook-nobody-knows', text: 'The hook said no.' };
    const wiki = fakeFetch(
      csrf(),
      answer({ errors: [general, blocked, general, { code: 'blocked', text: 'Blocked.' }] }),
      answer({ errors: [general, hook, general] }),
    );
    const { client } = fakeClient(wiki.fetch);
    const account = fakeAccount();
    const first = await failureOf(client.write(done, PARAMS, { account }));
    expect(first.message).toMatch(/^The wiki said: Blocked by Admin\. Read this\. .*… \(blocked\)$/);
    expect(first.message.length).toBeLessThan(350);
    const second = await failureOf(client.write(done, PARAMS, { account }));
    expect(second.message).toContain('The hook said no.');
  });

  it('know a partial block by the name of its message', async () => {
    const errors = [
      { code: 'failed-save', text: 'No.' },
      { code: 'blocked', text: 'Blocked.', data: { messages: [{ name: 'blockedtext-partial' }] } },
    ];
    const wiki = fakeFetch(csrf(), answer({ errors }, { 'MediaWiki-API-Error': 'failed-save, blocked' }));
    const { details } = await failureOf(
      fakeClient(wiki.fetch).client.write(done, PARAMS, { account: fakeAccount() }),
    );
    expect(details?.kind).toBe('this_file');
  });

  it('are seen when only the header tells', async () => {
    const wiki = fakeFetch(answer({ success: 1 }, { 'MediaWiki-API-Error': 'badvalue' }));
    const { details } = await failureOf(fakeClient(wiki.fetch).client.read(done, {}));
    expect(details).toMatchObject({ kind: 'stop', codes: ['badvalue'] });
  });

  it('stay uncertain once an answer was lost', async () => {
    const wiki = fakeFetch(csrf(), lostAnswer, apiError(['failed-save', 'protectedpage']));
    const { details } = await failureOf(
      fakeClient(wiki.fetch).client.write(done, PARAMS, { account: fakeAccount() }),
    );
    expect(details?.statement).toBe('unknown');
  });

  it('never hold a token', async () => {
    const wiki = fakeFetch(csrf('secret-csrf+\\'), apiError(['failed-save', 'blocked']));
    const error = await fakeClient(wiki.fetch)
      .client.write(done, PARAMS, { account: fakeAccount() })
      .catch((thrown: unknown) => thrown);
    const text = JSON.stringify([error, String(error), (error as Error).cause, (error as Error).stack]);
    expect(text).not.toMatch(/secret-csrf|token-1/);
  });
});

describe('the limiter', () => {
  it('lets three requests through at once, whatever the client', async () => {
    const gates: (() => void)[] = [];
    const gate: Step = () =>
      new Promise((resolve) => gates.push(() => resolve(Response.json({ success: 1 }))));
    const limiter = createLimiter(3);
    const files = fakeFetch(gate, gate, gate);
    const items = fakeFetch(gate, gate);
    const one = fakeClient(files.fetch, { limiter }).client;
    const two = fakeClient(items.fetch, { limiter }).client;
    const all = [one, two, one, two, one].map((client) => client.read(done, {}));
    await settle();
    expect(gates.length).toBe(3);
    expect([limiter.active, limiter.waiting]).toEqual([3, 2]);
    gates[0]?.();
    await settle();
    expect(gates.length).toBe(4);
    while (limiter.active > 0) {
      for (const open of gates) open();
      await settle();
    }
    await Promise.all(all);
    expect(limiter.active).toBe(0);
  });

  it('frees its place after a failure, and while somebody waits to ask again', async () => {
    const limiter = createLimiter(1);
    const wiki = fakeFetch(lostAnswer, saved);
    let heldWhileWaiting = -1;
    const client = fakeClient(wiki.fetch, {
      limiter,
      clock: {
        ...fakeClock(),
        sleep: async () => {
          heldWhileWaiting = limiter.active;
        },
      },
    }).client;
    await client.read(done, {});
    expect(heldWhileWaiting).toBe(0);
    expect(limiter.active).toBe(0);
  });
});

/** Lets everything run that does not wait for us. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function httpErrorWithCode(): Response {
  return new Response('no JSON', {
    status: 500,
    headers: { 'MediaWiki-API-Error': 'internal_api_error_Wikimedia\\Rdbms\\DBConnectionError' },
  });
}

function htmlPage(): Response {
  return new Response('<!DOCTYPE html><title>Wait</title>');
}

function timedOut(): never {
  throw new DOMException('The operation was aborted due to timeout', 'TimeoutError');
}
