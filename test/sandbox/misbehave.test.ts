import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Mischief } from '../../src/sandbox/misbehave.ts';
import { ApiUser, depicts, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let page: number;

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  anna = new ApiUser(wiki, 'Practice Anna');
  page = (await wiki.hands.addFile({ title: 'Bad day.jpg' })).id;
});
afterEach(() => wiki.misbehave.clear());
afterAll(() => wiki.close());

const newId = () => `M${page}$${randomUUID().toUpperCase()}`;
const read = (more: Record<string, string> = {}) => anna.get({ action: 'wbgetentities', ids: 'M1', ...more });
const write = (id = newId(), more: Record<string, string> = {}) =>
  anna.write({ action: 'wbsetclaim', claim: depicts(id, 'Q9001'), ...more });

describe('maxlag', () => {
  test('has its headers and its body, and meets only those who asked for it', async () => {
    wiki.misbehave.next({ kind: 'maxlag' });
    expect((await read()).codes).toBeNull();
    expect((await read({ maxlag: '30' })).codes).toBeNull();
    const { status, headers, codes, body } = await read({ maxlag: '5' });
    expect([status, codes]).toEqual([200, 'maxlag']);
    expect([headers.get('retry-after'), headers.get('x-database-lag')]).toEqual(['5', '7']);
    expect(body.error).toMatchObject({
      code: 'maxlag',
      info: 'Waiting for a database server: 7.523 seconds lagged.',
      host: 'db1001',
      lag: 7.523,
      type: 'db',
    });
    expect((await read({ maxlag: '5' })).codes).toBeNull();
  });

  test('has its details in data in the plain text format', async () => {
    wiki.misbehave.next({ kind: 'maxlag' });
    expect((await read({ maxlag: '5', errorformat: 'plaintext' })).body.errors).toEqual([
      {
        code: 'maxlag',
        text: 'Waiting for a database server: 7.523 seconds lagged.',
        data: { host: 'db1001', lag: 7.523, type: 'db' },
        module: 'main',
      },
    ]);
  });
});

test('read-only stops writes and lets reads pass', async () => {
  const stop = wiki.misbehave.always({ kind: 'readonly' });
  expect((await read()).codes).toBeNull();
  const { codes, body, headers } = await write();
  expect([codes, headers.get('retry-after')]).toEqual(['readonly', null]);
  expect(body.error).toMatchObject({ readonlyreason: 'Maintenance for the test' });
  const plain = await write(newId(), { errorformat: 'plaintext' });
  expect(plain.body.errors).toEqual([
    {
      code: 'readonly',
      text: 'The wiki is currently in read-only mode.',
      data: { readonlyreason: 'Maintenance for the test' },
      module: 'main',
    },
  ]);
  stop();
  expect((await write()).body.success).toBe(1);
});

test.each<[Mischief, string]>([
  ['ratelimited', 'failed-save, ratelimited'],
  ['blocked', 'failed-save, blocked, permissionserrors'],
  ['protectedpage', 'failed-save, protectedpage, permissionserrors'],
  ['permissiondenied', 'failed-save, permissiondenied, permissionserrors'],
  ['abusefilter-warning', 'failed-save, abusefilter-warning'],
  ['abusefilter-disallowed', 'failed-save, abusefilter-disallowed'],
  ['editconflict', 'failed-save, editconflict'],
  ['badtoken', 'badtoken'],
  ['mwoauth-invalid-authorization', 'mwoauth-invalid-authorization'],
  ['mwoauth-invalid-authorization-not-approved', 'mwoauth-invalid-authorization-not-approved'],
  ['database_down', 'mwoauth-invalid-authorization'],
])('%s: the next write alone is refused with its codes', async (kind, codes) => {
  wiki.misbehave.next({ kind, match: { action: 'wbsetclaim' } });
  const before = wiki.hands.statements(page).length;
  expect((await write()).codes).toBe(codes);
  expect(wiki.hands.statements(page)).toHaveLength(before);
  expect((await write()).body.success).toBe(1);
});

test('an abuse filter tells of itself in the plain text format', async () => {
  wiki.misbehave.next({ kind: 'abusefilter-disallowed' });
  const { body } = await write(newId(), { errorformat: 'plaintext' });
  expect(body.errors?.map((one) => one.code)).toEqual([
    'failed-save',
    'abusefilter-disallowed',
    'failed-save',
  ]);
  expect(body.errors?.[1]?.data).toEqual({
    abusefilter: { id: '1', description: 'Practice filter', actions: ['disallow'] },
  });
});

test('without a bearer a lost database is an error 500 that calls itself HTML', async () => {
  wiki.misbehave.next({ kind: 'database_down' });
  const answer = await fetch(`${wiki.url}/w/api.php?action=query&meta=siteinfo&format=json`);
  expect(answer.status).toBe(500);
  expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await answer.json()).toMatchObject({ error: { code: 'internal_api_error_DBConnectionError' } });
});

describe('lost connections', () => {
  test('a lost answer was carried out, and the same again is a success', async () => {
    const id = newId();
    wiki.misbehave.next({ kind: 'lost_answer', match: { action: 'wbsetclaim' } });
    await expect(write(id)).rejects.toThrow();
    expect(wiki.hands.statements(page).map((one) => one.id)).toContain(id);
    const revision = wiki.hands.page(page).latest;
    expect((await write(id)).body).toMatchObject({ success: 1, pageinfo: { lastrevid: revision } });
  });

  test('a lost request was not', async () => {
    const id = newId();
    wiki.misbehave.next({ kind: 'lost_request', match: { action: 'wbsetclaim' } });
    await expect(write(id)).rejects.toThrow();
    expect(wiki.hands.statements(page).map((one) => one.id)).not.toContain(id);
  });
});

test('whole servers fail too, for pictures as for the API', async () => {
  wiki.misbehave.next({ kind: 'http503', seconds: 3, match: { path: '/images/' } });
  wiki.misbehave.next({ kind: 'html', match: { path: '/w/api.php' } });
  const picture = await fetch(`${wiki.url}/images/0/00/x.jpg`);
  expect([picture.status, picture.headers.get('retry-after')]).toEqual([503, '3']);
  const page = await fetch(`${wiki.url}/w/api.php?action=query&meta=siteinfo&format=json`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
});

test('the log says what was asked, how, and how much at once', async () => {
  wiki.requests.clear();
  wiki.misbehave.always({ kind: 'slow', ms: 60, match: { action: 'wbgetentities' } });
  await Promise.all([read(), read(), read()]);
  expect(wiki.requests.count('wbgetentities')).toBe(3);
  expect(wiki.requests.maxConcurrency).toBe(3);
  expect(wiki.requests.entries[0]).toMatchObject({
    method: 'GET',
    path: '/w/api.php',
    params: { action: 'wbgetentities', ids: 'M1' },
    authorized: true,
    status: 200,
  });
});
