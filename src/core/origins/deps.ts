import type { Clock } from '../platform/clock.ts';
import type { Store } from '../store/store.ts';
import type { SitePolicy } from './policy.ts';

export interface OriginDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Where this site is reached, such as `https://visavis.example.org`: its own origin, and that of its passkeys. */
  readonly publicUrl: string;
  /** What every page needs. */
  readonly policy: SitePolicy;
}

/** Our own origins for the rules. */
export function ownOrigins(deps: Pick<OriginDeps, 'publicUrl'>): string[] {
  return [new URL(deps.publicUrl).origin];
}
