import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { LANGUAGE_COOKIE } from '../../src/web/middleware/language.ts';
import { routesOf } from '../web/attacks/routes.ts';
import { buildWorld, type Kind, type World } from '../web/attacks/world.ts';
import { barriers, faultsOfFocus, faultsOfLayout, untranslated } from './access/look.ts';
import { furnish, type PageOfSite, pagesOf, routesWithoutAddress } from './access/pages.ts';
import { PSEUDO, pseudoMessages } from './access/pseudo.ts';
import { openChromium } from './browser.ts';

const MOST_SHIFT = 0.05;
const PHONE = 360;
const DESKTOP = 1280;
/** All rules of axe-core in every combination takes minutes; what colours and widths change is looked at everywhere. */
const LONG = process.env.VISAVIS_LONG_TESTS === '1';
/** Pictures of every page, for people to look at. */
const SHOTS = process.env.VISAVIS_SHOTS_DIR;

/** Runs in the page before everything else. Colours that are on their way are not there yet: they change at once. */
const OBSERVE = `
  const still = new CSSStyleSheet();
  still.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important; }');
  document.adoptedStyleSheets = [still];
  window.shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) window.shift += entry.value;
  })).observe({ type: 'layout-shift', buffered: true });
`;

/** Pleasant with a phone, a keyboard and a screen reader: every page that the router knows. */
describe.skipIf(!inject('chromium'))('every page', { timeout: 600_000 }, () => {
  let world: World;
  let browser: Browser;
  let pages: PageOfSite[];
  const open = new Map<Kind, { context: BrowserContext; page: Page }>();
  const problems: string[] = [];

  beforeAll(async () => {
    const colours = { create: { width: 320, height: 240, channels: 3, background: '#8aa0b8' } } as const;
    const picture = await sharp(colours).jpeg().toBuffer();
    world = await buildWorld('sqlite', {
      messages: pseudoMessages(),
      pictureHosts: ['pictures.example'],
      crops: { crop: async () => ({ bytes: new Uint8Array(picture), type: 'image/jpeg' }) },
    });
    await furnish(world);
    pages = await pagesOf(world, routesOf(world.site.deps));
    browser = await openChromium();
    for (const who of new Set(pages.map((one) => one.who))) open.set(who, await person(who, picture));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await world?.dispose();
  });

  async function person(who: Kind, picture: Buffer) {
    const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
    const cookies = [...world.browsers[who].cookies].map(([name, value]) => ({
      name,
      value,
      url: world.site.url,
    }));
    await context.addCookies(cookies);
    await context.addInitScript(OBSERVE);
    // Pictures of the wiki: there is none here.
    await context.route(
      (url) => url.origin !== world.site.url,
      (route) => route.fulfill({ body: picture, contentType: 'image/jpeg' }),
    );
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error}`));
    page.on('console', (message) => {
      // Refusals are asked for on purpose.
      const isRefusal = /status of 40[0-9]/.test(message.text());
      if (message.type() === 'error' && !isRefusal) problems.push(`${page.url()}: ${message.text()}`);
    });
    return { context, page };
  }

  async function goTo({ who, address }: PageOfSite, given: { width: number; dark: boolean }): Promise<Page> {
    const { page } = open.get(who) ?? {};
    if (!page) throw new Error(`nobody is ${who}`);
    await look(page, given);
    const response = await page.goto(world.site.url + address, { waitUntil: 'load' });
    if (!response || response.status() >= 500) throw new Error(`${address} failed: ${response?.status()}`);
    return page;
  }
  async function look(page: Page, { width, dark }: { width: number; dark: boolean }): Promise<void> {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  }
  async function shoot(page: Page, { who, address }: PageOfSite, how: string): Promise<void> {
    if (!SHOTS) return;
    mkdirSync(SHOTS, { recursive: true });
    const name = `${address.replace(/\W+/g, '_')}-${who}-${how}.png`;
    await page.screenshot({ path: join(SHOTS, name), fullPage: true });
  }
  /** Every fault of every page, so that one run tells all. */
  async function all(each: (page: PageOfSite) => Promise<string[]>): Promise<string[]> {
    const found: string[] = [];
    for (const one of pages)
      found.push(...(await each(one)).map((fault) => `${one.name} (${one.who}): ${fault}`));
    return [...new Set(found)];
  }

  it('is one that the router knows, and is visited', () => {
    expect(routesWithoutAddress(routesOf(world.site.deps))).toEqual([]);
    const names = new Set(pages.map(({ name }) => name));
    for (const name of [
      'GET /',
      'GET /projects/:id',
      'GET /projects/:id/review',
      'GET /admin/log',
      'GET /room/:channel',
    ])
      expect(names).toContain(name);
    expect(names.size).toBeGreaterThan(30);
  });

  it('on a desktop: nobody is kept out, nothing is cut or covered, the focus is seen, nothing jumps', async () => {
    const faults = await all(async (one) => {
      const page = await goTo(one, { width: DESKTOP, dark: false });
      await shoot(page, one, 'desktop');
      const found = [
        ...(await faultsOfLayout(page)),
        ...(await barriers(page)),
        ...(await faultsOfShift(page)),
      ];
      await look(page, { width: DESKTOP, dark: true });
      await shoot(page, one, 'desktop-dark');
      found.push(...(await barriers(page, LONG ? null : ['color-contrast'])));
      return [...found, ...(await faultsOfFocus(page))];
    });
    expect(faults).toEqual([]);
  });

  it('on a phone, in the dark', async () => {
    const faults = await all(async (one) => {
      const page = await goTo(one, { width: PHONE, dark: true });
      await shoot(page, one, 'phone-dark');
      const found = [
        ...(await faultsOfLayout(page)),
        ...(await barriers(
          page,
          LONG ? null : ['color-contrast', 'target-size', 'scrollable-region-focusable'],
        )),
        ...(await faultsOfShift(page)),
      ];
      if (LONG || SHOTS) {
        await look(page, { width: PHONE, dark: false });
        await shoot(page, one, 'phone');
        found.push(...(await barriers(page)));
      }
      return found;
    });
    expect(faults).toEqual([]);
  });

  it('from right to left, in longer words, and every word is a message', async () => {
    const language = { name: LANGUAGE_COOKIE, value: PSEUDO, url: world.site.url };
    for (const { context } of open.values()) await context.addCookies([language]);
    const faults = await all(async (one) => {
      const page = await goTo(one, { width: PHONE, dark: false });
      await shoot(page, one, 'rtl');
      const direction = await page.evaluate<string>(
        `document.documentElement.lang + ' ' + document.documentElement.dir + ' ' + getComputedStyle(document.body).direction`,
      );
      const found = direction === `${PSEUDO} rtl rtl` ? [] : [`direction ${direction}`];
      found.push(...(await faultsOfLayout(page)), ...(await untranslated(page)));
      await look(page, { width: DESKTOP, dark: false });
      return [...found, ...(await faultsOfLayout(page))];
    });
    expect(faults).toEqual([]);
  });

  it('breaks no rule of its own policy', () => {
    expect(problems).toEqual([]);
  });

  async function faultsOfShift(page: Page): Promise<string[]> {
    // Pictures further down are loaded when they are near.
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    const shift = await page.evaluate<number>('window.shift');
    return shift > MOST_SHIFT ? [`jumps by ${shift.toFixed(3)}`] : [];
  }
});
