import { expect, it } from 'vitest';
import { createWiki } from '../../../src/core/wiki/wiki.ts';
import { answer, csrf, fakeAccount, fakeClient, fakeFetch } from './fakes.ts';

it('asks the wiki with the files about files, the one with the items about items', async () => {
  const files = fakeFetch(answer({ query: { search: [] } }), csrf(), answer({ success: 1 }));
  const items = fakeFetch(answer({ search: [] }));
  const wiki = createWiki({
    files: fakeClient(files.fetch).client,
    items: fakeClient(items.fetch).client,
    depicts: 'P292',
  });
  await wiki.filesDepicting('Q2', 'People');
  await wiki.searchItems('Ada', 'en');
  await wiki.setStatement({
    pageId: 13,
    itemId: 'Q2',
    statementId: 'M13$F460B622-F1A5-4C6B-867C-A1D1E038ECE3',
    summary: '',
    account: fakeAccount(),
  });
  expect(files.seen[0]?.params.srsearch).toContain('haswbstatement:P292=Q2');
  expect(files.seen[2]?.params.claim).toContain('"property":"P292"');
});
