import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startReadingWiki } from './api-support.ts';
import { ApiUser, imageInfoOf, membersOf, pagesOf, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;

beforeAll(async () => {
  wiki = await startReadingWiki();
  anna = new ApiUser(wiki, 'Practice Anna');
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
