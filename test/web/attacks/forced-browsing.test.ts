import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Asking, MAY, ownSources, type Rule } from './asking.ts';
import { changesBetween, type Dump, dump, restore } from './dump.ts';
import { nameOf, type Route, routesOf } from './routes.ts';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, KINDS, type Kind, type World } from './world.ts';

let world: World;
let routes: Route[];
let start: Dump;
const cookies = new Map<Kind, [string, string][]>();

beforeAll(async () => {
  world = await buildWorld();
  for (const kind of KINDS) cookies.set(kind, [...world.browsers[kind].cookies]);
  routes = routesOf(world.site.deps);
  start = await dump(world.store);
});
afterAll(() => world.dispose());

interface Outcome {
  readonly status: number;
  /** What is different in the database or on the wiki. */
  readonly changes: string[];
}

/** A request that is in order but for who asks it, to a world as it was in the beginning. */
async function ask(
  route: Route,
  rule: Rule,
  asking: Asking,
  given: { address?: string; arrange?: () => Promise<unknown> } = {},
): Promise<Outcome> {
  await restore(world.store, start);
  world.edits.splice(0);
  const browser = world.browsers[asking.kind];
  // Somebody signed out, or began a session.
  browser.cookies.clear();
  for (const [cookie, value] of cookies.get(asking.kind) ?? []) browser.cookies.set(cookie, value);
  await rule.prepare?.(asking);
  await given.arrange?.();
  const before = await dump(world.store);
  const csrf = await browser.csrf();
  const response = await browser.send(given.address ?? addressOf(route.path, rule, asking), {
    method: route.method,
    headers: { accept: 'text/html' },
    ...(route.method === 'GET' ? {} : { body: new URLSearchParams({ ...rule.fields?.(asking), csrf }) }),
  });
  // Streams have no end.
  await response.body?.cancel();
  const changes = [...changesBetween(before, await dump(world.store)), ...world.edits];
  return { status: response.status, changes };
}

const ROUTE_NAMES = Object.keys(RULES);

test('every route of the site has a rule, and every rule a route', () => {
  expect(routes.map(nameOf).sort()).toEqual(ROUTE_NAMES.toSorted());
});

test.each(ROUTE_NAMES)('%s', async (name) => {
  const { rule, route } = routeCalled(name);
  const wrong: string[] = [];
  let changed = false;
  for (const kind of KINDS) {
    const { status, changes } = await ask(route, rule, { world, ids: world.ours, kind });
    const may = MAY[rule.right].includes(kind);
    const wanted = may
      ? [rule.but?.[kind] ?? rule.gives ?? (route.method === 'GET' ? 200 : 303)]
      : refusals(rule, kind);
    if (!wanted.includes(status)) wrong.push(`${kind}: ${status} instead of ${wanted.join(' or ')}`);
    const mayChange = may && !rule.changesNothing && rule.but?.[kind] === undefined;
    if (!mayChange && changes.length > 0) wrong.push(`${kind}: ${changes.join('; ')}`);
    changed ||= mayChange && changes.length > 0;
  }
  // A request that nobody's work comes of would be refused for another reason than the right.
  if (!rule.changesNothing && !changed) wrong.push('it changed nothing for anybody');
  expect(wrong).toEqual([]);
});

/** Parameters that name something of a project, beside the project. */
const PARTS = ['channel', 'invitation', 'member', 'run', 'claim', 'file'] as const;
const PARTED = ROUTE_NAMES.filter((name) => /^\w+ \/projects\/:id\/.*:/.test(name));

test.each(PARTED)('%s: what belongs to another project is not there', async (name) => {
  const { rule, route } = routeCalled(name);
  const wrong: string[] = [];
  const parts = PARTS.filter((part) => name.includes(`:${part}`));
  for (const part of parts) {
    // The asker's own project, with one thing of somebody else's: and the other way round.
    for (const [kind, own, foreign] of [
      ['owner', world.ours, world.theirs],
      ['other owner', world.theirs, world.ours],
    ] as const) {
      const asking = { world, kind, ids: { ...own, [part]: foreign[part] } };
      const arrange = () => Promise.resolve(rule.prepare?.({ world, kind, ids: foreign }));
      const { status, changes } = await ask(route, rule, asking, { arrange });
      if (route.method === 'GET' ? status !== 404 : ![403, 404, 409, rule.elsewhere].includes(status))
        wrong.push(`${kind}, ${part}: ${status}`);
      if (changes.length > 0) wrong.push(`${kind}, ${part}: ${changes.join('; ')}`);
    }
  }
  expect(wrong).toEqual([]);
});

const NAMING = ROUTE_NAMES.filter((name) => {
  const rule = RULES[name];
  return rule?.names !== undefined;
});

test.each(NAMING)('%s: a form that names what is another project’s is refused', async (name) => {
  const { rule, route } = routeCalled(name);
  const wrong: string[] = [];
  for (const part of rule.names ?? []) {
    const ids = { ...world.theirs, [part]: world.ours[part] };
    const { status, changes } = await ask(route, rule, { world, kind: 'other owner', ids });
    if (![400, 403, 404, 409].includes(status) || changes.length > 0)
      wrong.push(`${part}: ${status} ${changes.join('; ')}`);
  }
  expect(wrong).toEqual([]);
});

const OF_PROJECTS = ROUTE_NAMES.filter((name) => name.includes(' /projects/:id'));

test.each(OF_PROJECTS)('%s: nothing is there of a deleted project, for its owner neither', async (name) => {
  const { rule, route } = routeCalled(name);
  const arrange = () =>
    world.store.db
      .updateTable('projects')
      .set({ state: 'deleted', deleted_at: 1 })
      .where('id', '=', world.ours.project)
      .execute();
  for (const kind of ['owner', 'administrator'] as const) {
    const { status, changes } = await ask(route, rule, { world, kind, ids: world.ours }, { arrange });
    expect([kind, changes]).toEqual([kind, []]);
    expect(route.method === 'GET' ? [404] : [403, 404, ...(rule.refusals ?? [])]).toContain(status);
  }
});

test('a chat name of somebody else is not unlinked', async () => {
  const { rule, route } = routeCalled('POST /account/identities/:id/unlink');
  for (const kind of KINDS.filter((one) => one !== 'visitor' && one !== 'owner')) {
    const address = `/account/identities/${world.identities.owner}/unlink`;
    const { status, changes } = await ask(route, rule, { world, kind, ids: world.ours }, { address });
    expect([kind, status, changes]).toEqual([kind, 404, []]);
  }
});

const OF_ONESELF = ROUTE_NAMES.filter((name) => / \/data-sources\/.*:id/.test(name));

test.each(OF_ONESELF)('%s: what is somebody else’s is not there', async (name) => {
  const { rule, route } = routeCalled(name);
  const others = { ...rule, prepare: ({ ids }: Asking) => ownSources({ world, ids, kind: 'owner' }) };
  for (const kind of ['linked', 'administrator'] as const) {
    const { status, changes } = await ask(route, others, { world, kind, ids: world.ours });
    expect([kind, status, changes]).toEqual([kind, rule.elsewhere ?? 404, []]);
  }
});

test('a private message of the room is there for one person alone', async () => {
  for (const name of [
    'GET /room/:channel/pictures/:id',
    'POST /room/:channel/messages/:id/reactions',
  ] as const) {
    const { rule, route } = routeCalled(name);
    const address = addressOf(
      route.path,
      { ...rule, params: () => ({ id: world.secretMessage }) },
      { world, kind: 'owner', ids: world.ours },
    );
    for (const kind of KINDS) {
      const { status, changes } = await ask(route, rule, { world, kind, ids: world.ours }, { address });
      expect([kind, status, changes]).toEqual([kind, 404, []]);
    }
  }
  const page = await (await world.browsers.owner.get('/room/practice/messages')).text();
  expect(page).not.toContain(`id="m${world.secretMessage}"`);
});

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];

test('a method that no form has changes nothing, with the right token too', async () => {
  await restore(world.store, start);
  const { owner } = world.browsers;
  const asking = { world, kind: 'owner', ids: world.ours } as const;
  const wrong: string[] = [];
  for (const [name, rule] of Object.entries(RULES)) {
    const [, path = ''] = name.split(' ');
    const own = routes.filter((route) => route.path === path).map((route) => route.method);
    const address = addressOf(path, rule, asking);
    const csrf = await owner.csrf();
    for (const method of METHODS.filter((one) => !own.includes(one))) {
      const response = await owner.send(address, {
        method,
        headers: { 'x-csrf-token': csrf },
        body: new URLSearchParams({ ...rule.fields?.(asking), csrf }),
      });
      await response.body?.cancel();
      if (response.status < 400) wrong.push(`${method} ${path}: ${response.status}`);
    }
  }
  expect([wrong, changesBetween(start, await dump(world.store))]).toEqual([[], []]);
});

test('a GET that is told to be another method changes nothing', async () => {
  await restore(world.store, start);
  for (const name of ROUTE_NAMES.filter((one) => one.startsWith('POST '))) {
    const { rule, route } = routeCalled(name);
    const asking = { world, kind: 'owner', ids: world.ours } as const;
    const csrf = await world.browsers.owner.csrf();
    const fields = new URLSearchParams({ ...rule.fields?.(asking), csrf, _method: 'POST' });
    const address = `${addressOf(route.path, rule, asking)}?${fields}`;
    const headers = { 'x-http-method-override': 'POST', 'x-method-override': 'POST', 'x-csrf-token': csrf };
    for (const method of ['GET', 'HEAD']) {
      const response = await world.browsers.owner.send(address, { method, headers });
      await response.body?.cancel();
    }
  }
  expect(changesBetween(start, await dump(world.store))).toEqual([]);
});

function routeCalled(name: string): { rule: Rule; route: Route } {
  const rule = RULES[name];
  const route = routes.find((one) => nameOf(one) === name);
  if (!rule || !route) throw new Error(`${name} is not a route of the site`);
  return { rule, route };
}

function refusals(rule: Rule, kind: Kind): number[] {
  return [kind === 'visitor' ? 401 : 403, ...(rule.refusals ?? [])];
}
