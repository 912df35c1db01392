import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/sandbox/json.ts';
import { type PageToWrite, pageToWrite } from './api-support.ts';
import { ApiUser, depicts, startTestWiki, type TestWiki } from './harness.ts';

let wiki: TestWiki;
let anna: ApiUser;
let page: PageToWrite['page'];
let newId: PageToWrite['newId'];
let set: PageToWrite['set'];

beforeAll(async () => {
  wiki = await startTestWiki('practice');
  anna = new ApiUser(wiki, 'Practice Anna');
});
beforeEach(async () => {
  ({ page, newId, set } = await pageToWrite(wiki, anna));
});
afterAll(() => wiki.close());

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
    const elsewhere = await pageToWrite(wiki, anna);
    const claim = depicts(elsewhere.newId(), 'Q9001');
    expect((await chen.write({ action: 'wbsetclaim', claim })).body.success).toBe(1);
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
