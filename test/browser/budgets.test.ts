import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { addBigProject } from '../support/big-project.ts';
import { addMember } from '../support/people.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from '../web/support/browser.ts';
import { type Site, startSite } from '../web/support/site.ts';
import { openBrowser } from './browser.ts';

/** What the first page of a large gallery may cost; how long it takes is printed, because machines differ. */
const MOST_BYTES = 150_000;
const MOST_SHIFT = 0.05;

interface Measured {
  /** Milliseconds after the navigation began. */
  readonly paint: number;
  readonly shift: number;
  /** Milliseconds; 0: no task took 50 ms or longer. */
  readonly longestTask: number;
}

/** Runs in the page before everything else. */
const OBSERVE = `
  window.measured = { paint: 0, shift: 0, longestTask: 0 };
  const observe = (type, each) =>
    new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
  observe('largest-contentful-paint', (entry) => { measured.paint = entry.startTime; });
  observe('layout-shift', (entry) => { if (!entry.hadRecentInput) measured.shift += entry.value; });
  observe('longtask', (entry) => { measured.longestTask = Math.max(measured.longestTask, entry.duration); });
`;

describe.skipIf(!inject('chromium'))('the gallery of 5,000 faces', { timeout: 240_000 }, () => {
  let site: Site;
  let dispose: () => Promise<void>;
  let project: number;
  let member: Browser;

  beforeAll(async () => {
    const fresh = await freshStore();
    const { store } = fresh;
    const colours = { create: { width: 160, height: 160, channels: 3, background: '#8aa0b8' } } as const;
    const bytes = new Uint8Array(await sharp(colours).jpeg().toBuffer());
    site = await startSite(store, { crops: { crop: async () => ({ bytes, type: 'image/jpeg' }) } });
    dispose = async () => {
      await site.close();
      await fresh.dispose();
    };
    project = (await addBigProject(store, { faces: 5000, now: Date.now() })).id;
    // Members have a form below every face.
    member = new Browser(site.url);
    await member.signIn('Practice Anna');
    const { account_id } = await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', 'Practice Anna')
      .executeTakeFirstOrThrow();
    await addMember(store, project, { accountId: account_id });
  }, 240_000);
  afterAll(() => dispose?.());

  it.each([
    [360, false],
    [1280, false],
    [360, true],
    [1280, true],
  ])('%i px, dark: %s', async (width, dark) => {
    const context = await openBrowser({ width, dark });
    try {
      await context.addCookies([...member.cookies].map(([name, value]) => ({ name, value, url: site.url })));
      const page = await context.newPage();
      await page.addInitScript(OBSERVE);
      const network = await context.newCDPSession(page);
      await network.send('Network.enable');
      const types = new Map<string, string>();
      const bytes = { pictures: 0, others: 0 };
      network.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
      network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        bytes[types.get(requestId) === 'Image' ? 'pictures' : 'others'] += encodedDataLength;
      });
      await page.goto(`${site.url}/projects/${project}`, { waitUntil: 'load' });
      expect(await page.locator('.face').count()).toBe(24);
      expect(await page.locator('.face form').count()).toBe(24);
      expect(await page.locator('.chart').count()).toBe(2);
      // Pictures further down are loaded when they are near; nothing may jump then.
      for (const face of await page.locator('.face img').all()) await face.scrollIntoViewIfNeeded();
      const areComplete = `[...document.querySelectorAll('.face img')].every((image) => image.complete)`;
      await expect.poll(() => page.evaluate<boolean>(areComplete), { timeout: 60_000 }).toBe(true);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      // The observers are told at the next frame.
      await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
      const { paint, shift, longestTask } = await page.evaluate<Measured>('measured');
      process.stdout.write(
        `gallery at ${width} px${dark ? ', dark' : ''}: ${bytes.others} bytes without pictures, ` +
          `largest paint ${Math.round(paint)} ms, shift ${shift.toFixed(4)}, longest task ${Math.round(longestTask)} ms\n`,
      );
      expect(wide).toBe(0);
      expect(bytes.others).toBeGreaterThan(20_000);
      expect(bytes.others).toBeLessThan(MOST_BYTES);
      expect(shift).toBeLessThanOrEqual(MOST_SHIFT);
      expect(paint).toBeGreaterThan(0);
    } finally {
      await context.close();
    }
  });
});
