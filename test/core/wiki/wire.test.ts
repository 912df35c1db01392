import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';
import { createPictures } from '../../../src/core/wiki/pictures.ts';
import { fakeAccount, fakeClient, fakeClock, USER_AGENT } from './fakes.ts';

/** Node's own fetch against a server of this machine: what the fake cannot show. */
let answers: ((request: IncomingMessage, body: string, response: ServerResponse) => void)[] = [];
let address = '';
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  answers.shift()?.(request, body, response);
});

beforeEach(async () => {
  answers = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const client = (timeoutMs = 5_000, budgetMs = 60_000) =>
  fakeClient(globalThis.fetch, {
    apiUrl: `http://${address}/w/api.php`,
    allowInsecure: true,
    timeoutMs,
    budgetMs,
  }).client;

const zipped = (body: unknown) => (_request: IncomingMessage, _body: string, response: ServerResponse) => {
  response.setHeader('content-encoding', 'gzip');
  response.end(gzipSync(JSON.stringify(body)));
};

it('sends forms, reads gzip, and repeats after a connection that broke', async () => {
  const forms: string[] = [];
  answers = [
    zipped({ query: { tokens: { csrftoken: 'a+\\' } } }),
    (request) => request.socket.destroy(),
    (request, body, response) => {
      forms.push(`${request.method} ${request.url}`, String(request.headers['content-type']), body);
      expect(request.headers['accept-encoding']).toContain('gzip');
      expect(request.headers['user-agent']).toBe(USER_AGENT);
      expect(request.headers.authorization).toBe('Bearer token-1');
      zipped({ success: 1 })(request, body, response);
    },
  ];
  const params = { action: 'wbsetclaim', claim: '{"a":1}' };
  await client().write(z.object({ success: z.literal(1) }), params, { account: fakeAccount() });
  expect(forms[0]).toBe('POST /w/api.php?action=wbsetclaim');
  expect(forms[1]).toContain('application/x-www-form-urlencoded');
  expect(Object.fromEntries(new URLSearchParams(forms[2]))).toMatchObject({
    claim: '{"a":1}',
    token: 'a+\\',
  });
});

it('does not wait for ever for a server that says nothing, or stops in the middle', async () => {
  answers = [
    () => undefined,
    (_request, _body, response) => {
      response.write('{"success"');
    },
  ];
  for (let time = 0; time < 2; time++) {
    const work = client(100, 0).read(z.unknown(), { action: 'query' });
    await expect(work).rejects.toMatchObject({ details: { codes: ['TIMED_OUT'], statement: 'unknown' } });
  }
});

it('knows that nothing was sent where nobody listens', async () => {
  const dead = client(5_000, 0);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const work = dead.read(z.unknown(), { action: 'query' });
  await expect(work).rejects.toMatchObject({ details: { codes: ['NETWORK'], statement: 'not_sent' } });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

it('fetches a picture through a redirect, and sees one that breaks off', async () => {
  const pictures = createPictures({
    hosts: [address],
    userAgent: USER_AGENT,
    clock: fakeClock(),
    limiter: createLimiter(),
    budgetMs: 5_000,
  });
  answers = [
    (_request, _body, response) => {
      response.writeHead(302, { location: '/other' }).end();
    },
    (request, _body, response) => {
      response.setHeader('content-length', '1000');
      response.write(Buffer.alloc(10));
      setImmediate(() => request.socket.destroy());
    },
    (_request, _body, response) => {
      response.end(Buffer.alloc(100_000, 7));
    },
  ];
  expect(await pictures.download(`http://${address}/picture`)).toEqual(new Uint8Array(100_000).fill(7));
});
