import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Log } from '../../../src/core/platform/log.ts';
import { changesBetween, type Dump, dump, restore } from './dump.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let start: Dump;
const lines: string[] = [];
const open: Response[] = [];

beforeAll(async () => {
  world = await buildWorld('sqlite', { log: notingLog({}) });
  start = await dump(world.store);
});
afterEach(async () => {
  for (const response of open.splice(0)) await response.body?.cancel();
  await restore(world.store, start);
});
afterAll(() => world.dispose());

/** Everything that is logged, on every level. */
function notingLog(fields: object): Log {
  const note = (more: object, message: string) =>
    void lines.push(
      JSON.stringify({ ...fields, ...more, message }, (_name, value: unknown) =>
        value instanceof Error ? `${value.stack} ${JSON.stringify(value)}` : value,
      ),
    );
  return {
    debug: note,
    info: note,
    warn: note,
    error: note,
    child: (more) => notingLog({ ...fields, ...more }),
  };
}

test('no secret of an address, a form or a cookie stands in the log', async () => {
  const { owner, linked, visitor } = world.browsers;
  const { code } = world.ours;
  const { linkToken } = world;
  for (const browser of [owner, linked, visitor]) {
    for (const path of [
      `/join/${code}`,
      `/JOIN/${code.toLowerCase()}`,
      `/join?code=${code}`,
      `/link/${linkToken}`,
      `/Link/${linkToken}/`,
      `/oauth/callback?code=oauth-code-secret&state=oauth-state-secret`,
      `/sign-in?next=/join/${code}`,
    ])
      await (await browser.get(path)).body?.cancel();
    await (await browser.post(`/join/${code}`, {})).body?.cancel();
    await (await browser.post(`/link/${linkToken}`, {})).body?.cancel();
  }
  const text = lines.join('\n').toLowerCase();
  expect(text).toContain('"path":"/join');
  const secrets = [code, linkToken, 'oauth-code-secret', 'oauth-state-secret'];
  for (const browser of [owner, linked])
    secrets.push(await browser.csrf(), browser.cookies.get('visavis') ?? '');
  expect(secrets.filter((secret) => secret === '' || text.includes(secret.toLowerCase()))).toEqual([]);
});

test('a face is shown as long as a project shows it', async () => {
  const path = `/faces/${world.ours.matched}`;
  expect((await world.browsers.visitor.get(path)).status).toBe(200);
  await world.store.db
    .updateTable('projects')
    .set({ state: 'deleted', deleted_at: 1 })
    .where('id', '=', world.ours.project)
    .execute();
  for (const kind of ['visitor', 'owner', 'administrator'] as const)
    expect([kind, (await world.browsers[kind].get(path)).status]).toEqual([kind, 404]);
});

test('an open project takes in who answers in its channels, and nobody who only sends a form', async () => {
  const { project, face, person } = world.ours;
  await world.store.db.updateTable('projects').set({ open: 1 }).where('id', '=', project).execute();
  const before = await dump(world.store);
  for (const kind of ['linked', 'removed', 'banned', 'other owner'] as const) {
    const fields = { person, answer: 'yes' };
    for (const [path, more] of [
      [`/faces/${face}/answer`, { project: String(project) }],
      [`/projects/${project}/review`, { faces: String(face) }],
    ] as const)
      expect([kind, path, (await world.browsers[kind].post(path, { ...fields, ...more })).status]).toEqual([
        kind,
        path,
        403,
      ]);
  }
  expect(changesBetween(before, await dump(world.store))).toEqual([]);
});

test('nobody takes all live pages for themselves', async () => {
  const path = `/projects/${world.ours.project}/events`;
  let refused: Response | null = null;
  for (let i = 0; i < 200 && !refused; i++) {
    const response = await world.browsers.linked.get(path);
    if (response.status === 200) open.push(response);
    else refused = response;
  }
  expect(refused?.status).toBe(429);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  for (const kind of ['owner', 'visitor'] as const) {
    const response = await world.browsers[kind].get(path);
    open.push(response);
    expect([kind, response.status]).toEqual([kind, 200]);
  }
  // Whoever closes one may open another.
  await open.shift()?.body?.cancel();
  await expect
    .poll(async () => {
      const response = await world.browsers.linked.get(path);
      open.push(response);
      return response.status;
    })
    .toBe(200);
});
