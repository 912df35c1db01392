import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/sandbox/json.ts';
import { startReadingWiki } from './api-support.ts';
import { ApiUser, pagesOf, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;

beforeAll(async () => {
  wiki = await startReadingWiki();
  anna = new ApiUser(wiki, 'Practice Anna');
});
afterAll(() => wiki.close());

describe('pages by title and id', () => {
  test('marks what is missing, in both format versions', async () => {
    const titles = {
      action: 'query',
      titles: 'File:Nope.jpg|File:Test portrait 1.jpg',
      prop: 'imageinfo',
      iiprop: 'size',
    };
    const reply = await anna.get(titles);
    expect(pagesOf(reply)[0]).toEqual({
      ns: 6,
      title: 'File:Nope.jpg',
      missing: true,
      imagerepository: '',
    });
    const one = await anna.get({ ...titles, formatversion: '1' });
    expect(one.body.query?.pages).toMatchObject({ '-1': { missing: '' } });
    const ids = await anna.get({ action: 'query', pageids: '999999', prop: 'info' });
    expect(ids.body.query).toEqual({ pages: [{ pageid: 999_999, missing: true }] });
  });

  test('follows redirects of moved files', async () => {
    const { id } = wiki.hands.page('File:Test portrait 6.jpg');
    wiki.hands.moveFile('File:Test portrait 6.jpg', 'File:Renamed portrait 6.jpg');
    const { body } = await anna.get({
      action: 'query',
      titles: 'File:Test portrait 6.jpg',
      redirects: '1',
      prop: 'info',
    });
    expect(body.query).toMatchObject({
      redirects: [{ from: 'File:Test portrait 6.jpg', to: 'File:Renamed portrait 6.jpg' }],
      pages: [{ pageid: id, title: 'File:Renamed portrait 6.jpg' }],
    });
    expect(wiki.hands.page('File:Test portrait 6.jpg').id).not.toBe(id);
  });

  test('counts a category and shows protection', async () => {
    const reply = await anna.get({
      action: 'query',
      titles: 'Category:Test people',
      prop: 'categoryinfo',
    });
    expect(pagesOf(reply)[0]?.categoryinfo).toEqual({
      size: 8,
      pages: 0,
      files: 7,
      subcats: 1,
      hidden: false,
    });
    wiki.hands.protect('File:Test portrait 7.jpg');
    const info = await anna.get({
      action: 'query',
      titles: 'File:Test portrait 7.jpg',
      prop: 'info',
      inprop: 'protection',
      intestactions: 'edit',
    });
    expect(pagesOf(info)[0]).toMatchObject({
      protection: [{ type: 'edit', level: 'sysop', expiry: 'infinity' }],
      actions: { edit: false },
    });
  });
});

describe('search', () => {
  const search = (srsearch: string) =>
    anna.get({ action: 'query', list: 'search', srsearch, srnamespace: '6', srlimit: '500' });
  const titles = (body: Json) => ((body.query as Json).search as Json[]).map((one) => one.title);

  test('finds files that depict an item, in a category and in those below it', async () => {
    const deep = await search('haswbstatement:P180=Q9001 deepcat:"Practice photos"');
    expect(titles(deep.body)).toEqual(['File:Ada Practice at the practice evening.jpg']);
    expect(deep.body.query?.searchinfo).toEqual({ totalhits: 1 });
    const flat = await search('haswbstatement:P180=Q9001 incategory:"Practice photos"');
    expect(titles(flat.body)).toEqual([]);
    const either = await search('haswbstatement:P180=Q9001|P180=Q9002 deepcat:"Practice photos"');
    expect(titles(either.body)).toHaveLength(2);
  });
});

describe('meta', () => {
  const visitor = () => new ApiUser(wiki, null);

  test('gives edit tokens to accounts, and the anonymous one to visitors', async () => {
    expect(await anna.token()).toMatch(/^[0-9a-f]{40}\+\\$/);
    expect(await visitor().token()).toBe('+\\');
  });

  test('describes the account', async () => {
    const uiprop = 'groups|rights|blockinfo|ratelimits|editcount|centralids';
    const { body } = await anna.get({ action: 'query', meta: 'userinfo', uiprop });
    expect(body.query?.userinfo).toMatchObject({
      id: 1,
      name: 'Practice Anna',
      groups: ['*', 'user', 'autoconfirmed'],
      editcount: 1520,
      ratelimits: { edit: { user: { hits: 900, seconds: 180 } } },
      centralids: { CentralAuth: 880_007, local: 1 },
    });
    const dee = new ApiUser(wiki, 'Practice Dee');
    const blocked = await dee.get({ action: 'query', meta: 'userinfo', uiprop });
    expect(blocked.body.query?.userinfo).toMatchObject({
      blockid: 1,
      blockedby: 'Practice Admin',
      blockpartial: false,
      blockreason: 'Practice block, to see what happens',
    });
    const nobody = await visitor().get({ action: 'query', meta: 'userinfo' });
    expect(nobody.body.query?.userinfo).toEqual({ id: 0, name: '127.0.0.1', anon: true });
  });

  test('cuts rights down to the grants', async () => {
    const basic = new ApiUser(wiki, 'Practice Bo', ['basic']);
    const { body } = await basic.get({ action: 'query', meta: 'userinfo', uiprop: 'rights' });
    const { rights } = (body.query?.userinfo ?? {}) as { rights: string[] };
    expect(rights).toContain('read');
    expect(rights).not.toContain('edit');
  });

  test('warns of parameters and lists that it does not know', async () => {
    const { body } = await anna.get({ action: 'query', meta: 'userinfo', nosuchparam: '1', list: 'nosuch' });
    expect(body.warnings).toEqual({
      main: { warnings: 'Unrecognized parameter: nosuchparam.' },
      query: { warnings: 'Unrecognized value for parameter "list": nosuch' },
    });
  });
});

describe('the edges of the API', () => {
  test('an unknown action is an error with status 200', async () => {
    const answer = await anna.get({ action: 'nosuch' });
    expect([answer.status, answer.codes]).toEqual([200, 'badvalue']);
    expect(answer.body.error).toMatchObject({ info: 'Unrecognized value for parameter "action": nosuch.' });
    expect(answer.body.error?.docref).toMatch(/^See http.* for API usage\./);
  });

  test('a JSON body is not read: the answer is a page for people', async () => {
    const answer = await fetch(`${wiki.url}/w/api.php`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'query', format: 'json' }),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('MediaWiki API help');
  });

  test('a bad bearer is an error of its own, not a visitor', async () => {
    const answer = await fetch(
      `${wiki.url}/w/api.php?action=query&meta=userinfo&format=json&formatversion=2`,
      {
        headers: { authorization: 'Bearer garbage' },
      },
    );
    expect([answer.status, answer.headers.get('MediaWiki-API-Error')]).toEqual([
      200,
      'mwoauth-invalid-authorization',
    ]);
    expect(((await answer.json()) as { error: Json }).error.info).toBe(
      'The authorization headers in your request are not valid: Invalid access token',
    );
  });
});
