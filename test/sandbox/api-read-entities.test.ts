import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/sandbox/json.ts';
import { startReadingWiki } from './api-support.ts';
import { ApiUser, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;

beforeAll(async () => {
  wiki = await startReadingWiki();
  anna = new ApiUser(wiki, 'Practice Anna');
});
afterAll(() => wiki.close());

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
