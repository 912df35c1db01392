import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemOf } from '../../src/sandbox/entity/statements.ts';
import type { Json } from '../../src/sandbox/json.ts';
import { ApiUser, depicts, messagesOf, position, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let page: number;
let count = 0;

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  anna = new ApiUser(wiki, 'Practice Anna');
});
beforeEach(async () => {
  count += 1;
  page = (await wiki.hands.addFile({ title: `Write test ${count}.jpg` })).id;
});
afterAll(() => wiki.close());

const newId = () => `M${page}$${randomUUID().toUpperCase()}`;
const set = (claim: string, more: Record<string, string> = {}) =>
  anna.write({ action: 'wbsetclaim', claim, ...more });
const remove = (claim: string, more: Record<string, string> = {}) =>
  anna.write({ action: 'wbremoveclaims', claim, ...more });
const lastRevision = () => wiki.hands.page(page).latest;

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

describe('wbremoveclaims', () => {
  test('removes by id, and once removed the id is invalid', async () => {
    const id = newId();
    await set(depicts(id, 'Q9001'));
    const { body } = await remove(id, { summary: 'undo' });
    expect(body).toEqual({ pageinfo: { lastrevid: lastRevision() }, success: 1, claims: [id] });
    expect(wiki.hands.revisions(page)[0]?.comment).toBe(
      '/* wbremoveclaims-remove:1| */ [[Property:P180]]: [[Item:Q9001]], undo',
    );
    const again = await remove(id);
    expect(again.codes).toBe('invalid-guid');
    expect(again.body.error).toMatchObject({
      code: 'invalid-guid',
      info: 'Invalid claim guid.',
      messages: [{ name: 'wikibase-api-invalid-guid', parameters: [], html: 'Invalid claim guid.' }],
    });
  });

  test('answers in every error format', async () => {
    const id = `M${page}$00000000-0000-0000-0000-000000000000`;
    const text = 'Invalid claim guid.';
    const entry = async (errorformat: string) => {
      const [first] = (await remove(id, { errorformat })).body.errors ?? [];
      return first;
    };
    const data = { messages: [{ name: 'wikibase-api-invalid-guid', parameters: [], html: text }] };
    expect(await entry('plaintext')).toEqual({ code: 'invalid-guid', text, data, module: 'main' });
    expect(await entry('wikitext')).toEqual({ code: 'invalid-guid', text, data, module: 'main' });
    expect(await entry('html')).toEqual({ code: 'invalid-guid', html: text, data, module: 'main' });
    expect(await entry('raw')).toMatchObject({
      code: 'invalid-guid',
      key: 'wikibase-api-invalid-guid',
      params: [],
    });
    expect(await entry('none')).toEqual({ code: 'invalid-guid', data, module: 'main' });
    const one = await remove(id, { formatversion: '1' });
    expect(one.body.error).toMatchObject({
      messages: [{ html: { '*': text } }],
      '*': expect.stringMatching(/^See/),
    });
    expect(one.body.error).not.toHaveProperty('docref');
  });

  test('refuses ids of two entities, bad ids, and knows missing pages', async () => {
    const other = (await wiki.hands.addFile({ title: `Other ${count}.jpg` })).id;
    const uuid = '00000000-0000-0000-0000-000000000000';
    expect((await remove(`M${page}$${uuid}|M${other}$${uuid}`)).codes).toBe('invalid-guid');
    expect((await remove('nonsense')).codes).toBe('invalid-guid');
    expect((await remove(`M999999$${uuid}`)).codes).toBe('no-such-entity');
  });
});

describe('baserevid', () => {
  const patched = [{ name: 'wikibase-conflict-patched' }];

  test('a change beside ours is patched, and so is one of the same statement', async () => {
    const id = newId();
    await set(depicts(id, 'Q9001'));
    const baserevid = String(lastRevision());
    wiki.hands.depict(page, 'Q9002');
    const beside = await set(depicts(newId(), 'Q9003'), { baserevid });
    expect(beside.body.warnings).toMatchObject({ wbsetclaim: { messages: patched } });
    wiki.hands.depict(page, 'Q9004', { id });
    const over = await set(depicts(id, 'Q9005'), { baserevid });
    expect(over.body.warnings).toMatchObject({ wbsetclaim: { messages: patched } });
    const items = wiki.hands.statements(page).map((one) => itemOf(one));
    expect(items).toEqual(['Q9005', 'Q9002', 'Q9003']);
  });

  test('a change that somebody made already, or whose statement is gone, is a conflict', async () => {
    const id = newId();
    await set(depicts(id, 'Q9001'));
    const baserevid = String(lastRevision());
    wiki.hands.depict(page, 'Q9005', { id });
    const same = await set(depicts(id, 'Q9005'), { baserevid });
    expect(same.codes).toBe('editconflict');
    expect(messagesOf(same).map((one) => one.name)).toEqual(['wikibase-api-editconflict', 'edit-conflict']);
    wiki.hands.removeStatement(page, id);
    expect((await set(depicts(id, 'Q9002'), { baserevid })).codes).toBe('editconflict');
    expect((await remove(id, { baserevid })).codes).toBe('editconflict');
  });

  test('unchanged since a base where it still was: success is reported, and it is not there', async () => {
    const id = newId();
    await set(depicts(id, 'Q9001'));
    const baserevid = String(lastRevision());
    wiki.hands.removeStatement(page, id);
    const { body } = await set(depicts(id, 'Q9001'), { baserevid });
    expect(body).toMatchObject({ success: 1, claim: { id } });
    expect(wiki.hands.statements(page)).toEqual([]);
    await set(depicts(id, 'Q9001'));
    expect(wiki.hands.statements(page)).toHaveLength(1);
  });

  test('unknown revisions, those of other pages, and those from before the first statement', async () => {
    const before = String(lastRevision());
    const id = newId();
    expect((await set(depicts(id, 'Q9001'), { baserevid: '99999999' })).codes).toBe('nosuchrevid');
    expect((await set(depicts(id, 'Q9001'), { baserevid: '1' })).codes).toBe('nosuchrevid');
    expect((await set(depicts(id, 'Q9001'), { baserevid: before })).body.success).toBe(1);
    const late = await set(depicts(newId(), 'Q9002'), { baserevid: before });
    expect(late.codes).toBe('internal_api_error_Wikibase\\Lib\\Store\\BadRevisionException');
  });
});

describe('edit tokens', () => {
  const write = (user: ApiUser, token: string) =>
    user.post({ action: 'wbsetclaim', claim: depicts(newId(), 'Q9001'), token });

  test('are needed, in the form, and the right ones', async () => {
    const claim = depicts(newId(), 'Q9001');
    expect((await anna.post({ action: 'wbsetclaim', claim })).codes).toBe('missingparam');
    expect((await write(anna, 'wrong+\\')).codes).toBe('badtoken');
    expect((await write(anna, '+\\')).codes).toBe('badtoken');
    expect((await anna.get({ action: 'wbsetclaim', claim, token: 'x' })).codes).toBe('mustpostparams');
  });

  test('last as long as the same access token is used, and end when another one is', async () => {
    const first = new ApiUser(wiki, 'Practice Bo');
    const token = await first.token();
    expect((await write(first, token)).body.success).toBe(1);
    wiki.clock.time += 3_600_000;
    expect((await write(first, token)).body.success).toBe(1);
    await new ApiUser(wiki, 'Practice Bo').get({ action: 'query', meta: 'userinfo' });
    expect((await write(first, token)).codes).toBe('badtoken');
  });
});

describe('what stands in the way of saving', () => {
  const saveFailed = { name: 'wikibase-api-failed-save', parameters: [], html: 'The save has failed.' };

  test('a blocked account', async () => {
    const dee = new ApiUser(wiki, 'Practice Dee');
    const { codes, body } = await dee.write({ action: 'wbsetclaim', claim: depicts(newId(), 'Q9001') });
    expect(codes).toBe('failed-save, blocked, permissionserrors');
    expect(body.error).toMatchObject({ code: 'failed-save', info: 'The save has failed.' });
    const messages = body.error?.messages as Json[];
    expect(messages.map((one) => one.name)).toEqual([
      'wikibase-api-failed-save',
      'blockedtext',
      'permissionserrors',
    ]);
    expect(messages[1]?.parameters).toHaveLength(8);
  });

  test('a partial block, on its pages alone', async () => {
    wiki.hands.block('Practice Chen', { pages: [page] });
    const chen = new ApiUser(wiki, 'Practice Chen');
    const refused = await chen.write({ action: 'wbsetclaim', claim: depicts(newId(), 'Q9001') });
    expect(refused.body.error?.messages).toMatchObject([{}, { name: 'blockedtext-partial' }, {}]);
    page = (await wiki.hands.addFile({ title: 'Elsewhere.jpg' })).id;
    const elsewhere = await chen.write({ action: 'wbsetclaim', claim: depicts(newId(), 'Q9001') });
    expect(elsewhere.body.success).toBe(1);
    wiki.hands.unblock('Practice Chen');
  });

  test('a protected page, in the default and in the plain text format', async () => {
    wiki.hands.protect(page);
    const text = 'This page has been protected to prevent editing or other actions.';
    const bc = await set(depicts(newId(), 'Q9001'));
    expect(bc.codes).toBe('failed-save, protectedpage, permissionserrors');
    const messages = [
      saveFailed,
      { name: 'protectedpagetext', parameters: ['editprotected', 'edit'], html: text },
      { name: 'permissionserrors', parameters: [], html: 'Permission error' },
    ];
    expect(bc.body.error?.messages).toEqual(messages);
    const plain = await set(depicts(newId(), 'Q9001'), { errorformat: 'plaintext' });
    expect(plain.body.errors).toEqual([
      { code: 'failed-save', text: 'The save has failed.', module: 'wbsetclaim' },
      { code: 'protectedpage', text, module: 'wbsetclaim' },
      { code: 'permissionserrors', text: 'Permission error', module: 'wbsetclaim' },
      { code: 'failed-save', text: 'The save has failed.', data: { messages }, module: 'wbsetclaim' },
    ]);
  });

  test('a token without the grant', async () => {
    const reader = new ApiUser(wiki, 'Practice Bo', ['basic']);
    const { codes } = await reader.write({ action: 'wbsetclaim', claim: depicts(newId(), 'Q9001') });
    expect(codes).toBe('failed-save, permissiondenied, permissionserrors');
  });

  test('too many edits in a short time; refusals and failures do not count', async () => {
    wiki.hands.setRateLimit(2, 60);
    wiki.clock.time += 3_600_000;
    await set(depicts(newId(), 'Q99999999'));
    await set(depicts(newId(), 'Q9001'));
    await set(depicts(newId(), 'Q9002'));
    const third = await set(depicts(newId(), 'Q9003'));
    expect(third.codes).toBe('failed-save, ratelimited');
    expect(third.body.error?.messages).toMatchObject([saveFailed, { name: 'actionthrottledtext' }]);
    expect(third.headers.get('retry-after')).toBeNull();
    wiki.clock.time += 60_000;
    expect((await set(depicts(newId(), 'Q9003'))).body.success).toBe(1);
    wiki.hands.setRateLimit(900, 180);
  });

  test('tags that nobody may set', async () => {
    const { codes, body } = await set(depicts(newId(), 'Q9001'), { tags: 'nosuchtag' });
    expect(codes).toBe('badtags');
    expect(body.error).toMatchObject({ disallowedtags: ['nosuchtag'] });
  });

  test('somebody else than the one who was meant', async () => {
    const claim = depicts(newId(), 'Q9001');
    expect((await set(claim, { assertuser: 'Practice Bo' })).codes).toBe('assertnameduserfailed');
    expect((await set(claim, { assert: 'bot' })).codes).toBe('assertbotfailed');
    wiki.hands.renameUser('Practice Anna', 'Practice Anna the Great');
    expect((await set(claim, { assertuser: 'Practice Anna' })).codes).toBe('assertnameduserfailed');
    expect((await set(claim, { assertuser: 'Practice Anna the Great' })).body.success).toBe(1);
    wiki.hands.renameUser('Practice Anna the Great', 'Practice Anna');
  });

  test('nobody at all', async () => {
    const visitor = new ApiUser(wiki, null);
    const claim = depicts(newId(), 'Q9001');
    expect((await visitor.post({ action: 'wbsetclaim', claim, token: '+\\', assert: 'user' })).codes).toBe(
      'assertuserfailed',
    );
    expect((await visitor.post({ action: 'wbsetclaim', claim, token: '+\\' })).codes).toBe(
      'permissiondenied',
    );
  });
});
