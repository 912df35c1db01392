import type { WebDeps } from '../../../src/web/deps.ts';
import { createWeb } from '../../../src/web/server.ts';

export interface Route {
  readonly method: string;
  /** As the router has it: `/projects/:id`. */
  readonly path: string;
}

interface Mounted {
  readonly router?: { readonly stack: readonly { methods: string[]; path: string | RegExp }[] };
}

/** Every route of every router that the site mounts, so that a new one cannot be forgotten. */
export function routesOf(deps: WebDeps): Route[] {
  const { app } = createWeb(deps);
  const routers = (app.middleware as readonly Mounted[]).flatMap(({ router }) => (router ? [router] : []));
  return routers.flatMap(({ stack }) =>
    stack.flatMap(({ methods, path }) =>
      // A GET route answers HEAD by itself.
      methods.filter((method) => method !== 'HEAD').map((method) => ({ method, path: String(path) })),
    ),
  );
}

export const nameOf = ({ method, path }: Route) => `${method} ${path}`;
