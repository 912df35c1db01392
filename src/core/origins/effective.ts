import { policyBytes, type SitePolicy } from './policy.ts';
import type { OriginRules } from './rules.ts';
import { isBelow } from './rules.ts';
import { checkAgain, covers } from './sources.ts';

/** `preapproved`: only what is on the administrators' list as well. */
export type OriginMode = 'open' | 'preapproved' | 'off';

/** One origin of a user, with what decides whether it is sent. Times are UTC milliseconds. */
export interface OptIn {
  readonly value: string;
  /** null: the row came from elsewhere and nobody has approved it here. */
  readonly expiresAt: number | null;
  readonly paused: boolean;
}

/** Why an entry is not sent; null: it is. */
export type Silence =
  | 'off'
  | 'not_approved'
  | 'paused'
  | 'expired'
  | 'denied'
  | 'not_accepted'
  | 'not_preapproved';

export interface EffectiveRules {
  readonly mode: OriginMode;
  /** The administrators' list. */
  readonly allowed: readonly string[];
  readonly rules: OriginRules;
}

/** Why this entry is not sent now; the first reason of the list above. */
export function silenceOf(
  entry: OptIn,
  { mode, allowed, rules }: EffectiveRules,
  now: number,
): Silence | null {
  if (mode === 'off') return 'off';
  if (entry.expiresAt === null) return 'not_approved';
  if (entry.paused) return 'paused';
  if (entry.expiresAt <= now) return 'expired';
  const host = hostOf(entry.value);
  if (host === null) return 'not_accepted';
  if (isBelow(host, rules.denied)) return 'denied';
  if (checkAgain([entry.value], rules).unsound.length > 0) return 'not_accepted';
  if (mode === 'preapproved' && !allowed.some((one) => covers(one, entry.value))) return 'not_preapproved';
  return null;
}

/** The values that are sent to this user on ordinary pages, in the order of the entries. */
export function effectiveSet(entries: readonly OptIn[], given: EffectiveRules, now: number): string[] {
  return entries.filter((entry) => silenceOf(entry, given, now) === null).map((entry) => entry.value);
}

/**
 * What of it a project's pages carry: the narrower one of each opt-in and each declared origin that overlap.
 * Where several declared paths in place of one opt-in would pass the budget, the opt-in stays: the user allowed
 * that much.
 * @param declared null: the project declares nothing, and all is sent
 */
export function withinManifest(
  optIns: readonly string[],
  declared: readonly string[] | null,
  site: SitePolicy,
): string[] {
  if (declared === null) return [...optIns];
  const narrow = new Set<string>();
  const touched: string[] = [];
  for (const optIn of optIns) {
    const parts = declared.flatMap((one) => {
      if (covers(one, optIn)) return [optIn];
      return covers(optIn, one) ? [one] : [];
    });
    if (parts.length > 0) touched.push(optIn);
    for (const part of parts) narrow.add(part);
  }
  return policyBytes(site, [...narrow]).fits ? [...narrow] : touched;
}

/** The host of a kept value; null when it is no address at all. */
export function hostOf(value: string): string | null {
  return /^(?:https|wss):\/\/([a-z0-9.-]+)(?=[:/]|$)/.exec(value)?.[1] ?? null;
}
