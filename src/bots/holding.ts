import type { Clock } from '../core/platform/clock.ts';
import type { Log } from '../core/platform/log.ts';
import { type Lease, releaseLease, renewLease, takeLease } from '../core/store/leases.ts';
import type { Store } from '../core/store/store.ts';

export interface HoldingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly workerId: string;
}

/**
 * The right to be the bot on a platform, which one process has at a time. Others stand by, and take over when it ends or
 * says nothing any more: within `LEASE_MS` and `STAND_BY_MS` together.
 */
export interface Holding {
  /** Aborted when the platform is somebody else's, or nobody can tell any more whose it is. */
  readonly lost: AbortSignal;
  /**
   * Asked before anything is done to the chat. A process that stood still for long (stopped, swapped out, a machine that
   * slept) does not trust what it remembers, but asks the database first.
   */
  isOurs(): Promise<boolean>;
  release(): Promise<void>;
}

const LEASE_MS = 6_000;
/** Who stands by looks this often. */
export const STAND_BY_MS = 2_000;

/** @returns null when somebody else has the platform, or the database cannot say */
export async function takeHolding(deps: HoldingDeps, platform: string): Promise<Holding | null> {
  const { store, clock, workerId } = deps;
  const now = clock.now();
  const name = `chat ${platform}`;
  const lease = await takeLease(store, { name, owner: workerId, now, ttl: LEASE_MS }).catch(() => null);
  return lease && hold(deps, platform, lease, now);
}

function hold({ store, clock, log }: HoldingDeps, platform: string, lease: Lease, takenAt: number): Holding {
  const lost = new AbortController();
  let until = takenAt + LEASE_MS;

  const renew = async () => {
    const now = clock.now();
    const ours = await renewLease(store, lease, now, LEASE_MS).catch(() => null);
    if (ours) until = now + LEASE_MS;
    // Without the database nobody can tell; ours until it has run out.
    else if ((ours === false || clock.now() >= until) && !lost.signal.aborted) {
      log.warn({ platform }, 'another process holds the chat now');
      lost.abort();
    }
  };
  /** Beside the work, because a picture may take longer to come than the lease runs. */
  const keep = async () => {
    while (!lost.signal.aborted) {
      await clock.sleep(LEASE_MS / 4, lost.signal);
      if (!lost.signal.aborted) await renew();
    }
  };
  const keeping = keep();

  return {
    lost: lost.signal,
    async isOurs() {
      if (!lost.signal.aborted && clock.now() >= until) await renew();
      return !lost.signal.aborted;
    },
    async release() {
      lost.abort();
      await keeping;
      await releaseLease(store, lease).catch(() => {});
    },
  };
}
