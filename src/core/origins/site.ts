import { z } from 'zod';
import type { Store, Trx } from '../store/store.ts';
import type { EffectiveRules } from './effective.ts';
import { TRIALS, type Trial } from './policy.ts';

/** The row of `settings` with what administrators chose. */
export const SITE_SETTING = 'csp';

const choices = z.object({
  mode: z.enum(['open', 'preapproved', 'off']).default('open'),
  /** false: the site's policy only reports. */
  enforced: z.boolean().default(true),
  /** Tried beside it, report-only. */
  trials: z.array(z.enum(Object.keys(TRIALS) as [Trial, ...Trial[]])).default([]),
  /** Ports beside 443. */
  ports: z.array(z.number().int().min(1).max(65535)).default([]),
  /** One report in so many is kept. */
  sampling: z.number().int().min(1).max(10_000).default(1),
  /** How long a new passkey waits before it can approve, in milliseconds. */
  passkeyWaitMs: z
    .number()
    .int()
    .min(0)
    .max(30 * 24 * 60 * 60_000)
    .default(24 * 60 * 60_000),
});
export type SiteChoices = z.infer<typeof choices>;

export const DEFAULT_CHOICES: SiteChoices = choices.parse({});

/** @throws ZodError for what cannot be chosen */
export function checkChoices(given: unknown): SiteChoices {
  return choices.parse(given);
}

export interface SiteRules extends EffectiveRules {
  readonly choices: SiteChoices;
}

/**
 * Everything that administrators decided, read from the database each time: a denial holds at the next request, in
 * every process.
 */
export async function readSite(db: Store['db'] | Trx, own: readonly string[]): Promise<SiteRules> {
  const setting = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', SITE_SETTING)
    .executeTakeFirst();
  const denied = await db.selectFrom('csp_denied').select('host').execute();
  const allowed = await db.selectFrom('csp_allowed').select('origin').execute();
  const shared = await db.selectFrom('csp_shared_hosts').selectAll().execute();
  const chosen = setting ? checkChoices(JSON.parse(setting.value)) : DEFAULT_CHOICES;
  return {
    choices: chosen,
    mode: chosen.mode,
    allowed: allowed.map((row) => row.origin),
    rules: {
      own,
      ports: chosen.ports,
      denied: denied.map((row) => row.host),
      shared: new Map(shared.map((row) => [row.host, row.segments])),
    },
  };
}
