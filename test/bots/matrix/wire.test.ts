import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { exchange } from '../../../src/bots/matrix/wire.ts';
import { heldClock } from '../../support/desk.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const options = (homeserver: string) => ({
  homeserver,
  token: 'secret',
  userAgent: 'Visavis tests',
  clock: heldClock(),
  signal: new AbortController().signal,
});
const request = { method: 'GET', path: '/x', timeoutMs: 60_000 };

test('the token follows no redirection', async () => {
  let asked = 0;
  const elsewhere = await serve((_request, response) => {
    asked++;
    response.end('{}');
  });
  const homeserver = await serve((_request, response) => {
    response.writeHead(302, { location: `${elsewhere}/x` }).end();
  });
  await expect(exchange(options(homeserver), request)).rejects.toThrow(/could not be reached/);
  expect(asked).toBe(0);
});

test('an answer that is no JSON is as good as none', async () => {
  const homeserver = await serve((_request, response) => response.end('<html>'));
  await expect(exchange(options(homeserver), request)).rejects.toMatchObject({ statusCode: 502 });
});

test('a query names what is there, and lists one by one', async () => {
  const homeserver = await serve((asked, response) => response.end(JSON.stringify(asked.url)));
  const query = { a: 'é&', b: null, c: undefined, d: [1, 2], e: false };
  expect(await exchange(options(homeserver), { ...request, query })).toBe('/x?a=%C3%A9%26&d=1&d=2&e=false');
});
