import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { practiceTruth } from '../../src/sandbox/practice/truth.ts';
import { openBrowser } from './browser.ts';
import { npmStart, type RunningProduct } from './product.ts';

const ADA = 'Q9001';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** An owner with a keyboard, and a member on a narrow screen without JavaScript. */
describe.skipIf(!inject('chromium'))('members and answers on the site', { timeout: 300_000 }, () => {
  let product: RunningProduct;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];
  let chen: Page;
  let anna: Page;

  beforeAll(async () => {
    product = await npmStart();
    chen = await person('Practice Chen', { dark: true });
    anna = await person('Practice Anna', { width: 360, javaScript: false });
  }, 240_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await product?.stop();
  });

  async function person(name: string, options: Parameters<typeof openBrowser>[0]): Promise<Page> {
    const context = await openBrowser(options);
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`);
    });
    await page.goto(`${product.url}/sign-in?next=/`);
    await page.getByRole('button', { name: new RegExp(name) }).click();
    await page.getByRole('button', { name: /allow/i }).click();
    await page.waitForURL(`${product.url}/**`);
    return page;
  }

  /** Nothing is wider than the screen, and nobody is kept out (axe-core: serious and critical). */
  async function isWell(page: Page): Promise<void> {
    const extra = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect([page.url(), extra]).toEqual([page.url(), 0]);
    // Without JavaScript nothing runs that could look.
    if (page === anna) return;
    await page.evaluate(AXE);
    const found = await page.evaluate<Found[]>('axe.run().then((results) => results.violations)');
    const bad = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(bad.map(({ id, nodes }) => [page.url(), id, nodes[0]?.html])).toEqual([]);
  }

  /** What the page asks about, by its form. */
  async function asked(page: Page): Promise<{ faces: string[]; title: string }> {
    const faces = await page.locator('input[name=faces]').inputValue();
    return { faces: faces.split(','), title: await page.locator('.review__by a').first().innerText() };
  }

  /** Which of the numbered faces is Ada: -1 for none of them. */
  function rightAnswer({ faces, title }: { faces: string[]; title: string }): number {
    const truth = practiceTruth[`File:${title}`];
    if (!truth) throw new Error(`no practice photo is called ${title}`);
    if (faces.length === 1) return truth.items.includes(ADA) ? 0 : -1;
    return truth.faces.findIndex((face) => face.item === ADA);
  }

  /** The page with a question, once the worker has looked at pictures: without one it loads itself anew. */
  async function review(page: Page): Promise<void> {
    const address = `${product.url}/projects/1/review`;
    for (let tries = 0; tries < 120; tries++) {
      const html = await (await page.request.get(address)).text();
      if (html.includes('review__answers')) return void (await page.goto(address));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error('nobody asks anything');
  }

  it('an owner makes a code, and somebody joins with it', async () => {
    await chen.goto(`${product.url}/projects/1/members`);
    await chen.getByRole('button', { name: 'Make a code' }).click();
    await isWell(chen);
    const code = await chen.locator('.code__value').innerText();
    expect(code).toMatch(/^([2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}$/);
    await anna.goto(`${product.url}/join`);
    await anna.getByRole('textbox', { name: 'Invitation code' }).fill(code.toLowerCase());
    await anna.getByRole('button', { name: 'Look it up' }).click();
    await isWell(anna);
    await anna.getByRole('button', { name: 'Yes, join as Practice Anna' }).click();
    await anna.getByText('You are a member now.').waitFor();
    await chen.goto(`${product.url}/projects/1/members`);
    await chen.getByText('1 person has joined with it').waitFor();
    await chen.getByRole('button', { name: 'Revoke' }).click();
    await chen.getByText('The invitation was revoked.').waitFor();
  });

  it('answers with the keyboard alone, looks closer, and takes an answer back', async () => {
    await review(chen);
    await isWell(chen);
    const first = await asked(chen);
    const whole = await chen.locator('[data-photo]').getAttribute('viewBox');
    // A face that fills the picture cannot be looked at more closely.
    if (await chen.getByRole('button', { name: /Closer/ }).isVisible()) {
      await chen.keyboard.press('z');
      expect(await chen.locator('[data-photo]').getAttribute('viewBox')).not.toBe(whole);
      await chen.keyboard.press('z');
      expect(await chen.locator('[data-photo]').getAttribute('viewBox')).toBe(whole);
    }
    const right = rightAnswer(first);
    const key = right < 0 ? 'n' : first.faces.length === 1 ? 'y' : String(right + 1);
    await press(chen, key);
    await chen.getByText('Your last answer:').waitFor();
    await press(chen, 'u');
    expect(await asked(chen)).toEqual(first);
    await press(chen, key);
    await chen.getByText('Your last answer:').waitFor();
  });

  it('does nothing with keys that were switched off', async () => {
    await review(chen);
    const before = await asked(chen);
    await chen.getByRole('checkbox', { name: 'Single letters act at once' }).uncheck();
    await chen.keyboard.press('n');
    await chen.keyboard.press('s');
    await chen.reload();
    expect(await asked(chen)).toEqual(before);
    await chen.getByRole('checkbox', { name: 'Single letters act at once' }).check();
  });

  it('answers without JavaScript, on a narrow screen', async () => {
    await review(anna);
    await isWell(anna);
    const first = await asked(anna);
    const right = rightAnswer(first);
    if (right < 0)
      await anna.getByRole('button', { name: first.faces.length > 1 ? /None of them/ : /^No/ }).click();
    else if (first.faces.length === 1) await anna.getByRole('button', { name: /^Yes/ }).click();
    else await anna.getByRole('button', { name: `Face ${right + 1} is` }).click();
    await anna.getByText('Your last answer:').waitFor();
    await anna.getByRole('button', { name: /^Undo/ }).click();
    await anna.waitForURL('**/review**');
    expect(await anna.getByText('Your last answer:').count()).toBe(0);
  });

  it('an owner changes the rules and shuts somebody out', async () => {
    await chen.goto(`${product.url}/projects/1/settings`);
    await isWell(chen);
    await chen.getByRole('textbox', { name: 'Title of the project' }).fill('Ada everywhere');
    await chen.getByRole('spinbutton', { name: 'People who must agree' }).fill('2');
    await chen.getByRole('button', { name: 'Save', exact: true }).first().click();
    await chen.getByText('Saved.').waitFor();
    await chen.goto(`${product.url}/projects/1/members`);
    await chen.getByText('Manage').click();
    await chen.locator('summary', { hasText: 'Shut out' }).click();
    await chen.getByRole('checkbox', { name: /Count every verdict again/ }).check();
    await chen.getByRole('button', { name: 'Yes: Shut out' }).click();
    await chen.getByText('Everything was counted without these answers.').waitFor();
    const response = await anna.goto(`${product.url}/projects/1/review`);
    expect(response?.status()).toBe(403);
    problems.splice(0, problems.length, ...problems.filter((text) => !text.includes('403 (Forbidden)')));
    expect(await anna.locator('h1').innerText()).toBe('Not allowed');
  });

  it('somebody has the own data deleted', async () => {
    await anna.goto(`${product.url}/account`);
    await anna.getByRole('link', { name: 'Delete my data' }).click();
    await isWell(anna);
    await anna.getByRole('checkbox', { name: /Yes, delete my data/ }).check();
    await anna.getByRole('button', { name: 'Delete my data' }).click();
    await anna.getByText('Your data was deleted.').waitFor();
    expect(await anna.getByRole('link', { name: 'Sign in' }).count()).toBe(1);
  });

  it('breaks no rule of its own pages', () => {
    expect(problems).toEqual([]);
  });

  /** A key that sends a form: the page that answers is loaded. */
  async function press(page: Page, key: string): Promise<void> {
    await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
  }
});
