import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { readState } from '../platform/read-only.ts';
import type { Store } from '../store/store.ts';
import { knownCentralUser } from './central-id.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { silenceOf, withinManifest } from './effective.ts';
import { noteSent, readEntries } from './entries.ts';
import { settlePending } from './pending.ts';
import { barePolicy, buildPolicy, ENFORCED, HEADER_BUDGET, headerBytes, REPORT_ONLY } from './policy.ts';
import { readSite, type SiteRules } from './site.ts';

export type Header = readonly [name: string, value: string];

/** Where reports go, by name (Reporting API). */
export const REPORTING_ENDPOINTS = 'Reporting-Endpoints';

export interface PagePolicy {
  readonly headers: readonly Header[];
  /** The reader's origins in it: what the page may load from elsewhere. */
  readonly sent: readonly string[];
}

/**
 * The headers of one page. Opt-ins are sent to their user alone, and on ordinary pages alone: never on sign-in,
 * re-authentication, data-source or administration pages. Any error means none.
 *
 * @param args `accountId` null: nobody is signed in. `kind` `bare`: one of the pages above. `projectId`: its pages
 *   carry only what the project declares, once it declares something
 */
export async function pagePolicy(
  deps: OriginDeps & { readonly log: Log },
  args: { accountId: number | null; kind: 'ordinary' | 'bare'; projectId: number | null },
): Promise<PagePolicy> {
  const { policy, store, log } = deps;
  try {
    const site = await readSite(store.db, ownOrigins(deps));
    const optIns =
      args.accountId === null || args.kind === 'bare'
        ? []
        : await optInsFor(deps, site, args.accountId, args.projectId);
    return { headers: headers(deps, site, optIns), sent: optIns };
  } catch (error) {
    log.error({ error: describeError(error) }, 'the data sources could not be read; none is sent');
    return { headers: [[ENFORCED, barePolicy(policy)], ...endpoints(deps)], sent: [] };
  }
}

function headers(deps: OriginDeps, site: SiteRules, optIns: readonly string[]): Header[] {
  const { enforced, trials } = site.choices;
  const value = buildPolicy(deps.policy, optIns, site.rules);
  const sent: Header[] = [[enforced ? ENFORCED : REPORT_ONLY, value]];
  if (trials.length > 0) {
    const trial = buildPolicy(deps.policy, optIns, site.rules, trials);
    // A trial is never worth a page that a proxy refuses: both together stay within the budget.
    if (headerBytes(value) + headerBytes(trial) <= HEADER_BUDGET) sent.push([REPORT_ONLY, trial]);
  }
  return [...sent, ...endpoints(deps)];
}

function endpoints({ policy }: OriginDeps): Header[] {
  return policy.reports === null ? [] : [[REPORTING_ENDPOINTS, `csp="${policy.reports}"`]];
}

async function optInsFor(
  deps: OriginDeps,
  site: SiteRules,
  accountId: number,
  projectId: number | null,
): Promise<string[]> {
  const { store, clock, policy } = deps;
  const user = await knownCentralUser(store.db, accountId);
  if (user === null) return [];
  await settlePending(deps, user);
  const now = clock.now();
  const entries = (await readEntries(store.db, user)).filter((entry) => silenceOf(entry, site, now) === null);
  const values = entries.map((entry) => entry.value);
  const sent = withinManifest(values, projectId === null ? null : await declared(store, projectId), policy);
  // Looking at a page goes on while nothing may be written; the next page after that notes the day.
  if ((await readState(store.db)) === null) {
    const shown = entries.filter((entry) => sent.includes(entry.value));
    await noteSent(store, user, shown, now);
  }
  return sent;
}

/** null: the project declares nothing. */
async function declared(store: Store, projectId: number): Promise<string[] | null> {
  const rows = await store.db
    .selectFrom('project_origins')
    .select('origin')
    .where('project_id', '=', projectId)
    .orderBy('origin')
    .execute();
  return rows.length === 0 ? null : rows.map((row) => row.origin);
}
