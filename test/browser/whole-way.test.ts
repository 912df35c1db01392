import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { practiceTruth } from '../../src/sandbox/practice/truth.ts';
import { openBrowser } from './browser.ts';
import { npmStart, type RunningProduct } from './product.ts';
import { RoomPage } from './room-page.ts';

const ADA = 'Q9001';

describe.skipIf(!inject('chromium'))('the whole way of a picture, by clicking', { timeout: 400_000 }, () => {
  let product: RunningProduct;
  let browser: BrowserContext;
  let page: Page;
  let room: RoomPage;
  const problems: string[] = [];

  beforeAll(async () => {
    product = await npmStart();
    browser = await openBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    // A page that breaks its own Content-Security-Policy, or throws, fails the test.
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`);
    });
    room = new RoomPage(page, ADA);
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await product?.stop();
  });

  it('starts with one clear paragraph and the address', () => {
    expect(product.output()).toContain('Practice mode');
    expect(product.output()).toContain(product.wikiUrl);
  });

  it('leads from the front page to the room', async () => {
    await page.goto(product.url);
    await page.getByRole('link', { name: 'Practice room' }).first().click();
    await page.waitForURL('**/room/practice');
    await room.message('Ada Practice');
  });

  it('links the chat name to an account, through the wiki and our own confirmation', async () => {
    await room.say('!visavis link');
    const [tab] = await Promise.all([
      browser.waitForEvent('page', { timeout: 1000 }).catch(() => page),
      (await room.message('Link your Wikimedia account'))
        .getByRole('link', { name: 'Link my account' })
        .click(),
    ]);
    tab.setDefaultTimeout(30_000);
    await tab
      .getByRole('link', { name: /sign in/i })
      .last()
      .click();
    await tab.getByRole('button', { name: /Practice Anna/ }).click();
    await tab.getByRole('button', { name: /allow/i }).click();
    await tab.waitForURL('**/link/**');
    expect(await tab.locator('main').innerText()).toContain('Practice Anna');
    await tab
      .getByRole('main')
      .getByRole('button', { name: /link|confirm|yes/i })
      .first()
      .click();
    await page.goto(`${product.url}/room/practice`);
    await room.message('You are now linked to the Wikimedia account Practice Anna');
  });

  it('asks about every face until the person is found wherever she is', async () => {
    let idle = 0;
    for (let answered = 0; answered < 60 && idle < 120; ) {
      if (await room.answerOne()) {
        answered++;
        idle = 0;
      } else {
        idle++;
        await page.waitForTimeout(500);
      }
      if (idle > 4 && idle % 5 === 0 && (await waitsForWriting())) break;
    }
    await page.goto(`${product.url}/projects/1?verdict=match`);
    const titles = await page.locator('main').innerText();
    for (const [title, { items }] of Object.entries(practiceTruth)) {
      const name = title.replace('File:', '');
      expect(titles.includes(name), name).toBe(items.includes(ADA));
    }
  });

  it('shows what it would write, and writes it under that account', async () => {
    await page.goto(`${product.url}/room/practice`);
    await room.say('!visavis write');
    const preview = await room.message('would be written under the name Practice Anna');
    expect(await preview.innerText()).toContain('CC0');
    expect(await statementsOnWiki('Practice team meeting 01')).toBe(false);
    await room.say('!visavis write yes');
    await room.message(/✅ done/);
    for (const [title, { items }] of Object.entries(practiceTruth)) {
      const name = title.replace('File:', '').replace(/\.jpg$/, '');
      expect(await statementsOnWiki(name), name).toBe(items.includes(ADA));
    }
  });

  it('names the editor and the run in the file’s history', async () => {
    await page.goto(`${product.wikiUrl}/wiki/File:Practice_team_meeting_01.jpg`);
    const text = await page.locator('body').innerText();
    expect(text).toContain('Practice Anna');
    expect(text).toContain('Visavis');
  });

  it('takes it all back, but nothing that was there before', async () => {
    await page.goto(`${product.url}/room/practice`);
    await room.say('!visavis undo yes');
    await room.message(/taken back/);
    await page.locator('li.msg', { hasText: 'taken back' }).filter({ hasText: '✅ done' }).first().waitFor();
    expect(await statementsOnWiki('Practice team meeting 01')).toBe(false);
    expect(await statementsOnWiki('Ada Practice at the practice evening')).toBe(true);
  });

  it('breaks no rule of its own pages', () => {
    expect(problems).toEqual([]);
  });

  async function waitsForWriting(): Promise<boolean> {
    const other = await browser.newPage();
    await other.goto(`${product.url}/projects/1`);
    const text = await other.locator('main').innerText();
    await other.close();
    return /0 open questions/.test(text);
  }

  async function statementsOnWiki(name: string): Promise<boolean> {
    const other = await browser.newPage();
    await other.goto(`${product.wikiUrl}/wiki/File:${encodeURIComponent(name.replaceAll(' ', '_'))}.jpg`);
    const depicted = other.locator('main, body').first();
    const section = await depicted.innerText();
    await other.close();
    const [, after = ''] = section.split(/Items portrayed in this file/i);
    return (after.split(/History|File history/i)[0] ?? '').includes('Ada Practice');
  }
});
