import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openBrowser } from './browser.ts';
import { npmStart, type RunningProduct } from './product.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}
interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Boxes by mouse, finger and keys, and as plain forms without JavaScript. */
describe.skipIf(!inject('chromium'))('boxes that people draw', { timeout: 300_000 }, () => {
  let product: RunningProduct;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    product = await npmStart();
  }, 240_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await product?.stop();
  });

  async function signedIn(options: Parameters<typeof openBrowser>[0]): Promise<Page> {
    const context = await openBrowser(options);
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`);
    });
    await page.goto(`${product.url}/sign-in?next=/`);
    await page.getByRole('button', { name: /Practice Chen/ }).click();
    await page.getByRole('button', { name: /allow/i }).click();
    await page.waitForURL(`${product.url}/**`);
    return page;
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

  /** Nothing is wider than the screen, and nobody is kept out (axe-core: serious and critical). */
  async function isWell(page: Page): Promise<void> {
    const extra = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect([page.url(), extra]).toEqual([page.url(), 0]);
    await page.evaluate(AXE);
    const found = await page.evaluate<Found[]>('axe.run().then((results) => results.violations)');
    const bad = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(bad.map(({ id, nodes }) => [page.url(), id, nodes[0]?.html])).toEqual([]);
  }

  /** What the form would keep, in per cent. */
  async function place(page: Page): Promise<Place> {
    const read = async (name: string) =>
      Number(await page.locator(`[data-keep] input[name=${name}]`).inputValue());
    return { x: await read('x'), y: await read('y'), w: await read('w'), h: await read('h') };
  }

  /** Pixels of a small screen are whole ones. */
  function isNear(found: Place, wanted: Place): void {
    for (const side of ['x', 'y', 'w', 'h'] as const)
      expect([side, Math.abs(found[side] - wanted[side]) < 1.5, found]).toEqual([side, true, found]);
  }

  /** Where a point of the picture, in per cent, is on the screen. */
  async function onScreen(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
    return page.locator('[data-photo]').evaluate(
      (photo, [across, down]) => {
        const svg = photo as unknown as {
          getAttribute(name: string): string;
          getScreenCTM(): { a: number; d: number; e: number; f: number };
        };
        const { a, d, e, f } = svg.getScreenCTM();
        return {
          x: e + (a * Number(svg.getAttribute('width')) * (across ?? 0)) / 100,
          y: f + (d * Number(svg.getAttribute('height')) * (down ?? 0)) / 100,
        };
      },
      [x, y],
    );
  }

  async function dragMouse(page: Page, from: [number, number], to: [number, number]): Promise<void> {
    // To the middle of the window: the head of the page lies over its top.
    const { y } = await onScreen(page, ...from);
    await page.evaluate(`scrollBy({ top: ${y - 450}, behavior: 'instant' })`);
    const [start, end] = [await onScreen(page, ...from), await onScreen(page, ...to)];
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    await page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2);
    await page.mouse.move(end.x, end.y);
    await page.mouse.up();
  }

  async function touch(cdp: CDPSession, type: 'Start' | 'Move' | 'End', points: { x: number; y: number }[]) {
    await cdp.send('Input.dispatchTouchEvent', {
      type: `touch${type}`,
      touchPoints: points.map(({ x, y }, id) => ({ x, y, id })),
    });
  }

  const keep = (page: Page) =>
    Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Keep this box' }).click()]);
  const facesAsked = (page: Page) => page.locator('.review__answers input[name=faces]').inputValue();
  const viewBox = (page: Page) => page.locator('[data-photo]').getAttribute('viewBox');

  describe('with a mouse', () => {
    let page: Page;
    beforeAll(async () => {
      page = await signedIn({});
      await review(page);
    }, 120_000);

    it('draws a missing face on the page of a question, which then asks about it too', async () => {
      const before = await facesAsked(page);
      await page.getByRole('link', { name: /Draw a missing face/ }).click();
      await isWell(page);
      await dragMouse(page, [2, 2], [10, 14]);
      isNear(await place(page), { x: 2, y: 2, w: 8, h: 12 });
      await dragMouse(page, [6, 8], [9, 11]);
      isNear(await place(page), { x: 5, y: 5, w: 8, h: 12 });
      await dragMouse(page, [13, 17], [17, 21]);
      isNear(await place(page), { x: 5, y: 5, w: 12, h: 16 });
      await page.getByRole('combobox', { name: 'Who is it?' }).selectOption({ label: 'I do not say' });
      await keep(page);
      const after = await facesAsked(page);
      expect(after.startsWith(`${before},`)).toBe(true);
      expect(after.split(',')).toHaveLength(before.split(',').length + 1);
    });

    it('enlarges the picture with buttons and the wheel, moves it, and draws in it', async () => {
      await review(page);
      const whole = await viewBox(page);
      await page.getByRole('button', { name: 'Zoom in' }).click();
      const larger = await viewBox(page);
      expect(larger).not.toBe(whole);
      await dragMouse(page, [50, 50], [40, 45]);
      const moved = await viewBox(page);
      expect(moved).not.toBe(larger);
      const middle = await onScreen(page, 50, 50);
      await page.mouse.move(middle.x, middle.y);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -200);
      await page.keyboard.up('Control');
      await expect.poll(() => viewBox(page)).not.toBe(moved);
      const closest = await viewBox(page);
      await page.getByRole('link', { name: /Draw a missing face/ }).click();
      const [x = 0, y = 0, w = 0, h = 0] = (closest ?? '').split(' ').map(Number);
      const [, , width = 1, height = 1] = (whole ?? '').split(' ').map(Number);
      const { x: left, y: top } = await place(page);
      expect(left).toBeGreaterThan((100 * x) / width);
      expect(left).toBeLessThan((100 * (x + w)) / width);
      expect(top).toBeGreaterThan((100 * y) / height);
      expect(top).toBeLessThan((100 * (y + h)) / height);
      await page.getByRole('button', { name: 'Drop it' }).click();
      expect(await page.locator('[data-keep]').isHidden()).toBe(true);
    });

    it('draws the box of a face anew on its page, which shows who did', async () => {
      const [face = ''] = (await facesAsked(page)).split(',');
      await page.goto(`${product.url}/faces/${face}`);
      await isWell(page);
      await page.getByRole('link', { name: /Redraw the box/ }).click();
      const { x, y, w, h } = await place(page);
      await dragMouse(page, [x, y], [x + w / 8, y + h / 8]);
      isNear(await place(page), { x: x + w / 8, y: y + h / 8, w: (w * 7) / 8, h: (h * 7) / 8 });
      await keep(page);
      await page.getByText('The box was changed.').waitFor();
      await page.getByText('Practice Chen drew the box anew').waitFor();
      expect(await page.locator('.portrait--large').getAttribute('src')).toBe(
        `/faces/${face}/crop.jpg?box=1`,
      );
    });
  });

  describe('with the keyboard alone', () => {
    let page: Page;
    beforeAll(async () => {
      page = await signedIn({ dark: true });
      await review(page);
    }, 120_000);

    it('moves and resizes a box with arrows, hears where it is, and drops it', async () => {
      await page.keyboard.press('d');
      const said = page.locator('[data-say]');
      expect(await said.innerText()).toContain('Arrow keys move it');
      await isWell(page);
      const first = await place(page);
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Shift+ArrowDown');
      await page.keyboard.press('Shift+ArrowLeft');
      const second = await place(page);
      expect([second.x > first.x, second.y < first.y, second.h > first.h, second.w < first.w]).toEqual(
        Array(4).fill(true),
      );
      const words = `${Math.round(second.x)} % from the left`;
      await expect.poll(() => said.innerText(), { timeout: 20_000 }).toContain(words);
      const asked = await facesAsked(page);
      // No letter answers while a box is drawn.
      await page.keyboard.press('n');
      await page.keyboard.press('+');
      expect(await facesAsked(page)).toBe(asked);
      await page.keyboard.press('Escape');
      expect(await said.innerText()).toBe('The box was dropped.');
      expect(await page.locator('[data-keep]').isHidden()).toBe(true);
    });

    it('keeps one with Enter, as the person who is asked for: one answer, and the next question', async () => {
      await review(page);
      await page.keyboard.press('d');
      // To the lower right corner, where the practice photos show nobody.
      for (let i = 0; i < 60; i++) {
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press('ArrowDown');
      }
      const { x, w, y, h } = await place(page);
      expect([Math.round(x + w), Math.round(y + h)]).toEqual([100, 100]);
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      await page.getByText('Your last answer:').waitFor();
      await Promise.all([page.waitForNavigation(), page.keyboard.press('u')]);
    });

    it('enlarges with + and Z, and moves the picture with arrows', async () => {
      await review(page);
      const whole = await viewBox(page);
      await page.keyboard.press('+');
      const larger = await viewBox(page);
      expect(larger).not.toBe(whole);
      await page.locator('[data-photo]').focus();
      await page.keyboard.press('ArrowRight');
      expect(await viewBox(page)).not.toBe(larger);
      await page.keyboard.press('-');
      expect(await viewBox(page)).toBe(whole);
    });
  });

  describe('with fingers, on a narrow screen', () => {
    it('pinches, draws by moving the box, and keeps it', async () => {
      const page = await signedIn({ width: 360, touch: true });
      await review(page);
      await page.locator('[data-photo]').scrollIntoViewIfNeeded();
      const cdp = await page.context().newCDPSession(page);
      const whole = await viewBox(page);
      const [left, right] = [await onScreen(page, 40, 50), await onScreen(page, 60, 50)];
      await touch(cdp, 'Start', [left, right]);
      for (const way of [20, 40, 60])
        await touch(cdp, 'Move', [
          { ...left, x: left.x - way },
          { ...right, x: right.x + way },
        ]);
      await touch(cdp, 'End', []);
      expect(await viewBox(page)).not.toBe(whole);
      while (await page.getByRole('button', { name: 'Zoom out' }).isEnabled())
        await page.getByRole('button', { name: 'Zoom out' }).click();
      expect(await viewBox(page)).toBe(whole);
      await page.getByRole('link', { name: /Draw a missing face/ }).click();
      await page.locator('[data-photo]').scrollIntoViewIfNeeded();
      await isWell(page);
      const before = await place(page);
      const middle = [before.x + before.w / 2, before.y + before.h / 2] as const;
      const [start, end] = [await onScreen(page, ...middle), await onScreen(page, middle[0], middle[1] + 10)];
      await touch(cdp, 'Start', [start]);
      await touch(cdp, 'Move', [{ x: start.x, y: (start.y + end.y) / 2 }]);
      await touch(cdp, 'Move', [end]);
      await touch(cdp, 'End', []);
      const after = await place(page);
      isNear(after, { ...before, y: before.y + 10 });
      await page.getByRole('combobox', { name: 'Who is it?' }).selectOption({ label: 'I do not say' });
      await keep(page);
      expect(page.url()).toContain('/projects/1/review');
    });
  });

  describe('without JavaScript', () => {
    let page: Page;
    beforeAll(async () => {
      page = await signedIn({ width: 360, javaScript: false });
      await review(page);
    }, 120_000);

    it('draws a face by numbers, after a look at it, and withdraws it', async () => {
      await page.getByRole('link', { name: /Draw a missing face/ }).click();
      for (const [label, value] of [
        ['From the left', '90'],
        ['From the top', '2'],
        ['Width', '30'],
        ['Height', '9'],
      ] as const)
        await page.getByRole('textbox', { name: label }).fill(value);
      await page.getByRole('button', { name: 'Show it in the picture' }).click();
      await page.getByText('The box does not lie inside the picture.').waitFor();
      await page.getByRole('textbox', { name: 'Width' }).fill('8,5');
      await page.getByRole('button', { name: 'Show it in the picture' }).click();
      expect(await page.locator('.photo__draft').count()).toBe(1);
      await page.getByRole('combobox', { name: 'Who is it?' }).selectOption({ label: 'I do not say' });
      await page.getByRole('button', { name: 'Keep this box' }).click();
      const face = (await facesAsked(page)).split(',').at(-1);
      await page.goto(`${product.url}/faces/${face}`);
      await page.getByText('Practice Chen drew this face').waitFor();
      await page.getByRole('button', { name: 'Withdraw this face' }).click();
      await page.getByText('The face was withdrawn.', { exact: true }).waitFor();
      expect(await page.locator('[data-photo]').count()).toBe(0);
    });
  });

  it('breaks no rule of its own pages', () => {
    expect(problems).toEqual([]);
  });
});
