import type { Sessions } from '../../core/accounts/sessions.ts';
import type { WebRouter } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import type { Live } from '../live.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { View } from '../view.ts';
import { accountRoutes } from './account.ts';
import { apiRoutes } from './api.ts';
import { faceRoutes } from './faces.ts';
import { linkRoutes } from './link.ts';
import { newProjectRoutes } from './new-project.ts';
import { pageRoutes } from './pages.ts';
import { projectRoutes } from './projects.ts';
import { roomRoutes } from './room.ts';
import { runRoutes } from './runs.ts';
import { signInRoutes } from './sign-in.ts';

export { healthRoutes } from './health.ts';

/** What routes are given. */
export interface RouteDeps extends WebDeps {
  readonly limits: RateLimits;
  readonly sessions: Sessions;
  readonly view: View;
  readonly live: Live;
}

export function allRoutes(deps: RouteDeps): WebRouter[] {
  return [
    pageRoutes(deps),
    signInRoutes(deps),
    linkRoutes(deps),
    accountRoutes(deps),
    newProjectRoutes(deps),
    projectRoutes(deps),
    runRoutes(deps),
    faceRoutes(deps),
    roomRoutes(deps),
    apiRoutes(deps),
  ];
}
