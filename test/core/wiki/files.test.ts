import { describe, expect, it } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { categoryInfo, categoryMembers, categoryTitle } from '../../../src/core/wiki/categories.ts';
import { filesByPageId, filesDepicting, thumbnails } from '../../../src/core/wiki/files.ts';
import { answer, apiError, fakeClient, fakeFetch } from './fakes.ts';

const SHA1 = '1016e957752ceafa39b2c6c90844d78df2b1ad45';

function imageInfo(more: Record<string, unknown> = {}) {
  return {
    timestamp: '2026-11-22T02:47:44Z',
    size: 144516,
    width: 1920,
    height: 1280,
    thumburl: 'https://upload.example/thumb/f/f5/Test.jpg/1280px-Test.jpg',
    url: 'https://upload.example/f/f5/Test.jpg',
    descriptionurl: 'https://wiki.example/wiki/File:Test.jpg',
    mime: 'image/jpeg',
    sha1: SHA1,
    extmetadata: {
      Artist: { value: '<a href="//wiki.example/wiki/User:Alice" title="User:Alice">Alice</a>', source: 'x' },
      LicenseShortName: { value: 'CC BY-SA 4.0', source: 'x', hidden: '' },
      LicenseUrl: { value: '//creativecommons.org/licenses/by-sa/4.0/', source: 'x' },
    },
    ...more,
  };
}

const page = (pageid: number, title: string, more: Record<string, unknown> = {}) => ({
  pageid,
  ns: 6,
  title,
  imagerepository: 'local',
  imageinfo: [imageInfo(more)],
});

describe('categoryMembers', () => {
  const version = { sha1: SHA1, width: 1920, height: 1280, mime: 'image/jpeg' };
  const light = (pageid: number, title: string, more: Record<string, unknown> = {}) => ({
    pageid,
    ns: 6,
    title,
    imagerepository: 'local',
    imageinfo: [{ size: 144516, ...version, ...more }],
  });

  it('gives files and subcategories with what tells a new version, 500 in one request', async () => {
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        continue: { gcmcontinue: 'file|5445|14', continue: 'gcmcontinue||' },
        query: {
          pages: [light(11, 'File:Test.jpg'), { pageid: 19, ns: 14, title: 'Category:In hats' }],
        },
      }),
      answer({ batchcomplete: true, query: { pages: [light(14, 'File:Other.jpg')] } }),
    );
    const { client } = fakeClient(wiki.fetch);
    const first = await categoryMembers(client, 'Test people', { subcategories: true });
    expect(first).toEqual({
      files: [{ pageId: 11, title: 'File:Test.jpg', version }],
      subcategories: ['In hats'],
      next: 'file|5445|14',
    });
    const second = { subcategories: false, continueFrom: first.next };
    expect((await categoryMembers(client, 'Test people', second)).next).toBeNull();
    expect(wiki.seen[0]?.params).toMatchObject({
      generator: 'categorymembers',
      gcmtitle: 'Category:Test people',
      gcmtype: 'subcat|file',
      gcmlimit: '500',
      prop: 'imageinfo',
      redirects: '',
      maxlag: '5',
    });
    expect(wiki.seen[0]?.params).not.toHaveProperty('iiurlwidth');
    expect(wiki.seen[1]?.params).toMatchObject({
      gcmtype: 'file',
      gcmcontinue: 'file|5445|14',
      continue: 'gcmcontinue||',
    });
  });

  it('puts a batch together that comes in pieces, and counts the requests', async () => {
    const bare = ({ imageinfo, ...rest }: ReturnType<typeof light>) => rest;
    const wiki = fakeFetch(
      answer({
        continue: { iistart: '20261122', continue: '||' },
        query: { pages: [light(11, 'File:A.jpg'), bare(light(12, 'File:B.jpg'))] },
      }),
      answer({
        batchcomplete: true,
        continue: { gcmcontinue: 'file|X|15', continue: 'gcmcontinue||' },
        query: { pages: [bare(light(11, 'File:A.jpg')), light(12, 'File:B.jpg')] },
      }),
    );
    let answers = 0;
    const { files, next } = await categoryMembers(fakeClient(wiki.fetch).client, 'X', {
      subcategories: false,
      onAnswer: () => {
        answers++;
      },
    });
    expect(files.map((file) => file.version?.sha1)).toEqual([SHA1, SHA1]);
    expect(next).toBe('file|X|15');
    expect(answers).toBe(2);
    expect(wiki.seen[1]?.params).toMatchObject({ iistart: '20261122', continue: '||' });
  });

  it('takes a category that is not there for an empty one', async () => {
    const wiki = fakeFetch(answer({ batchcomplete: true }));
    const page = await categoryMembers(fakeClient(wiki.fetch).client, 'Nope', { subcategories: true });
    expect(page).toEqual({ files: [], subcategories: [], next: null });
  });

  it('tells pages without a file, or with a hidden one', async () => {
    const pages = [
      { pageid: 1, ns: 6, title: 'File:1.jpg', imagerepository: '' },
      light(2, 'File:2.jpg', { sha1: undefined, filehidden: true }),
    ];
    const wiki = fakeFetch(answer({ batchcomplete: true, query: { pages } }));
    const { files } = await categoryMembers(fakeClient(wiki.fetch).client, 'X', { subcategories: true });
    expect(files.map(({ pageId, version: one }) => [pageId, one])).toEqual([
      [1, null],
      [2, null],
    ]);
  });
});

describe('filesByPageId', () => {
  it('copes with what people write on file pages', async () => {
    const odd = [
      page(1, 'File:1.jpg', { extmetadata: [] }),
      page(2, 'File:2.jpg', { extmetadata: { LicenseUrl: { value: 'javascript:alert(1)' } } }),
      page(3, 'File:3.jpg', { extmetadata: { Artist: { value: '<script>alert(1)</script>' } } }),
      page(4, 'File:4.oga', { thumburl: '', width: 0, height: 0, mime: 'application/ogg' }),
      page(5, 'File:5.jpg', { sha1: undefined, filehidden: true }),
    ];
    const wiki = fakeFetch(answer({ batchcomplete: true, query: { pages: odd } }));
    const files = await filesByPageId(fakeClient(wiki.fetch).client, [1, 2, 3, 4, 5]);
    for (const id of [1, 2, 3]) expect(files.get(id)).toMatchObject({ author: null, licenceUrl: null });
    expect(files.get(4)).toMatchObject({
      thumbUrl: null,
      author: 'Alice',
      licence: 'CC BY-SA 4.0',
      licenceUrl: 'https://creativecommons.org/licenses/by-sa/4.0/',
    });
    expect(files.get(5)).toBeNull();
  });

  it('holds a page that is a redirect now for gone', async () => {
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        query: { redirects: [{ from: 'File:A.jpg', to: 'File:B.jpg' }], pages: [page(16, 'File:B.jpg')] },
      }),
    );
    const files = await filesByPageId(fakeClient(wiki.fetch).client, [11]);
    expect([...files]).toEqual([[11, null]]);
    expect(wiki.seen[0]?.params.redirects).toBe('');
  });

  it('notices a move, a new version and a deletion', async () => {
    const sha1 = 'f'.repeat(40);
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        query: { pages: [page(11, 'File:Renamed.jpg', { sha1 }), { pageid: 99, missing: true }] },
      }),
    );
    const files = await filesByPageId(fakeClient(wiki.fetch).client, [11, 99]);
    expect(files.get(11)).toMatchObject({ title: 'File:Renamed.jpg', sha1 });
    expect(files.get(99)).toBeNull();
    expect(wiki.seen[0]?.params.pageids).toBe('11|99');
  });

  it('asks for nothing when there is nothing to ask, and for no more than the wiki allows', async () => {
    const { client } = fakeClient(fakeFetch().fetch);
    expect((await filesByPageId(client, [])).size).toBe(0);
    await expect(filesByPageId(client, Array(51).fill(1))).rejects.toBeInstanceOf(VisavisError);
    await expect(filesByPageId(client, [1.5])).rejects.toBeInstanceOf(VisavisError);
  });
});

describe('thumbnails', () => {
  it('answers by the titles that were asked for, through normalization and redirects', async () => {
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        query: {
          normalized: [{ fromencoded: false, from: 'File:old_name.jpg', to: 'File:Old name.jpg' }],
          redirects: [{ from: 'File:Old name.jpg', to: 'File:New.jpg' }],
          pages: [
            page(16, 'File:New.jpg'),
            { ns: 6, title: 'File:Nope.jpg', missing: true, imagerepository: '' },
          ],
        },
      }),
    );
    const titles = ['File:old_name.jpg', 'File:Nope.jpg'];
    const found = await thumbnails(fakeClient(wiki.fetch).client, titles, 330);
    expect(found.get('File:old_name.jpg')?.title).toBe('File:New.jpg');
    expect(found.get('File:Nope.jpg')).toBeNull();
    expect(wiki.seen[0]?.params).toMatchObject({ iiurlwidth: '330', redirects: '' });
  });
});

describe('filesDepicting', () => {
  it('searches the statement in the category and below, page by page', async () => {
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        continue: { sroffset: 500, continue: '-||' },
        query: { search: [{ ns: 6, title: 'File:A.jpg', pageid: 11 }] },
      }),
      answer({ batchcomplete: true, query: { search: [] } }),
    );
    const { client } = fakeClient(wiki.fetch);
    const first = await filesDepicting(client, 'Q2', 'Category:The "Band"');
    expect(first).toEqual({ files: [{ pageId: 11, title: 'File:A.jpg' }], next: 500 });
    expect(await filesDepicting(client, 'Q2', 'The "Band"', first.next)).toEqual({ files: [], next: null });
    expect(wiki.seen[0]?.params.srsearch).toBe('haswbstatement:P180=Q2 deepcat:"The \\"Band\\""');
    expect(wiki.seen[1]?.params.sroffset).toBe('500');
  });
});

describe('categories', () => {
  it.each([
    ['Test people', 'Category:Test people'],
    ['category:Test_people', 'Category:Test people'],
    [' :Category: Test people ', 'Category:Test people'],
    ['X: a film', 'Category:X: a film'],
  ])('%j is %j', (name, title) => {
    expect(categoryTitle(name)).toBe(title);
  });

  it('tells how big one is', async () => {
    const info = { size: 9, pages: 0, files: 7, subcats: 2, hidden: false };
    const wiki = fakeFetch(
      answer({ query: { pages: [{ pageid: 3, ns: 14, title: 'Category:A', categoryinfo: info }] } }),
      answer({ query: { pages: [{ ns: 14, title: 'Category:B', missing: true }] } }),
      answer({ query: { pages: [{ title: 'Category:C|D', invalid: true }] } }),
    );
    const { client } = fakeClient(wiki.fetch);
    expect(await categoryInfo(client, 'A')).toEqual({
      title: 'Category:A',
      exists: true,
      files: 7,
      subcategories: 2,
    });
    expect(await categoryInfo(client, 'B')).toMatchObject({ exists: false, files: 0 });
    expect(await categoryInfo(client, 'C|D')).toMatchObject({ exists: false });
  });

  it('does not keep a person waiting', async () => {
    const wiki = fakeFetch(apiError(['maxlag'], { 'Retry-After': '11' }));
    await expect(categoryInfo(fakeClient(wiki.fetch).client, 'A')).rejects.toThrow(/maxlag/);
  });
});
