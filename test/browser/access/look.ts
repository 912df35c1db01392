import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { CLOSE, OPEN } from './pseudo.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const IN_PAGE = readFileSync(join(import.meta.dirname, 'in-page.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds serious or critical. @param rules only these; all, and the size of targets, when nothing is given */
export async function barriers(page: Page, rules: readonly string[] | null = null): Promise<string[]> {
  // Evaluated from outside, so that the policy of the page stays on.
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(AXE);
  const options = rules ? { runOnly: rules } : { rules: { 'target-size': { enabled: true } } };
  const found = await page.evaluate<Violation[]>(
    `axe.run(${JSON.stringify(options)}).then((results) => results.violations)`,
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 150)} (${failureSummary.slice(0, 200)})`),
    );
}

/** What is wider than the screen, cut, lies on something else, is too small to hit, or is missing in the frame. */
export async function faultsOfLayout(page: Page): Promise<string[]> {
  return ask(page, 'layoutFaults()');
}

/** Controls that look the same with the focus as without it, or that the focus does not bring into view. */
export async function faultsOfFocus(page: Page): Promise<string[]> {
  // A key was the last thing used, so what gets the focus now shows it.
  await page.keyboard.press('Tab');
  return ask(page, 'focusFaults()');
}

/** Words on a page in the made-up language that are no message and no name. */
export async function untranslated(page: Page): Promise<string[]> {
  return ask(page, `wordsOutside(${JSON.stringify([OPEN, CLOSE])})`);
}

const ask = (page: Page, call: string) =>
  page.evaluate<string[]>(`(() => { ${IN_PAGE}; return inPage.${call}; })()`);
