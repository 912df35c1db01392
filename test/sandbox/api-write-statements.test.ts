import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/sandbox/json.ts';
import { type PageToWrite, pageToWrite } from './api-support.ts';
import { ApiUser, depicts, position, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let page: PageToWrite['page'];
let newId: PageToWrite['newId'];
let set: PageToWrite['set'];
let lastRevision: PageToWrite['lastRevision'];

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  anna = new ApiUser(wiki, 'Practice Anna');
});
beforeEach(async () => {
  ({ page, newId, set, lastRevision } = await pageToWrite(wiki, anna));
});
afterAll(() => wiki.close());

describe('wbsetclaim', () => {
  test('makes the first statement of a file, with a revision that says so', async () => {
    const id = newId();
    const { body } = await set(depicts(id, 'Q9001', position('pct:10.5,20,30,40')), {
      summary: 'our summary',
    });
    expect(body).toEqual({
      pageinfo: { lastrevid: lastRevision() },
      success: 1,
      claim: {
        mainsnak: {
          snaktype: 'value',
          property: 'P180',
          hash: expect.any(String),
          datavalue: {
            value: { 'entity-type': 'item', 'numeric-id': 9001, id: 'Q9001' },
            type: 'wikibase-entityid',
          },
          datatype: 'wikibase-item',
        },
        type: 'statement',
        qualifiers: {
          P2677: [
            {
              snaktype: 'value',
              property: 'P2677',
              hash: expect.any(String),
              datavalue: { value: 'pct:10.5,20,30,40', type: 'string' },
              datatype: 'string',
            },
          ],
        },
        'qualifiers-order': ['P2677'],
        id,
        rank: 'normal',
      },
    });
    expect(wiki.hands.revisions(page)[0]).toMatchObject({
      user: 'Practice Anna',
      comment: '/* wbsetclaim-create:2||1 */ [[Property:P180]]: [[Item:Q9001]], our summary',
      tags: [wiki.hands.tagOf(wiki.client.id)],
    });
  });

  test('the same again is a success without a revision; other content is a change', async () => {
    const id = newId();
    const first = await set(depicts(id, 'Q9001'));
    const again = await set(depicts(id, 'Q9001'));
    expect(again.body.pageinfo).toEqual(first.body.pageinfo);
    expect(again.body.success).toBe(1);
    const changed = await set(depicts(id, 'Q9001', { rank: 'preferred' }));
    expect(changed.body.pageinfo).not.toEqual(first.body.pageinfo);
    expect(wiki.hands.revisions(page)[0]?.comment).toMatch(/^\/\* wbsetclaim-update:2\|\|1 \*\//);
    expect(wiki.hands.statements(page)).toHaveLength(1);
  });

  test('ignoreduplicatemainsnak answers with a warning alone, even for our own id and other qualifiers', async () => {
    const id = newId();
    await set(depicts(id, 'Q9001'));
    const claim = depicts(newId(), 'Q9001', position('pct:7,7,7,7'));
    const text = 'Duplicate main snak detected. Statement not added.';
    const flag = { ignoreduplicatemainsnak: '1' };
    expect((await set(claim, flag)).body).toEqual({ warnings: { wbsetclaim: { warnings: text } } });
    expect((await set(depicts(id, 'Q9001'), flag)).body).toEqual({
      warnings: { wbsetclaim: { warnings: text } },
    });
    expect((await set(claim, { ...flag, formatversion: '1' })).body).toEqual({
      warnings: { wbsetclaim: { '*': text } },
    });
    expect((await set(claim, { ...flag, errorformat: 'plaintext' })).body).toEqual({
      warnings: [{ code: 'wikibase-setclaim-warning-duplicatemainsnak', text, module: 'wbsetclaim' }],
    });
    expect(wiki.hands.statements(page)).toHaveLength(1);
  });

  test('keeps ids in the case they came in, and numbers alone will do for the item', async () => {
    const lower = `m${page}$${randomUUID()}`;
    expect((await set(depicts(lower, 'Q9002'))).body.claim).toMatchObject({ id: lower });
    const claim = JSON.parse(depicts(newId(), 'Q9003')) as { mainsnak: { datavalue: { value: Json } } };
    claim.mainsnak.datavalue.value = { 'entity-type': 'item', 'numeric-id': 9003 };
    expect((await set(JSON.stringify(claim))).body.claim).toMatchObject({
      mainsnak: { datavalue: { value: { id: 'Q9003' } } },
    });
  });

  test.each([
    ['no JSON', () => '{bad', 'invalid-claim', /^Failed to get claim/],
    [
      'no id',
      () => depicts(newId(), 'Q9001').replace(/,"id":"M[^"]*"/, ''),
      'invalid-claim',
      /^GUID must be set/,
    ],
    ['no dollar sign', () => depicts('nonsense', 'Q9001'), 'invalid-claim', /^\$serialization does not have/],
    ['a short UUID', () => depicts(`M${page}$123`, 'Q9001'), 'modification-failed', /valid GUID$/],
    ['an unknown item', () => depicts(newId(), 'Q99999999'), 'modification-failed', /not found$/],
    [
      'an unknown property',
      () => depicts(newId(), 'Q9001').replace('P180', 'P999'),
      'modification-failed',
      /^Property \[\[/,
    ],
    [
      'an empty qualifier',
      () => depicts(newId(), 'Q9001', position('')),
      'modification-failed',
      /^Must be at least/,
    ],
    [
      'blanks around one',
      () => depicts(newId(), 'Q9001', position(' x ')),
      'modification-failed',
      /^Malformed input: x$/,
    ],
    [
      'a value of another type',
      () => depicts(newId(), 'Q9001').replace('"type":"wikibase-entityid"', '"type":"string"'),
      'modification-failed',
      /^Bad value type string, expected wikibase-entityid$/,
    ],
    [
      'no such page',
      () => depicts(`M999999$${randomUUID()}`, 'Q9001'),
      'no-such-entity',
      /^⧼no-such-entity⧽$/,
    ],
  ])('refuses %s', async (_, claim, code, info) => {
    const { status, codes, body } = await set(claim());
    expect([status, codes]).toEqual([200, code]);
    expect(body.error?.info).toMatch(info);
    expect(body.error?.messages).toHaveLength(1);
    expect(wiki.hands.statements(page)).toHaveLength(0);
  });

  test('cuts the summary at 500 characters', async () => {
    await set(depicts(newId(), 'Q9001'), { summary: 'x'.repeat(600) });
    const comment = wiki.hands.revisions(page)[0]?.comment ?? '';
    expect(comment).toHaveLength(500);
    expect(comment).toMatch(/xxx\.\.\.$/);
  });
});

describe('wbcreateclaim', () => {
  const create = (item: Json, more: Record<string, string> = {}) =>
    anna.write({
      action: 'wbcreateclaim',
      entity: `M${page}`,
      property: 'P180',
      snaktype: 'value',
      value: JSON.stringify(item),
      ...more,
    });

  test('makes a second statement of the same value', async () => {
    await create({ 'entity-type': 'item', id: 'Q9001' });
    const { body } = await create({ id: 'Q9001' });
    expect(body.success).toBe(1);
    expect((body.claim as Json).id).toMatch(new RegExp(`^M${page}\\$[0-9A-F]{8}-`));
    expect(wiki.hands.statements(page)).toHaveLength(2);
    expect(wiki.hands.revisions(page)[0]?.comment).toBe(
      '/* wbcreateclaim-create:1| */ [[Property:P180]]: [[Item:Q9001]]',
    );
  });

  test('refuses bad values, items, properties and entities, each in its own way', async () => {
    expect((await create({}, { value: 'not json' })).codes).toBe('invalid-snak');
    expect((await create({ id: 'Q99999999' })).codes).toBe('modification-failed');
    expect((await create({ id: 'Q9001' }, { property: 'P999' })).codes).toBe('no-such-entity');
    expect((await create({ id: 'Q9001' }, { entity: 'X1' })).codes).toBe('invalid-entity-id');
    expect((await create({ id: 'Q9001' }, { entity: 'M1' })).codes).toBe('no-such-entity');
  });
});
