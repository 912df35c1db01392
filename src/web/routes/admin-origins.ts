import type { Account } from '../../core/accounts/accounts.ts';
import {
  allowedOrigins,
  allowOrigin,
  chooseForSite,
  deniedHosts,
  denyHost,
  setSharedHost,
  sharedHosts,
  stopAllowing,
  stopDenying,
} from '../../core/origins/administration.ts';
import { ownOrigins } from '../../core/origins/deps.ts';
import type { OriginMode } from '../../core/origins/effective.ts';
import { TRIALS, type Trial } from '../../core/origins/policy.ts';
import { readSite, type SiteChoices } from '../../core/origins/site.ts';
import { violationsByOrigin } from '../../core/origins/violations.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, seeOther, ticked, toNumber } from '../form.ts';
import { originDeps } from '../middleware/data-sources.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

const HERE = '/admin/data-sources';
const MODES: readonly OriginMode[] = ['open', 'preapproved', 'off'];
const TRIAL_NAMES = Object.keys(TRIALS) as Trial[];
const HOUR_MS = 60 * 60_000;

/** What users may allow from elsewhere, the policy of the whole site, and what browsers report. */
export function adminOriginRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const origins = originDeps(deps);
  const router = newRouter();

  router.get(HERE, (ctx) => show(ctx, null));

  on('/policy', (ctx, account) =>
    chooseForSite(origins, { accountId: account.id, choices: readChoices(ctx) }),
  );
  on('/denied', (ctx, account) =>
    denyHost(origins, { accountId: account.id, host: field(ctx, 'host'), reason: field(ctx, 'reason') }),
  );
  on('/denied/remove', (ctx, account) =>
    stopDenying(origins, { accountId: account.id, host: field(ctx, 'host') }),
  );
  on('/allowed', (ctx, account) =>
    allowOrigin(origins, { accountId: account.id, origin: field(ctx, 'origin'), label: field(ctx, 'label') }),
  );
  on('/allowed/remove', (ctx, account) =>
    stopAllowing(origins, { accountId: account.id, origin: field(ctx, 'origin') }),
  );
  on('/shared', (ctx, account) =>
    setSharedHost(origins, {
      accountId: account.id,
      host: field(ctx, 'shared'),
      segments: toNumber(field(ctx, 'segments').trim()),
    }),
  );

  return router;

  /** A form of the page: an expected refusal shows the page again with the reason. */
  function on(path: string, act: (ctx: WebContext, account: Account) => Promise<void>): void {
    router.post(HERE + path, async (ctx) => {
      const account = requireAdmin(ctx);
      await orShow(
        ctx,
        async () => {
          await act(ctx, account);
          seeOther(ctx, `${HERE}?done=saved`);
        },
        (problem) => show(ctx, problem),
      );
    });
  }

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const { choices } = await readSite(store.db, ownOrigins(deps));
    view.render(ctx, 'admin-origins', {
      problem,
      choices,
      modes: MODES,
      trials: TRIAL_NAMES,
      waitHours: choices.passkeyWaitMs / HOUR_MS,
      denied: await deniedHosts(store),
      allowed: await allowedOrigins(store),
      shared: await sharedHosts(store),
      violations: await violationsByOrigin(store),
      form: Object.fromEntries(
        ['host', 'reason', 'origin', 'label', 'shared', 'segments'].map((name) => [
          name,
          problem === null ? '' : field(ctx, name),
        ]),
      ),
    });
  }
}

/** What the form says; the core refuses numbers that cannot be. */
function readChoices(ctx: WebContext): SiteChoices {
  return {
    mode: MODES.find((mode) => mode === field(ctx, 'mode')) ?? 'off',
    enforced: ticked(ctx, 'enforced'),
    trials: TRIAL_NAMES.filter((name) => ticked(ctx, `trial-${name}`)),
    ports: field(ctx, 'ports')
      .split(/[\s,]+/)
      .filter((port) => port !== '')
      .map(toNumber),
    sampling: toNumber(field(ctx, 'sampling').trim()),
    passkeyWaitMs: toNumber(field(ctx, 'wait').trim()) * HOUR_MS,
  };
}
