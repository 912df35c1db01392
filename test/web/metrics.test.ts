import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../../src/core/platform/log.ts';
import { createPrometheus } from '../../src/core/platform/prometheus.ts';
import type { Store } from '../../src/core/store/store.ts';
import { serveHealth } from '../../src/web/health-server.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

const TOKEN = 'a token for tests alone';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
const numbers = createPrometheus();
const prometheus = { ...numbers, token: TOKEN };

beforeAll(async () => {
  ({ store, dispose } = await freshStore());
  site = await startSite(store, { metrics: numbers.metrics, prometheus });
});
afterAll(async () => {
  await site.close();
  await dispose();
});

const ask = (url: string, authorization?: string) =>
  fetch(`${url}/metrics`, authorization === undefined ? {} : { headers: { authorization } });

test('the numbers are for whoever knows the token', async () => {
  for (const wrong of [undefined, '', TOKEN, `Basic ${TOKEN}`, 'Bearer', 'Bearer x', `Bearer ${TOKEN}x`]) {
    const answer = await ask(site.url, wrong);
    expect([wrong, answer.status]).toEqual([wrong, 401]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.text()).not.toContain('visavis_http');
  }
  const answer = await ask(site.url, `Bearer ${TOKEN}`);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  expect(await answer.text()).toContain('# TYPE visavis_http_request_seconds histogram');
});

test('without a token there are none', async () => {
  const without = await startSite(store);
  expect((await ask(without.url, `Bearer ${TOKEN}`)).status).toBe(404);
  await without.close();
});

test('requests are counted by the pattern of their route, never by an address', async () => {
  const browser = new Browser(site.url);
  await browser.get('/projects/4711?secret=1');
  await browser.get('/no/such/page/4712');
  await browser.get('/link/a-token-that-nobody-may-see');
  const text = await (await ask(site.url, `Bearer ${TOKEN}`)).text();
  expect(text).toContain(
    'visavis_http_request_seconds_count{method="GET",route="/projects/:id",status="404"} 1',
  );
  expect(text).toContain('route="none",status="404"} 1');
  for (const secret of ['4711', '4712', 'nobody-may-see', 'secret']) expect(text).not.toContain(secret);
});

test('a process without pages tells how it does, and nothing else', async () => {
  const health = async () => ({ ok: true, degraded: true, parts: { redis: 'away', limits: 'memory' } });
  const served = await serveHealth({ store, log: silentLog, health, prometheus }, 0);
  const url = `http://127.0.0.1:${served.port}`;
  expect(await (await fetch(`${url}/live`)).json()).toEqual({ live: true });
  expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ready: true });
  expect(await (await fetch(`${url}/health`)).json()).toEqual({
    status: 'ok',
    degraded: true,
    parts: { database: 'ok', redis: 'away', limits: 'memory' },
  });
  expect((await ask(url, `Bearer ${TOKEN}`)).status).toBe(200);
  expect((await fetch(`${url}/projects`)).status).toBe(404);
  await served.close();
});
