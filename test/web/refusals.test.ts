import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLOSE, OPEN, PSEUDO, pseudoMessages } from '../browser/access/pseudo.ts';
import { failedFile, ownSources } from './attacks/asking.ts';
import { nameOf, routesOf } from './attacks/routes.ts';
import { addressOf, RULES } from './attacks/rules.ts';
import { buildWorld, type Kind, type World } from './attacks/world.ts';

/** Words that hardly any English sentence does without. */
const ENGLISH = /\b(the|this|that|is|are|not|no|you|your|can|only|there|of|a|an|at|most|again)\b/i;
const ENDS_SESSION = /sign-out/;

let world: World;
beforeAll(async () => {
  world = await buildWorld('sqlite', { messages: pseudoMessages() });
  await ownSources({ world, ids: world.ours, kind: 'owner' });
  await failedFile({ world, ids: world.theirs, kind: 'owner' });
});
afterAll(() => world.dispose());

/** The words of a page that stand outside of every message, without names, codes and times. */
function outside(html: string): string {
  const text = html
    .replace(/<(bdi|code|kbd|time|script|style|option|title)\b[^>]*>.*?<\/\1>/gs, ' ')
    .replace(/<(\w+)[^>]*translate="no"[^>]*>.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ');
  let depth = 0;
  let rest = '';
  for (const character of text) {
    if (character === OPEN) depth += 1;
    else if (character === CLOSE) depth -= 1;
    else if (depth === 0) rest += character;
  }
  return rest.replace(/\s+/g, ' ').trim();
}

/** Empty forms and forms of people who may not: whatever is said to them is a message of the language they read. */
test.each<Kind>(['visitor', 'linked', 'blocked member', 'owner', 'administrator'])(
  'what is refused to the %s is told in their language',
  async (kind) => {
    const found: string[] = [];
    let refused = 0;
    for (const route of routesOf(world.site.deps)) {
      const name = nameOf(route);
      const rule = RULES[name];
      if (!rule || route.method !== 'POST' || ENDS_SESSION.test(name)) continue;
      const address = addressOf(route.path, rule, { world, ids: world.ours, kind });
      const response = await world.browsers[kind].post(address, {}, { 'accept-language': PSEUDO });
      const page = await response.text();
      if (response.status < 400 || !page.startsWith('<!')) continue;
      refused += 1;
      const rest = outside(page);
      if (!page.includes(OPEN) || ENGLISH.test(rest)) found.push(`${name}: ${rest}`);
    }
    expect(found).toEqual([]);
    expect(refused).toBeGreaterThan(15);
  },
);
