import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/sandbox/json.ts';
import { ApiUser, imageInfoOf, membersOf, pagesOf, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let visitor: ApiUser;

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  wiki.hands.addCategory('Test people');
  wiki.hands.addCategory('Test people by year', 'Test people');
  for (const number of [1, 2, 3, 4, 5, 6, 7]) {
    await wiki.hands.addFile({ title: `Test portrait ${number}.jpg`, category: 'Test people' });
  }
  anna = new ApiUser(wiki, 'Practice Anna');
  visitor = new ApiUser(wiki, null);
});
afterAll(() => wiki.close());

const cm = { action: 'query', list: 'categorymembers', cmtitle: 'Category:Test people' };
const SORTKEY_4 = '5445535420504f52545241495420342e4a5047';

const generator = {
  action: 'query',
  generator: 'categorymembers',
  gcmtitle: 'Category:Test people',
  gcmtype: 'file',
  prop: 'imageinfo',
  iiprop: 'url|size|mime|sha1|timestamp|user|extmetadata',
};

describe('categorymembers', () => {
  test('lists files by sort key and goes on where it stopped', async () => {
    const params = { ...cm, cmtype: 'file', cmlimit: '3', cmprop: 'ids|title|type|sortkeyprefix|timestamp' };
    const first = await anna.get(params);
    const four = wiki.hands.page('File:Test portrait 4.jpg').id;
    expect(first.body.continue).toEqual({ cmcontinue: `file|${SORTKEY_4}|${four}`, continue: '-||' });
    expect(first.body.batchcomplete).toBe(true);
    const [entry] = membersOf(first);
    expect(Object.keys(entry ?? {})).toEqual(['pageid', 'ns', 'title', 'sortkeyprefix', 'type', 'timestamp']);
    const second = await anna.get({ ...params, ...(first.body.continue as Record<string, string>) });
    const titles = membersOf(second).map((one) => one.title);
    expect(titles).toEqual([
      'File:Test portrait 4.jpg',
      'File:Test portrait 5.jpg',
      'File:Test portrait 6.jpg',
    ]);
  });

  test('lists subcategories before files, and nothing for a category that does not exist', async () => {
    const all = await anna.get({ ...cm, cmlimit: '2' });
    expect(membersOf(all).map((one) => one.title)).toEqual([
      'Category:Test people by year',
      'File:Test portrait 1.jpg',
    ]);
    const none = await anna.get({ ...cm, cmtitle: 'Category:No such category' });
    expect(none.body).toEqual({ batchcomplete: true, query: { categorymembers: [] } });
  });

  test('refuses a bad title and a bad continue, and cuts a limit that is too high', async () => {
    expect((await anna.get({ ...cm, cmtitle: 'Test people' })).codes).toBe('invalidcategory');
    expect((await anna.get({ ...cm, cmcontinue: 'garbage' })).codes).toBe('badcontinue');
    expect((await anna.get({ ...cm, cmlimit: '9999' })).body.warnings).toEqual({
      categorymembers: { warnings: 'The value "9999" for parameter "cmlimit" must be between 1 and 500.' },
    });
  });
});

describe('the generator with imageinfo', () => {
  test('gives pages in order of their ids, with everything about the picture', async () => {
    const reply = await anna.get({ ...generator, gcmlimit: '3', iiurlwidth: '330' });
    const { body } = reply;
    const four = wiki.hands.page('File:Test portrait 4.jpg').id;
    expect(body.continue).toEqual({ gcmcontinue: `file|${SORTKEY_4}|${four}`, continue: 'gcmcontinue||' });
    const [page] = pagesOf(reply);
    expect(Object.keys(page ?? {})).toEqual(['pageid', 'ns', 'title', 'imagerepository', 'imageinfo']);
    const info = imageInfoOf(reply);
    expect(info).toMatchObject({
      width: 640,
      height: 480,
      thumbwidth: 330,
      thumbheight: 248,
      mime: 'image/jpeg',
      user: 'Practice Uploader',
      timestamp: '2026-11-22T02:48:00Z',
    });
    expect(info?.sha1).toMatch(/^[0-9a-f]{40}$/);
    expect(info?.url).toMatch(/\/images\/[0-9a-f]\/[0-9a-f]{2}\/Test_portrait_1\.jpg$/);
    expect(info?.thumburl).toMatch(/\/images\/thumb\/.*\/Test_portrait_1\.jpg\/330px-Test_portrait_1\.jpg$/);
    expect(info?.extmetadata).toMatchObject({
      LicenseShortName: { value: 'CC BY-SA 4.0', source: 'commons-desc-page', hidden: '' },
      ImageDescription: { value: '<span lang="en">Test portrait 1.jpg</span>', source: 'commons-desc-page' },
    });
  });

  test('gives the original when the width is not smaller', async () => {
    const reply = await anna.get({ ...generator, gcmlimit: '1', iiurlwidth: '960' });
    const info = imageInfoOf(reply);
    expect(info?.thumburl).toBe(info?.url);
    expect(info?.thumbwidth).toBe(640);
  });

  test('gives pages by id in formatversion 1', async () => {
    const { body } = await anna.get({ ...generator, gcmlimit: '1', formatversion: '1' });
    const id = wiki.hands.page('File:Test portrait 1.jpg').id;
    expect(body.batchcomplete).toBe('');
    expect(body.query?.pages).toMatchObject({ [id]: { pageid: id, imagerepository: 'local' } });
  });

  test('stops after fifty thumbnails and stays in the same batch', async () => {
    await wiki.hands.addManyFiles(120, 'Many', 'Many');
    const params = { ...generator, gcmtitle: 'Category:Many', gcmlimit: '100', iiurlwidth: '120' };
    const seen: string[] = [];
    let more: Record<string, string> = {};
    const markers: unknown[] = [];
    do {
      const reply = await anna.get({ ...params, ...more });
      const { body } = reply;
      for (const page of pagesOf(reply)) if (page.imageinfo) seen.push(String(page.title));
      more = (body.continue ?? {}) as Record<string, string>;
      markers.push([body.batchcomplete, more.continue]);
    } while (more.continue);
    expect(new Set(seen).size).toBe(120);
    expect(markers).toEqual([
      [undefined, '||'],
      [true, 'gcmcontinue||'],
      [true, undefined],
    ]);
  });
});

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

describe('meta', () => {
  test('gives edit tokens to accounts, and the anonymous one to visitors', async () => {
    expect(await anna.token()).toMatch(/^[0-9a-f]{40}\+\\$/);
    expect(await visitor.token()).toBe('+\\');
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
    const nobody = await visitor.get({ action: 'query', meta: 'userinfo' });
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

describe('wbgetentities', () => {
  const entities = async (params: Record<string, string>) =>
    (await anna.get({ action: 'wbgetentities', ...params })).body;

  test('answers alike for files without statements, missing pages and pages that are no files', async () => {
    const file = wiki.hands.page('File:Test portrait 1.jpg').id;
    const ids = `M${file}|M999999|M1|Q999999`;
    expect(await entities({ ids })).toEqual({
      entities: Object.fromEntries(ids.split('|').map((id) => [id, { id, missing: '' }])),
      success: 1,
    });
  });

  test('shows statements without datatype, whatever the props, and a list when all are gone', async () => {
    const page = wiki.hands.page('File:Test portrait 2.jpg');
    const id = wiki.hands.depict(page.id, 'Q9001');
    const whole = (await entities({ ids: `M${page.id}` })).entities?.[`M${page.id}`];
    expect(Object.keys(whole ?? {})).toEqual([
      'pageid',
      'ns',
      'title',
      'lastrevid',
      'modified',
      'type',
      'id',
      'labels',
      'descriptions',
      'statements',
    ]);
    const {
      P180: [statement],
    } = (whole?.statements ?? {}) as { P180: [Json] };
    expect(statement).toEqual({
      mainsnak: {
        snaktype: 'value',
        property: 'P180',
        hash: expect.stringMatching(/^[0-9a-f]{40}$/),
        datavalue: {
          value: { 'entity-type': 'item', 'numeric-id': 9001, id: 'Q9001' },
          type: 'wikibase-entityid',
        },
      },
      type: 'statement',
      id,
      rank: 'normal',
    });
    const claims = await entities({ ids: `M${page.id}`, props: 'claims' });
    expect(Object.keys(claims.entities?.[`M${page.id}`] ?? {})).toEqual(['type', 'id', 'statements']);
    wiki.hands.removeStatement(page.id, id);
    const emptied = await entities({ ids: `M${page.id}`, formatversion: '1' });
    expect(emptied.entities?.[`M${page.id}`]).toMatchObject({ labels: {}, statements: [] });
  });

  test('keeps the id of a moved file and loses a deleted one', async () => {
    const page = await wiki.hands.addFile({ title: 'To be moved.jpg' });
    wiki.hands.depict(page.id, 'Q9001');
    wiki.hands.moveFile('File:To be moved.jpg', 'File:Was moved.jpg');
    const moved = await entities({ ids: `M${page.id}` });
    expect(moved.entities?.[`M${page.id}`]).toMatchObject({ title: 'File:Was moved.jpg' });
    wiki.hands.deletePage(page.id);
    expect((await entities({ ids: `M${page.id}` })).entities?.[`M${page.id}`]).toHaveProperty('missing', '');
  });

  test('fails as a whole for one bad id or too many', async () => {
    const bad = await anna.get({ action: 'wbgetentities', ids: 'M1|X1' });
    expect(bad.codes).toBe('no-such-entity');
    expect(bad.body.error).toMatchObject({
      code: 'no-such-entity',
      info: 'Could not find an entity with the ID "X1".',
      id: 'X1',
      messages: [{ name: 'wikibase-api-no-such-entity', parameters: ['X1'] }],
    });
    const many = Array.from({ length: 51 }, (_, number) => `M${number + 1}`).join('|');
    const { codes, body } = await anna.get({ action: 'wbgetentities', ids: many });
    expect(codes).toBe('toomanyvalues');
    expect(body.error).toMatchObject({ limit: 50, lowlimit: 50, highlimit: 500 });
    expect((await anna.get({ action: 'wbgetentities' })).codes).toBe('param-missing');
  });

  test('gives items in the languages asked for, with fallback where it is wanted', async () => {
    const params = { ids: 'Q9005', props: 'labels|claims', languages: 'nb|en' };
    expect((await entities(params)).entities?.Q9005?.labels).toEqual({});
    expect((await entities({ ...params, languagefallback: '1' })).entities?.Q9005?.labels).toEqual({
      nb: { value: 'Elsa Mockup', language: 'mul', 'for-language': 'nb' },
      en: { value: 'Elsa Mockup', language: 'mul', 'for-language': 'en' },
    });
    const ada = (await entities({ ids: 'Q9001', props: 'claims' })).entities?.Q9001;
    expect(ada?.claims).toMatchObject({
      P31: [{ mainsnak: { datatype: 'wikibase-item', datavalue: { value: { id: 'Q5' } } } }],
      P18: [{ mainsnak: { datatype: 'commonsMedia', datavalue: { value: 'Ada Practice, portrait.jpg' } } }],
    });
  });

  test('follows merged items, under the id that was asked for', async () => {
    expect((await entities({ ids: 'Q9010' })).entities?.Q9010).toMatchObject({
      redirects: { from: 'Q9010', to: 'Q9001' },
      id: 'Q9001',
    });
  });
});

describe('wbgetclaims and wbsearchentities', () => {
  test('wbgetclaims shows datatypes, and an error for a file that never had statements', async () => {
    const { id } = wiki.hands.page('File:Ada Practice at the practice evening.jpg');
    const { body } = await anna.get({ action: 'wbgetclaims', entity: `M${id}`, property: 'P180' });
    expect(body.claims).toMatchObject({ P180: [{ mainsnak: { datatype: 'wikibase-item' } }] });
    const other = await anna.get({ action: 'wbgetclaims', entity: `M${id}`, property: 'P2677' });
    expect(other.body).toEqual({ claims: {} });
    const none = wiki.hands.page('File:Test portrait 3.jpg').id;
    expect((await anna.get({ action: 'wbgetclaims', entity: `M${none}` })).body.error).toMatchObject({
      code: 'no-such-entity',
      info: '⧼no-such-entity⧽',
    });
    expect((await anna.get({ action: 'wbgetclaims', claim: 'nonsense' })).codes).toBe('invalid-guid');
    const unknown = `M${id}$00000000-0000-0000-0000-000000000000`;
    expect((await anna.get({ action: 'wbgetclaims', claim: unknown })).body).toEqual({ claims: {} });
  });

  test('wbsearchentities finds by the beginning of names, by alias and by id', async () => {
    const find = async (search: string, more: Record<string, string> = {}) =>
      (await anna.get({ action: 'wbsearchentities', language: 'en', type: 'item', search, ...more })).body;
    const label = await find('Ada');
    expect(label).toMatchObject({
      searchinfo: { search: 'Ada' },
      search: [
        {
          id: 'Q9001',
          title: 'Item:Q9001',
          repository: 'local',
          label: 'Ada Practice',
          match: { type: 'label', language: 'en', text: 'Ada Practice' },
        },
      ],
      success: 1,
    });
    expect(label).not.toHaveProperty('search-continue');
    expect(await find('Ada P.')).toMatchObject({
      search: [{ match: { type: 'alias' }, aliases: ['Ada P.'] }],
    });
    expect(await find('Q9001')).toMatchObject({ search: [{ match: { type: 'entityId', text: 'Q9001' } }] });
    expect(await find('zzzz')).toEqual({ searchinfo: { search: 'zzzz' }, search: [], success: 1 });
    const search = { action: 'wbsearchentities', type: 'item' };
    expect((await anna.get({ ...search, language: 'en', search: '' })).codes).toBe('missingparam');
    expect((await anna.get({ ...search, language: 'xx-nope', search: 'Ada' })).codes).toBe('badvalue');
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
