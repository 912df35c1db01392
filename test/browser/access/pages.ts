import { blockedHere, decided, declared, failedFile, ownSources } from '../../web/attacks/asking.ts';
import { nameOf, type Route } from '../../web/attacks/routes.ts';
import { addressOf, RULES } from '../../web/attacks/rules.ts';
import type { Kind, World } from '../../web/attacks/world.ts';

export interface PageOfSite {
  /** As the router has it: `GET /projects/:id`. */
  readonly name: string;
  readonly who: Kind;
  readonly address: string;
}

/** Things that a world must hold so that no page is empty. */
export async function furnish(world: World): Promise<void> {
  const asking = { world, ids: world.ours, kind: 'owner' as const };
  await ownSources(asking);
  await declared(asking);
  await decided(asking);
  await failedFile({ ...asking, ids: world.theirs });
  await blockedHere({ ...asking, ids: world.theirs });
}

/**
 * Every page of the site with an address: the router's GET routes that answer with a whole HTML document.
 * `routesWithoutAddress` says which were left out.
 */
export async function pagesOf(world: World, routes: readonly Route[]): Promise<PageOfSite[]> {
  const pages: PageOfSite[] = [];
  for (const route of routes.filter(({ method }) => method === 'GET')) {
    const name = nameOf(route);
    const rule = RULES[name];
    if (!rule) continue;
    const kinds: Kind[] =
      rule.right === 'administrator'
        ? ['administrator']
        : rule.right === 'everybody' && SEEN_BY_VISITORS.includes(route.path)
          ? ['visitor', 'owner']
          : ['owner'];
    for (const who of kinds) {
      const address = addressOf(route.path, rule, { world, ids: world.ours, kind: who });
      if (await isPage(world, who, address)) pages.push({ name, who, address });
    }
  }
  const { project, face } = world.ours;
  return [
    ...pages,
    { name: 'an error', who: 'visitor', address: '/nothing-here' },
    { name: 'a refusal', who: 'visitor', address: `/projects/${project}/settings` },
    { name: 'nothing matches', who: 'owner', address: `/projects/${project}?verdict=different&written=yes` },
    {
      name: 'draw a box',
      who: 'owner',
      address: `/projects/${project}/files/${world.ours.file}?face=${face}`,
    },
  ];
}

/** A new route needs a line in test/web/attacks/rules.ts, with which it is visited here too. */
export const routesWithoutAddress = (routes: readonly Route[]): string[] =>
  routes.map(nameOf).filter((name) => name.startsWith('GET ') && !RULES[name]);

/** They look different when nobody is signed in. */
const SEEN_BY_VISITORS = ['/', '/projects/:id', '/join/:code', '/link/:token', '/leaderboard'];

async function isPage(world: World, who: Kind, address: string): Promise<boolean> {
  const response = await world.browsers[who].get(address);
  // Streams have no end.
  if (!response.headers.get('content-type')?.startsWith('text/html')) {
    await response.body?.cancel();
    return false;
  }
  return (await response.text()).startsWith('<!');
}
