import type { Locator, Page } from 'playwright-core';

/** A way to use a page. Everything is found by its role and name, as people and screen readers find it. */
export interface Hands {
  readonly page: Page;
  /** A button or a link, by its name; the first of them. */
  press(name: string | RegExp, within?: Locator): Promise<void>;
  type(label: string | RegExp, text: string): Promise<void>;
  tick(label: string | RegExp): Promise<void>;
  choose(label: string | RegExp, option: string): Promise<void>;
  /** Opens what is folded. */
  unfold(name: string | RegExp): Promise<void>;
}

/** What can be pressed: a button before a link of the same name. */
async function pressable(scope: Page | Locator, name: string | RegExp): Promise<Locator> {
  const button = scope.getByRole('button', { name }).first();
  const link = scope.getByRole('link', { name }).first();
  await button.or(link).first().waitFor();
  return (await button.count()) > 0 ? button : link;
}
const fieldOf = (page: Page, label: string | RegExp) =>
  page
    .getByRole('textbox', { name: label })
    .or(page.getByRole('spinbutton', { name: label }))
    .first();
const summaryOf = (page: Page, name: string | RegExp) => page.locator('summary', { hasText: name }).first();

/** Never touches the mouse: goes from one control to the next with Tab, as far as it takes. */
export function keyboard(page: Page): Hands {
  async function reach(target: Locator): Promise<void> {
    await target.waitFor();
    const has = () => target.evaluate((element) => element === element.ownerDocument.activeElement);
    // Browsers remember where the focus was; the beginning of the page is what everybody finds.
    for (let tabs = 0; tabs < 250; tabs++) {
      if (await has()) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`the keyboard does not reach ${target}`);
  }
  return {
    page,
    async press(name, within) {
      await reach(await pressable(within ?? page, name));
      await page.keyboard.press('Enter');
    },
    async type(label, text) {
      await reach(fieldOf(page, label));
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    },
    async tick(label) {
      const box = page.getByRole('checkbox', { name: label }).first();
      await reach(box);
      await page.keyboard.press('Space');
      if (!(await box.isChecked())) throw new Error(`${label} is not ticked`);
    },
    async choose(label, option) {
      const select = page.getByRole('combobox', { name: label }).first();
      await reach(select);
      // The beginning of it, as far as every keyboard has the letters.
      await page.keyboard.type(/^[a-z ]+/i.exec(option)?.[0] ?? option);
      const chosen = await select.evaluate(
        (one) =>
          (one as unknown as { value: string; selectedOptions: { text: string }[] }).selectedOptions[0]?.text,
      );
      if (chosen !== option) throw new Error(`${label} is ${chosen}`);
    },
    async unfold(name) {
      const summary = summaryOf(page, name);
      await reach(summary);
      await page.keyboard.press('Enter');
    },
  };
}

/** Forms and links as the browser itself knows them: the page runs no script. */
export function plain(page: Page): Hands {
  return {
    page,
    press: async (name, within) => (await pressable(within ?? page, name)).click(),
    type: (label, text) => fieldOf(page, label).fill(text),
    tick: (label) => page.getByRole('checkbox', { name: label }).first().check(),
    async choose(label, option) {
      await page.getByRole('combobox', { name: label }).first().selectOption({ label: option });
    },
    unfold: (name) => summaryOf(page, name).click(),
  };
}
