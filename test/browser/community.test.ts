import type { BrowserContext, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openBrowser } from './browser.ts';
import { npmStart, type RunningProduct } from './product.ts';
import { ANSWERED, RoomPage, SAID } from './room-page.ts';

const ADA = 'Q9001';
const CHANNEL = 'community';
const BY_ANNA_AND_ELI = /: Practice Anna, Practice Eli/;

/** Asking, agreeing and disputing, played by three members and an owner, each in a browser of their own. */
describe.skipIf(!inject('chromium'))('a community in the practice room', { timeout: 400_000 }, () => {
  let product: RunningProduct;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];
  let anna: RoomPage;
  let bo: RoomPage;
  let eli: RoomPage;
  let chen: RoomPage;
  /** Faces that were asked about below these messages are done with. */
  const done = new Set<string>();

  beforeAll(async () => {
    product = await npmStart();
    [anna, bo, eli, chen] = await Promise.all([person(), person(), person(), person()]);
  }, 240_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await product?.stop();
  });

  async function person(): Promise<RoomPage> {
    const context = await openBrowser();
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      // The form was refused on purpose, twice.
      const isRefusal = message.location().url.endsWith('/projects/new') && / 40[09] /.test(message.text());
      if (message.type() === 'error' && !isRefusal)
        problems.push(`${message.text()} ${message.location().url}`);
    });
    return new RoomPage(page, ADA, CHANNEL);
  }

  async function link(room: RoomPage, name: string): Promise<void> {
    const { page } = room;
    await page.goto(`${product.url}/room/${CHANNEL}`);
    await room.say('!visavis link');
    const invitation = await room.message('Link your Wikimedia account');
    const address = await invitation.getByRole('link', { name: 'Link my account' }).getAttribute('href');
    await page.goto(new URL(address ?? '', product.url).href);
    // Whoever has signed in before is asked to confirm at once.
    const signIn = page.getByRole('main').getByRole('link', { name: /sign in/i });
    if ((await signIn.count()) > 0) {
      await signIn.last().click();
      await page.getByRole('button', { name: new RegExp(name) }).click();
      await page.getByRole('button', { name: /allow/i }).click();
      await page.waitForURL('**/link/**');
    }
    await page
      .getByRole('main')
      .getByRole('button', { name: /link|confirm|yes/i })
      .first()
      .click();
    await page.goto(`${product.url}/room/${CHANNEL}`);
    await room.message(`You are now linked to the Wikimedia account ${name}`);
  }

  /** The first question of this kind that nobody here has answered; waits for one. */
  async function question(title: RegExp): Promise<{ id: string; card: Locator }> {
    for (let tries = 0; tries < 60; tries++) {
      const cards = anna.page.locator('li.msg:has(.pill)').filter({ hasText: title });
      for (const card of await cards.all()) {
        const id = (await card.getAttribute('id')) ?? '';
        const isOpen = (await card.getByText('not sure').count()) > 0;
        if (isOpen && !done.has(id)) return { id, card };
      }
      await anna.page.waitForTimeout(500);
    }
    throw new Error(`nobody asks ${title}`);
  }
  const answer = async (room: RoomPage, id: string, emoji: readonly string[]) => {
    for (const one of emoji) await room.press(id, one);
  };
  const shows = async (id: string, text: string | RegExp) =>
    anna.page.locator(`#${id}`, { hasText: text }).waitFor({ timeout: 60_000 });
  const textOf = (id: string) => anna.page.locator(`#${id}`).innerText();
  /** The first open question whose text is as wanted; Anna and Eli answer those that stand before it. */
  async function answerUntil(
    isWanted: (text: string) => boolean,
  ): Promise<{ id: string; card: Locator; right: string[] }> {
    for (let answered = 0; answered < 20; answered++) {
      const next = await question(/Is this|Which of these|Are all of these/);
      const right = await anna.answersTo(next.card);
      if (isWanted(await next.card.innerText())) return { ...next, right };
      await answer(anna, next.id, right);
      await answer(eli, next.id, right);
      await shows(next.id, ANSWERED);
      done.add(next.id);
    }
    throw new Error('no such question came');
  }
  /** The opposite of the truth. */
  const wrong = (right: readonly string[]) =>
    right.includes('✅') ? ['❌'] : right.includes('❌') ? ['✅'] : right.includes('🚫') ? ['1️⃣'] : ['🚫'];

  it('an owner makes a project that needs two votes, and binds a channel of the room to it', async () => {
    const { page } = chen;
    await page.goto(`${product.url}/sign-in?next=/projects/new`);
    await page.getByRole('button', { name: /Practice Chen/ }).click();
    await page.getByRole('button', { name: /allow/i }).click();
    await page.waitForURL('**/projects/new');
    await page.getByRole('textbox', { name: 'Wikidata items' }).fill(ADA);
    await page.getByRole('textbox', { name: 'Category on Commons' }).fill('Practice photos');
    await page
      .getByRole('spinbutton', { name: /votes|people/i })
      .first()
      .fill('2');
    await page.getByRole('checkbox', { name: 'Open project' }).check();
    await page.getByRole('button', { name: 'Set up the project' }).click();
    // Ada has no date of death.
    expect(await page.locator('main').innerText()).toContain('about living people');
    await page.getByRole('checkbox', { name: /identifiable people/ }).check();
    await page.getByRole('button', { name: 'Set up the project' }).click();
    // The practice project looks for her in the same category.
    expect(await page.locator('main').innerText()).toContain('Where is Ada Practice?');
    await page.getByRole('checkbox', { name: 'Make it anyway' }).check();
    await page.getByRole('button', { name: 'Set up the project' }).click();
    await page.waitForURL('**/projects/2?done=created');
    await link(chen, 'Practice Chen');
    await chen.say('!visavis setup 2');
    await chen.message('This channel now belongs to the project');
  });

  it('three members link their chat names', async () => {
    await link(anna, 'Practice Anna');
    await link(bo, 'Practice Bo');
    await link(eli, 'Practice Eli');
  });

  it('one vote is not enough, a vote taken back counts no more, two that agree decide', async () => {
    const { id, card } = await question(/Is this|Which of these/);
    const right = await anna.answersTo(card);
    await answer(anna, id, right);
    await answer(anna, id, right);
    await answer(bo, id, right);
    // Anna's was taken back: Bo's alone decides nothing.
    await bo.say('!visavis status');
    await bo.message('Matches');
    expect(await textOf(id)).not.toMatch(SAID);
    await answer(eli, id, right);
    await shows(id, /: Practice Bo, Practice Eli/);
    expect(await textOf(id)).not.toContain('Practice Anna');
    done.add(id);
  });

  it('one dissent makes a dispute, and the owner’s answer decides it', async () => {
    const { id, card } = await question(/Is this|Which of these/);
    const right = await anna.answersTo(card);
    await answer(anna, id, right);
    await answer(bo, id, wrong(right));
    await shows(id, /Opinions differ|disputed/);
    // A third member does not outvote the one who disagrees.
    await answer(eli, id, right);
    await shows(id, /Opinions differ|disputed/);
    await answer(chen, id, right);
    await anna.page
      .locator(`#${id}`, { hasNotText: /Opinions differ|disputed/ })
      .waitFor({ timeout: 60_000 });
    await shows(id, /Decided by the owner Practice Chen/);
    done.add(id);
  });

  it('suggestions come in batches: accepted but for a lettered face, which is asked about alone', async () => {
    const batch = /Are all of these/;
    const { id, card, right } = await answerUntil((text) => batch.test(text));
    const letter = right[0] === '✅' ? '🇧' : (right[0] ?? '');
    const mark = String.fromCharCode(65 + (letter.codePointAt(0) ?? 0) - 0x1f1e6);
    const name = [...(await card.innerText()).matchAll(/([A-I]): (.+?) · /g)].find(
      ([, of]) => of === mark,
    )?.[2];
    await answer(anna, id, [letter, '✅']);
    await answer(eli, id, [letter, '✅']);
    await shows(id, BY_ANNA_AND_ELI);
    done.add(id);
    // Other single faces may be open in the channel already, and come first.
    await answerUntil((text) => text.includes('Is this') && text.includes(name ?? 'no such face'));
  });

  it('the site shows the same: who decided, and an own answer given there', async () => {
    const { page } = chen;
    await page.goto(`${product.url}/projects/2`);
    const text = await page.locator('main').innerText();
    expect(text).toContain('decided by an owner');
    await page
      .locator('li.face')
      .last()
      .getByRole('button', { name: /This is not/ })
      .click();
    await page.waitForURL('**/projects/2#face-*');
    await page.locator('.answer__no[aria-pressed="true"]').first().waitFor();
  });

  it('no page broke its own rules', () => {
    expect(problems).toEqual([]);
  });
});
