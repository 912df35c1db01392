import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/platform/clock.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addBigProject } from '../support/big-project.ts';
import { addMember } from '../support/people.ts';
import { engines, freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

const AT = Date.now();
/** No time goes by, so whatever is kept is kept for the whole test. */
const clock: Clock = { now: () => AT, sleep: systemClock.sleep };

/** Two processes of the site over one database, which hear nothing of each other: nudges may be lost. */
describe.each(engines())('the numbers of a large project on %s', { timeout: 120_000 }, (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let here: Site;
  let there: Site;
  let path: string;
  let id: number;
  let owner: Browser;
  let visitor: Browser;
  let ownerThere: Browser;
  let visitorThere: Browser;

  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    here = await startSite(store, { clock });
    there = await startSite(store, { clock });
    dispose = async () => {
      await here.close();
      await there.close();
      await fresh.dispose();
    };
    ({ id } = await addBigProject(store, { faces: 1200, now: AT }));
    path = `/projects/${id}`;
    owner = new Browser(here.url);
    await owner.signIn('Owner');
    const { account_id: accountId } = await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', 'Owner')
      .executeTakeFirstOrThrow();
    await addMember(store, id, { accountId, role: 'owner' });
    visitor = new Browser(here.url);
    visitorThere = new Browser(there.url);
    // A balancer in front sends the same browser to either of them.
    ownerThere = new Browser(there.url);
    Object.assign(ownerThere, { cookies: owner.cookies });
  }, 120_000);
  afterAll(() => dispose?.());

  /** What the chip on a page says of the project. */
  const shown = async (who: Browser, page: string, headers = {}) =>
    /<span class="chip">([^<]+)</.exec(await (await who.get(page, headers)).text())?.[1];
  let state = 'active';
  /** @returns what it was, and what it is now */
  async function change(): Promise<[string, string]> {
    const before = state;
    state = before === 'paused' ? 'completed' : 'paused';
    expect((await owner.post(`${path}/state`, { state })).status).toBe(303);
    return [before, state];
  }

  test.each(['the page', 'the list'] as const)(
    'on %s people see at once what they changed themselves, whichever process answers',
    async (where) => {
      const page = where === 'the page' ? path : '/projects';
      await change();
      for (const who of [owner, ownerThere, visitorThere]) await shown(who, page);
      const [before, after] = await change();
      // Nobody told the other process, and no time goes by there.
      expect(await shown(visitorThere, page)).toBe(before);
      expect([await shown(ownerThere, page), await shown(owner, page)]).toEqual([after, after]);
    },
  );

  test('a page with the numbers of before is told of the new ones, and gets them from either process', async () => {
    await change();
    await owner.get(path);
    await ownerThere.get(path);
    const page = await (await visitor.get(path)).text();
    const since = /data-version="([^"]+)"/.exec(page)?.[1] ?? '';
    const stream = await visitor.get(`${path}/events?since=${since}`);
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const [before, after] = await change();
    let text = '';
    while (!/data: \S+\n/.test(text)) text += (await reader?.read())?.value ?? '';
    await reader?.cancel();
    const version = /data: (\S+)\n/.exec(text)?.[1] ?? '';
    expect(version).not.toBe(since);
    expect(await shown(visitor, `${path}/live`, { 'X-Version': version })).toBe(after);
    expect(await shown(visitorThere, `${path}/live`)).toBe(before);
    expect(await shown(visitorThere, `${path}/live`, { 'X-Version': version })).toBe(after);
  });

  test('the note of a change is for the site alone, and only when something was changed', async () => {
    const cookies = (answer: Response) =>
      answer.headers.getSetCookie().filter((line) => line.startsWith('visavis-changed='));
    expect(cookies(await owner.get(path))).toEqual([]);
    expect(cookies(await owner.post(`${path}/state`, { state: 'nothing' }))).toEqual([]);
    const [note = ''] = cookies(await owner.post('/language', { language: 'en' }));
    expect(note.toLowerCase()).toMatch(/httponly/);
    expect(note.toLowerCase()).toMatch(/samesite=lax/);
    expect(cookies(await visitor.post('/language', { language: 'en' }))).toEqual([]);
  });
});
