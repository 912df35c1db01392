import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ApiUser,
  Browser,
  depicts,
  fieldsOf,
  imageInfoOf,
  logIn,
  position,
  startTestWiki,
  type TestWiki,
} from './harness.ts';

let wiki: TestWiki;
beforeAll(async () => {
  wiki = await startTestWiki('practice');
});
afterAll(() => wiki.close());

const text = async (path: string) => (await fetch(`${wiki.url}${path}`)).text();

describe('pages for people', () => {
  test('a file shows its statements, the place of the face, and its history', async () => {
    const page = wiki.hands.page('File:Practice team meeting 01.jpg');
    const anna = new ApiUser(wiki, 'Practice Anna');
    const id = `M${page.id}$7A1D2E10-0000-4000-8000-000000000001`;
    await anna.write({
      action: 'wbsetclaim',
      claim: depicts(id, 'Q9001', position('pct:58,17.5,10.5,20.5')),
      summary: 'seen by two ([[:toolforge:editgroups-commons/b/CB/0123456789ab|details]])',
    });
    const shown = await text('/wiki/File:Practice_team_meeting_01.jpg');
    expect(shown).toContain('Items portrayed in this file');
    expect(shown).toContain('>Ada Practice</a>');
    expect(shown).toMatch(/For practice alone: .*@vladmandic\/face-api.* \(MIT licence/);
    expect(shown).toContain('58 % from the left');
    expect(shown).toContain('<rect x="58" y="17.5" width="10.5" height="20.5"');
    expect(shown).toContain('edit group 0123456789ab');
    expect(shown).toContain(wiki.hands.tagOf(wiki.client.id));
    expect(await text('/wiki/Special:RecentChanges')).toContain('Practice team meeting 01.jpg');
    expect(await text('/wiki/Q9001')).toContain('Practice team meeting 01.jpg');
    expect(await text('/wiki/Q9010')).toContain('Ada Practice');
  });

  test('a category shows those below it and its files', async () => {
    const shown = await text('/wiki/Category:Practice_photos');
    expect(shown).toContain('Practice portraits');
    expect(shown).toContain('330px-Practice_sofa_01.jpg');
  });

  test('everything from outside is escaped, and no page has a script or a style of its own', async () => {
    await wiki.hands.addFile({ title: 'Odd.jpg', description: '<img src=x onerror=alert(1)>' });
    const page = wiki.hands.page('File:Odd.jpg');
    const anna = new ApiUser(wiki, 'Practice Anna');
    const claim = depicts(`M${page.id}$7A1D2E10-0000-4000-8000-000000000002`, 'Q9001');
    await anna.write({ action: 'wbsetclaim', claim, summary: '<script>alert(1)</script> [[a"b<c|"><b>]]' });
    const answer = await fetch(`${wiki.url}/wiki/File:Odd.jpg`);
    const shown = await answer.text();
    expect(shown).not.toMatch(/<script|<style|style=|<img src=x|<b>/);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'/);
  });

  test('what is not there is not found', async () => {
    for (const path of ['/wiki/File:Nope.jpg', '/wiki/Nope', '/wiki/Special:Nope', '/images/0/00/Nope.jpg']) {
      expect((await fetch(`${wiki.url}${path}`)).status).toBe(404);
    }
  });

  test('a person can log in and out, and take an application its rights', async () => {
    const browser = new Browser();
    await logIn(wiki, browser, 'Practice Bo');
    const { accessToken } = wiki.hands.issueTokens('Practice Bo', wiki.client.id);
    const grants = `${wiki.url}/wiki/Special:OAuthManageMyGrants`;
    const page = await (await browser.get(grants)).text();
    expect(page).toContain('Visavis test');
    const done = await browser.post(grants, { ...fieldsOf(page), revoke: wiki.client.id });
    expect(await done.text()).toContain('has been revoked');
    const after = await fetch(`${wiki.url}/w/api.php?action=query&meta=userinfo&format=json`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(after.headers.get('MediaWiki-API-Error')).toBe('mwoauth-invalid-authorization');
    await browser.post(`${wiki.url}/wiki/Special:UserLogout`, fieldsOf(page));
    expect(await (await browser.get(`${wiki.url}/`)).status).toBe(302);
    expect(await (await browser.get(grants)).text()).toContain('Log in to see');
  });

  test('nobody is logged in as an account that is for show, or by a form from elsewhere', async () => {
    const browser = new Browser();
    const url = `${wiki.url}/wiki/Special:UserLogin`;
    const fields = fieldsOf(await (await browser.get(url)).text());
    expect((await browser.post(url, { ...fields, user: '90' })).status).toBe(403);
    expect((await browser.post(url, { ...fields, wpLoginToken: 'x', user: '1' })).status).toBe(403);
  });
});

describe('pictures', () => {
  test('come at the known widths only, and never as wide as the original', async () => {
    const anna = new ApiUser(wiki, 'Practice Anna');
    const reply = await anna.get({
      action: 'query',
      titles: 'File:Practice sofa 01.jpg',
      prop: 'imageinfo',
      iiprop: 'url|size',
      iiurlwidth: '330',
    });
    const info = imageInfoOf(reply);
    const url = String(info?.thumburl);
    const thumb = await fetch(url);
    expect([thumb.status, thumb.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const status = async (width: number) => (await fetch(url.replace('330px', `${width}px`))).status;
    expect(await Promise.all([20, 40, 60, 120, 250].map(status))).toEqual([200, 200, 200, 200, 200]);
    expect(await Promise.all([100, 320, 331, 640].map(status))).toEqual([429, 429, 429, 429]);
    expect(await Promise.all([500, 960, 3840].map(status))).toEqual([400, 400, 400]);
    const original = await fetch(String(info?.url));
    expect((await original.arrayBuffer()).byteLength).toBe(info?.size);
  });
});
