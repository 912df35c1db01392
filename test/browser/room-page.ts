import type { Locator, Page } from 'playwright-core';
import { practiceTruth } from '../../src/sandbox/practice/truth.ts';

/** Who said what, below a verdict. */
export const SAID = /(Yes|No): .|Decided by/;
/** What a question says in the end; now and then it was asked only to check. */
export const ANSWERED = /(Yes|No): .|Decided by|This was a check/;

/** The practice room as a person uses it: reads what is on the page, clicks and types. */
export class RoomPage {
  readonly page: Page;
  /** The item of the person who is looked for. */
  readonly person: string;
  readonly channel: string;

  constructor(page: Page, person: string, channel: string = 'practice') {
    this.page = page;
    this.person = person;
    this.channel = channel;
  }

  async say(text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: `Message to ${this.channel}` }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  /** The newest message that holds the text; waits for it. */
  async message(text: string | RegExp): Promise<Locator> {
    const found = this.page.locator('li.msg', { hasText: text }).last();
    await found.waitFor({ timeout: 60_000 });
    return found;
  }

  /** Answers one open question by looking at the ground truth of its photos. False: there is none now. */
  async answerOne(): Promise<boolean> {
    const open = this.page
      .locator('li.msg:has(.pill)')
      .filter({ hasText: /Which of these is|Is this|Are all of these/ })
      .filter({ hasText: /not sure/ })
      .filter({ hasNot: this.page.locator('.pill[aria-pressed="true"]') });
    const question = open.first();
    if ((await open.count()) === 0) return false;
    const id = (await question.getAttribute('id')) ?? '';
    for (const emoji of await this.answersTo(question)) await this.press(id, emoji);
    await this.page.locator(`#${id}`, { hasText: ANSWERED }).waitFor({ timeout: 60_000 });
    return true;
  }

  /** Presses an emoji below a message, once more to take it back, and waits until the room has it. */
  async press(messageId: string, emoji: string): Promise<void> {
    const pill = this.page.locator(`#${messageId} .pill[data-emoji="${emoji}"]`);
    const before = await pill.getAttribute('aria-pressed');
    await pill.click();
    await this.page
      .locator(`#${messageId} .pill[data-emoji="${emoji}"][aria-pressed="${before !== 'true'}"]`)
      .waitFor({ timeout: 20_000 });
  }

  /** What somebody who knows the truth reacts with. */
  async answersTo(question: Locator): Promise<string[]> {
    const title = (await question.locator('.card__title').innerText()).trim();
    const footer = await question.locator('.card__footer').innerText();
    if (title.startsWith('Are all of these')) {
      const wrong = [...footer.matchAll(/([A-I]): (.+?) · /g)].filter(
        ([, , name]) => !this.#shows(name ?? ''),
      );
      const letters = wrong.map(([, letter]) =>
        String.fromCodePoint(0x1f1e6 + (letter ?? 'A').charCodeAt(0) - 65),
      );
      return [...letters, '✅'];
    }
    const name = footer.replace(/^#\d+ · /, '').split(' · ')[0] ?? '';
    if (title.startsWith('Is this')) return [this.#shows(name) ? '✅' : '❌'];
    if (!this.#shows(name)) return ['🚫'];
    const faces = practiceTruth[`File:${name}.jpg`]?.faces ?? [];
    const numbers = await question.locator('.pill[data-emoji$="\u{20E3}"]').count();
    if (numbers !== faces.length)
      throw new Error(`${name}: ${numbers} faces asked about, ${faces.length} are there`);
    return [`${faces.findIndex((face) => face.item === this.person) + 1}\u{FE0F}\u{20E3}`];
  }

  #shows(name: string): boolean {
    const truth = practiceTruth[`File:${name}.jpg`];
    if (!truth) throw new Error(`no practice photo is called ${name}`);
    return truth.items.includes(this.person);
  }
}
