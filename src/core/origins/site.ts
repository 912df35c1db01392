import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../store/store.ts';
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
 * every process. One statement, because every page asks.
 */
export async function readSite(db: Db, own: readonly string[]): Promise<SiteRules> {
  const rows = await db
    .selectFrom('settings')
    .select([sql<List>`'setting'`.as('list'), 'value', sql<number>`0`.as('segments')])
    .where('name', '=', SITE_SETTING)
    .unionAll((eb) =>
      eb
        .selectFrom('csp_denied')
        .select([sql<List>`'denied'`.as('list'), 'host as value', sql<number>`0`.as('segments')]),
    )
    .unionAll((eb) =>
      eb
        .selectFrom('csp_allowed')
        .select([sql<List>`'allowed'`.as('list'), 'origin as value', sql<number>`0`.as('segments')]),
    )
    .unionAll((eb) =>
      eb.selectFrom('csp_shared_hosts').select([sql<List>`'shared'`.as('list'), 'host as value', 'segments']),
    )
    .execute();
  const valuesOf = (list: List) => rows.filter((row) => row.list === list).map((row) => row.value);
  const [setting] = valuesOf('setting');
  const chosen = setting === undefined ? DEFAULT_CHOICES : checkChoices(JSON.parse(setting));
  return {
    choices: chosen,
    mode: chosen.mode,
    allowed: valuesOf('allowed'),
    rules: {
      own,
      ports: chosen.ports,
      denied: valuesOf('denied'),
      shared: new Map(
        rows.filter((row) => row.list === 'shared').map((row) => [row.value, Number(row.segments)]),
      ),
    },
  };
}

/** Which table a row came from. */
type List = 'setting' | 'denied' | 'allowed' | 'shared';
