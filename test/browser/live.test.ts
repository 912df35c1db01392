import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { ProjectState } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addBigProject } from '../support/big-project.ts';
import { freshStore } from '../support/stores.ts';
import { type Site, startSite } from '../web/support/site.ts';
import { openBrowser } from './browser.ts';

/** A large project: its numbers are kept, and visitors see older ones until they are counted again. */
describe.skipIf(!inject('chromium'))('an open page of a large project', { timeout: 120_000 }, () => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  let id: number;
  let page: Page;

  beforeAll(async () => {
    const fresh = await freshStore();
    store = fresh.store;
    site = await startSite(store);
    const context = await openBrowser({ width: 1280, dark: false });
    dispose = async () => {
      await context.close();
      await site.close();
      await fresh.dispose();
    };
    ({ id } = await addBigProject(store, { faces: 1200, now: Date.now() }));
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
  }, 120_000);
  afterAll(() => dispose?.());

  async function change(state: ProjectState): Promise<void> {
    await store.db.updateTable('projects').set({ state }).where('id', '=', id).execute();
    site.deps.nudges.nudge(`project:${id}`);
  }

  it('comes to the right numbers by itself, each time, in the language of its address', async () => {
    await page.goto(`${site.url}/projects/${id}?uselang=nb`);
    const chip = page.locator('.project-head .chip');
    expect(await chip.count()).toBe(0);
    await change('paused');
    await chip.getByText('på pause').waitFor();
    expect(await page.locator('.now__text').innerText()).toContain('Satt på pause');
    await change('completed');
    await chip.getByText('fullført').waitFor();
    await change('active');
    await chip.waitFor({ state: 'detached' });
  });

  it('a part whose address says nothing of the language comes in that of the page', async () => {
    await page.goto(`${site.url}/projects/${id}?uselang=fr`);
    const module = await page
      .locator('script[type=module]')
      .first()
      .evaluate((script) => script.src);
    // In words, because the import is the browser's.
    const heading = await page.evaluate(
      `import(${JSON.stringify(new URL('live.js', module).href)})
        .then(({ fetchFragment }) => fetchFragment('/projects/${id}/live'))
        .then((fragment) => fragment.querySelector('#faces').textContent)`,
    );
    expect(heading).toBe(await page.locator('#faces').innerText());
    expect(heading).not.toBe('Faces');
  });
});
