import { describe, expect, it } from 'vitest';
import { items, searchItems } from '../../../src/core/wiki/items.ts';
import { userInfo } from '../../../src/core/wiki/userinfo.ts';
import { answer, fakeAccount, fakeClient, fakeFetch } from './fakes.ts';

const item = (id: string) => ({
  type: 'wikibase-entityid',
  value: { 'entity-type': 'item', 'numeric-id': Number(id.slice(1)), id },
});
const text = (value: string) => ({ type: 'string', value });
const time = (value: string, precision: number) => ({
  type: 'time',
  value: { time: value, precision, timezone: 0, before: 0, after: 0, calendarmodel: 'x' },
});

function claim(property: string, datavalue: unknown, rank = 'normal', snaktype = 'value') {
  return {
    id: `Q2$${property}`,
    type: 'statement',
    rank,
    mainsnak: { snaktype, property, ...(datavalue ? { datavalue } : {}) },
  };
}

async function oneItem(claims: unknown, more: Record<string, unknown> = {}) {
  const entity = { type: 'item', id: 'Q2', labels: {}, descriptions: {}, claims, ...more };
  const wiki = fakeFetch(answer({ entities: { Q2: entity }, success: 1 }));
  return (await items(fakeClient(wiki.fetch).client, ['Q2'], 'de')).get('Q2');
}

describe('items', () => {
  it('reads label, description, humanity, death and portrait', async () => {
    const wiki = fakeFetch(
      answer({
        entities: {
          Q2: {
            type: 'item',
            id: 'Q2',
            labels: {
              en: { language: 'en', value: 'Ada Lovelace' },
              de: { value: 'Ada Lovelace (de)', language: 'en', 'for-language': 'de' },
            },
            descriptions: { en: { language: 'en', value: 'English mathematician' } },
            claims: {
              P31: [claim('P31', item('Q5'))],
              P18: [claim('P18', text('Ada_old.jpg')), claim('P18', text('Ada best.jpg'), 'preferred')],
              P570: [claim('P570', time('+1852-11-27T00:00:00Z', 11))],
            },
          },
          Q999: { id: 'Q999', missing: '' },
        },
        success: 1,
      }),
    );
    const found = await items(fakeClient(wiki.fetch).client, ['Q2', 'Q999', 'Q2'], 'de');
    expect(found.get('Q2')).toEqual({
      id: 'Q2',
      label: 'Ada Lovelace (de)',
      description: 'English mathematician',
      isHuman: true,
      dead: true,
      portrait: 'File:Ada best.jpg',
    });
    expect(found.get('Q999')).toBeNull();
    expect(wiki.seen[0]?.params).toMatchObject({
      ids: 'Q2|Q999',
      languages: 'de|en|mul',
      languagefallback: '',
    });
  });

  it('follows a merged item', async () => {
    const wiki = fakeFetch(
      answer({ entities: { Q7: { type: 'item', id: 'Q2', labels: {}, descriptions: {}, claims: {} } } }),
    );
    const found = (await items(fakeClient(wiki.fetch).client, ['Q7'], 'en')).get('Q7');
    expect(found).toMatchObject({ id: 'Q2', label: null });
  });

  it('has the label that is the same in every language', async () => {
    const labels = { mul: { language: 'mul', value: 'Ada' } };
    expect(await oneItem([], { labels, descriptions: [] })).toMatchObject({ label: 'Ada', isHuman: false });
  });

  it('has no portrait where the best statement says that there is none', async () => {
    const none = claim('P18', null, 'preferred', 'novalue');
    expect((await oneItem({ P18: [none, claim('P18', text('A.jpg'))] }))?.portrait).toBeNull();
    expect((await oneItem({ P18: [claim('P18', text('A.jpg'), 'deprecated')] }))?.portrait).toBeNull();
  });

  it.each([
    ['an unknown date', claim('P570', null, 'normal', 'somevalue'), true],
    ['said to be alive', claim('P570', null, 'normal', 'novalue'), false],
    ['a mistake', claim('P570', time('+1852-11-27T00:00:00Z', 11), 'deprecated'), false],
    ['a date', claim('P570', time('+1852-11-27T00:00:00Z', 11), 'normal'), true],
  ])('death: %s', async (_what, statement, dead) => {
    expect(await oneItem({ P570: [statement] })).toMatchObject({ dead });
  });

  it('refuses what is no item id before the wiki does', async () => {
    await expect(items(fakeClient(fakeFetch().fetch).client, ['X1'], 'en')).rejects.toThrow(/item id/);
  });
});

describe('searchItems', () => {
  it('finds items, and does not ask about nothing', async () => {
    const wiki = fakeFetch(
      answer({ search: [{ id: 'Q2', label: 'Ada Lovelace', description: 'x' }, { id: 'Q6' }], success: 1 }),
    );
    const { client } = fakeClient(wiki.fetch);
    expect(await searchItems(client, ' Ada ', 'en')).toEqual([
      { id: 'Q2', label: 'Ada Lovelace', description: 'x' },
      { id: 'Q6', label: null, description: null },
    ]);
    expect(await searchItems(client, '  ', 'en')).toEqual([]);
    expect(wiki.seen[0]?.params).toMatchObject({ search: 'Ada', type: 'item', language: 'en' });
  });
});

describe('userInfo', () => {
  it('tells the standing on this wiki', async () => {
    const user = {
      id: 4,
      name: 'Alice',
      groups: ['*', 'user'],
      editcount: 10,
      registrationdate: '2026-11-22T02:47:40Z',
    };
    const blocked = { id: 5, name: 'Bob', blockid: 1, blockreason: 'test', blockpartial: false };
    const partial = { id: 5, name: 'Bob', blockid: 2, blockpartial: true };
    const wiki = fakeFetch(...[user, blocked, partial].map((userinfo) => answer({ query: { userinfo } })));
    const { client } = fakeClient(wiki.fetch);
    expect(await userInfo(client, fakeAccount())).toEqual({
      name: 'Alice',
      blocked: false,
      groups: ['*', 'user'],
      editCount: 10,
      registeredAt: Date.parse('2026-11-22T02:47:40Z'),
    });
    expect(await userInfo(client, fakeAccount('Bob'))).toMatchObject({ blocked: true });
    expect(await userInfo(client, fakeAccount('Bob'))).toMatchObject({ blocked: false });
    expect(wiki.seen[0]?.headers.get('authorization')).toBe('Bearer token-1');
  });
});
