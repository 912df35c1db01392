import { describe, expect, it } from 'vitest';
import { readFilesNow } from '../../../src/core/wiki/files-now.ts';
import { answer, fakeClient, fakeFetch } from './fakes.ts';

const statement = (id: string, item: string) => ({
  mainsnak: {
    snaktype: 'value',
    property: 'P180',
    hash: 'x',
    datavalue: { value: { 'entity-type': 'item', id: item }, type: 'wikibase-entityid' },
  },
  type: 'statement',
  id,
  rank: 'normal',
});

const content = (statements: unknown) =>
  JSON.stringify({ type: 'mediainfo', id: 'M1', labels: [], descriptions: [], statements });

/** A page as `prop=revisions` answers it; without a text the page has no such slot. */
const page = (pageid: number, text?: string) => ({
  pageid,
  ns: 6,
  title: `File:${pageid}.jpg`,
  revisions: [
    {
      revid: pageid * 10,
      parentid: 1,
      slots:
        text === undefined
          ? {}
          : {
              mediainfo: {
                contentmodel: 'wikibase-mediainfo',
                contentformat: 'application/json',
                content: text,
              },
            },
    },
  ],
});

const none = { exists: false, statements: [], revision: null };

describe('readFilesNow', () => {
  it('tells files, redirects and missing pages apart, with the statements of files, in one request', async () => {
    const wiki = fakeFetch(
      answer({
        batchcomplete: true,
        query: {
          redirects: [{ from: 'File:14.jpg', to: 'File:Another.jpg' }],
          pages: [
            { pageid: 15, missing: true },
            page(11, content({ P180: [statement('M11$A', 'Q2')], P6: [statement('M11$B', 'Q3')] })),
            page(12),
            page(13, content([])),
            // The page that 14 leads to.
            page(99, content({ P180: [statement('M99$A', 'Q9')] })),
          ],
        },
      }),
    );
    const found = await readFilesNow(fakeClient(wiki.fetch).client, [11, 12, 13, 14, 15], 'P180');
    expect([...found]).toEqual([
      [
        11,
        {
          page: 'file',
          exists: true,
          revision: 110,
          statements: [{ id: 'M11$A', itemId: 'Q2', rank: 'normal', positions: [] }],
        },
      ],
      [12, { ...none, page: 'file' }],
      [13, { page: 'file', exists: true, revision: 130, statements: [] }],
      [14, { ...none, page: 'redirect' }],
      [15, { ...none, page: 'missing' }],
    ]);
    expect(wiki.seen[0]?.params).toMatchObject({
      action: 'query',
      pageids: '11|12|13|14|15',
      redirects: '',
      prop: 'revisions',
      rvprop: 'ids|content',
      rvslots: 'mediainfo',
      maxlag: '5',
    });
  });

  it('goes on where a long answer was cut', async () => {
    const bare = { pageid: 12, ns: 6, title: 'File:12.jpg' };
    const wiki = fakeFetch(
      answer({
        continue: { rvcontinue: '12', continue: '||' },
        query: { pages: [page(11, content({})), bare] },
      }),
      answer({ batchcomplete: true, query: { pages: [page(12, content({}))] } }),
    );
    const found = await readFilesNow(fakeClient(wiki.fetch).client, [11, 12], 'P180');
    expect([...found.values()].map(({ page, exists }) => [page, exists])).toEqual([
      ['file', true],
      ['file', true],
    ]);
    expect(wiki.seen[1]?.params.rvcontinue).toBe('12');
  });

  it.each([
    ['hidden', { pageid: 11, title: 'File:11.jpg', revisions: [{ revid: 1, slots: { mediainfo: {} } }] }],
    ['of another kind', page(11, 'no JSON')],
  ])('asks Wikibase about a file whose slot is %s', async (_how, shown) => {
    const wiki = fakeFetch(
      answer({ batchcomplete: true, query: { pages: [shown] } }),
      answer({
        entities: {
          M11: {
            pageid: 11,
            lastrevid: 23,
            type: 'mediainfo',
            id: 'M11',
            statements: { P180: [statement('M11$A', 'Q2')] },
          },
        },
        success: 1,
      }),
    );
    const found = await readFilesNow(fakeClient(wiki.fetch).client, [11], 'P180');
    expect(found.get(11)).toMatchObject({ page: 'file', exists: true, statements: [{ id: 'M11$A' }] });
    expect(wiki.seen[1]?.params.action).toBe('wbgetentities');
  });

  it('asks nothing about nothing, and refuses more than a request can name', async () => {
    const wiki = fakeFetch();
    const { client } = fakeClient(wiki.fetch);
    expect(await readFilesNow(client, [], 'P180')).toEqual(new Map());
    const many = Array.from({ length: 51 }, (_, i) => i + 1);
    await expect(readFilesNow(client, many, 'P180')).rejects.toMatchObject({ code: 'bad_input' });
  });
});
