import type { Sessions } from '../../core/accounts/sessions.ts';
import type { WebRouter } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import type { Live } from '../live.ts';
import type { ProjectList } from '../project-list.ts';
import type { RateLimits } from '../rate-limits.ts';
import type { View } from '../view.ts';
import { accountRoutes } from './account.ts';
import { accountDataRoutes } from './account-data.ts';
import { adminRoutes } from './admin.ts';
import { adminAccountRoutes } from './admin-accounts.ts';
import { adminFileRoutes } from './admin-files.ts';
import { adminLogRoutes } from './admin-log.ts';
import { adminOriginRoutes } from './admin-origins.ts';
import { answerRoutes } from './answers.ts';
import { apiRoutes } from './api.ts';
import { blockRoutes } from './blocks.ts';
import { boxRoutes } from './boxes.ts';
import { dataSourceRoutes } from './data-sources.ts';
import { disputeRoutes } from './disputes.ts';
import { exportRoutes } from './exports.ts';
import { faceRoutes } from './faces.ts';
import { joinRoutes } from './join.ts';
import { leaderboardRoutes } from './leaderboard.ts';
import { linkRoutes } from './link.ts';
import { manifestRoutes } from './manifest.ts';
import { memberRoutes } from './members.ts';
import { newProjectRoutes } from './new-project.ts';
import { pageRoutes } from './pages.ts';
import { projectRoutes } from './projects.ts';
import { reviewRoutes } from './review.ts';
import { roomRoutes } from './room.ts';
import { runRoutes } from './runs.ts';
import { settingsRoutes } from './settings.ts';
import { signInRoutes } from './sign-in.ts';

export { healthRoutes } from './health.ts';

/** What routes are given. */
export interface RouteDeps extends WebDeps {
  readonly limits: RateLimits;
  readonly sessions: Sessions;
  readonly view: View;
  readonly live: Live;
  readonly projects: ProjectList;
}

export function allRoutes(deps: RouteDeps): WebRouter[] {
  return [
    pageRoutes(deps),
    signInRoutes(deps),
    linkRoutes(deps),
    accountRoutes(deps),
    accountDataRoutes(deps),
    dataSourceRoutes(deps),
    newProjectRoutes(deps),
    projectRoutes(deps),
    settingsRoutes(deps),
    manifestRoutes(deps),
    memberRoutes(deps),
    joinRoutes(deps),
    exportRoutes(deps),
    leaderboardRoutes(deps),
    adminRoutes(deps),
    adminAccountRoutes(deps),
    adminFileRoutes(deps),
    adminLogRoutes(deps),
    adminOriginRoutes(deps),
    blockRoutes(deps),
    runRoutes(deps),
    faceRoutes(deps),
    answerRoutes(deps),
    reviewRoutes(deps),
    boxRoutes(deps),
    disputeRoutes(deps),
    roomRoutes(deps),
    apiRoutes(deps),
  ];
}
