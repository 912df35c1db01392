import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { itemOf } from '../../src/sandbox/entity/statements.ts';
import { type PageToWrite, pageToWrite } from './api-support.ts';
import { ApiUser, depicts, messagesOf, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let page: PageToWrite['page'];
let newId: PageToWrite['newId'];
let set: PageToWrite['set'];
let remove: PageToWrite['remove'];
let lastRevision: PageToWrite['lastRevision'];

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  anna = new ApiUser(wiki, 'Practice Anna');
});
beforeEach(async () => {
  ({ page, newId, set, remove, lastRevision } = await pageToWrite(wiki, anna));
});
afterAll(() => wiki.close());

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
    const other = (await wiki.hands.addFile({ title: 'Other.jpg' })).id;
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
