import { afterAll, beforeAll, expect, test } from 'vitest';
import { castBallot } from '../../src/core/review/votes.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let project: number;
let face: number;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store);
  [owner, member] = [new Browser(site.url), new Browser(site.url)];
  await owner.signIn('Owner');
  await member.signIn('Member');
  const ids = await store.db.selectFrom('account_profiles').select(['account_id', 'username']).execute();
  const idOf = (name: string) => ids.find((row) => row.username === name)?.account_id ?? 0;
  project = (await addProject(store, { created_by: idOf('Owner') })).id;
  await addMember(store, project, { accountId: idOf('Member') });
  const third = await addMember(store, project);
  face = await addFace(store, await addFile(store, project, { title: `File:${HOSTILE}` }));
  for (const [accountId, answer] of [
    [idOf('Member'), 'yes'],
    [third, 'no'],
  ] as const) {
    await castBallot(site.deps, {
      projectId: project,
      accountId,
      answers: [{ faceId: face, person: 'Q1', answer }],
      questionId: null,
      platform: 'web',
    });
  }
});
afterAll(async () => {
  await site.close();
  await dispose();
});
const read = async (who: Browser, path: string) => (await who.get(path)).text();

test('owners see what people do not agree about, and nobody else does', async () => {
  const path = `/projects/${project}/disputes`;
  expect((await member.get(path)).status).toBe(403);
  expect((await new Browser(site.url).get(path)).status).toBe(401);
  const page = await read(owner, path);
  expect(page).toContain(`/faces/${face}/crop.jpg`);
  expect(page).toContain('<bdi>Member</bdi> said yes');
  expect(page).not.toMatch(/<script>|<img src=x/);
});

test('an owner’s answer decides, and the face tells who said what', async () => {
  const next = `/projects/${project}/disputes`;
  const fields = { project: String(project), person: 'Q1', answer: 'yes', next };
  expect((await owner.post(`/faces/${face}/answer`, fields)).headers.get('location')).toBe(
    `${next}#face-${face}`,
  );
  expect(await read(owner, next)).toContain('No disputes are open.');
  const page = await read(owner, `/faces/${face}`);
  expect(page.match(/→ <span class="chip chip--(\w+)"/g)).toEqual([
    '→ <span class="chip chip--match"',
    '→ <span class="chip chip--disputed"',
    '→ <span class="chip chip--match"',
  ]);
  expect(page).toContain('decides');
});

test('who answered is told to members alone: others see how many', async () => {
  const outsider = new Browser(site.url);
  await outsider.signIn('Outsider');
  for (const who of [new Browser(site.url), outsider]) {
    const page = await read(who, `/faces/${face}`);
    expect(page).toContain('2 yes, 1 no, 0 not sure.');
    expect(page).not.toMatch(/<bdi>(Owner|Member)<\/bdi>|on the web/);
  }
  expect(await read(member, `/faces/${face}`)).toContain('<bdi>Owner</bdi>');
});

test('an answer that was undone is told as such', async () => {
  const review = `/projects/${project}/review`;
  const ballot = /name="ballot" value="(\d+)"/.exec(await read(owner, review))?.[1] ?? '';
  await owner.post(`${review}/undo`, { ballot });
  const page = await read(owner, `/faces/${face}`);
  expect(page).toContain('Owner took back an answer of Owner');
  expect(page).toContain('class="history--over"');
  expect(await read(owner, `/projects/${project}/disputes`)).toContain(`/faces/${face}/crop.jpg`);
});
