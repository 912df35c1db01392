import type { OptIn } from './effective.ts';
import { type AcceptedOrigin, parseOrigin } from './parse.ts';
import { HEADER_BUDGET, OPT_IN_BUDGET, type PolicyBytes, policyBytes, type SitePolicy } from './policy.ts';
import type { RefusalCode } from './refusal.ts';
import type { SiteRules } from './site.ts';
import { covers } from './sources.ts';

/** Why a list does not take an origin that is good in itself. */
export type ListRefusalCode = 'switched_off' | 'not_preapproved' | 'already_there' | 'over_budget';

export type Consideration =
  | { readonly ok: true; readonly origin: AcceptedOrigin; readonly bytes: PolicyBytes }
  | { readonly ok: false; readonly code: RefusalCode | ListRefusalCode; readonly hint: string };

/**
 * Whether a user may have this origin now. Changes nothing: the form, the interface for wikis, and the act itself
 * ask the same.
 * @param entries the user's list as it is
 * @param replaces the value that would go, when an entry is edited
 */
export function considerOrigin(
  site: SiteRules,
  policy: SitePolicy,
  entries: readonly Pick<OptIn, 'value'>[],
  input: string,
  replaces: string | null = null,
): Consideration {
  const origin = parseOrigin(input, site.rules);
  if (!origin.ok) return origin;
  if (site.mode === 'off')
    return no('switched_off', 'An administrator has switched data from elsewhere off for this site.');
  if (site.mode === 'preapproved' && !site.allowed.some((one) => covers(one, origin.value)))
    return no('not_preapproved', 'Only origins of the list of this site can be added. Ask an administrator.');
  const others = entries.map((entry) => entry.value).filter((value) => value !== replaces);
  if (others.includes(origin.value)) return no('already_there', 'This is on your list already.');
  const wider = others.find((value) => covers(value, origin.value));
  if (wider !== undefined) return no('already_there', `${wider} on your list allows this already.`);
  const bytes = policyBytes(policy, [...others, origin.value]);
  if (!bytes.fits) return no('over_budget', budgetHint(bytes));
  return { ok: true, origin, bytes };
}

function budgetHint(bytes: PolicyBytes): string {
  const why =
    bytes.optIns > OPT_IN_BUDGET
      ? `your list would have ${bytes.optIns} bytes, and at most ${OPT_IN_BUDGET} are sent`
      : `the header would have ${bytes.header} bytes, and at most ${HEADER_BUDGET} pass through every proxy`;
  return `There is no room for it: ${why}. Remove an entry, or use a shorter one.`;
}

function no(code: ListRefusalCode, hint: string): Consideration {
  return { ok: false, code, hint };
}
