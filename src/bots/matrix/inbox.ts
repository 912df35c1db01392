import type { Clock } from '../../core/platform/clock.ts';
import { describeError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import { pauseAfter } from './outbox.ts';

export interface Inbox {
  /**
   * Does `work` after everything that was added to the same lane before; again, when it failed, because the database
   * may be away. Somebody's answer that waits for the homeserver's limits holds up nobody in another lane.
   */
  add(lane: string, what: string, work: () => Promise<void>, givenUp?: () => Promise<void>): void;
  /** Does `work` after everything that was added before, in any lane. */
  after(what: string, work: () => Promise<void>): void;
  /** Resolves when at most so many wait. */
  below(most: number): Promise<void>;
  /** Resolves when nothing is under way. After the end what waits is dropped, and the homeserver repeats it. */
  idle(): Promise<void>;
}

/** One event that cannot be handled must not hold up all later ones. */
const MOST_TRIES = 6;
/** Of `after`: what comes after all others is in order with its like. */
const LAST = '';

/** What came from the homeserver, to be dealt with. */
export function createInbox(deps: { clock: Clock; log: Log; signal: AbortSignal }): Inbox {
  const { clock, log, signal } = deps;
  /** The last of each lane that is not done. */
  const lanes = new Map<string, Promise<void>>();
  let waiting = 0;

  return {
    add: (lane, what, work, givenUp) => put(lane, lanes.get(lane) ?? Promise.resolve(), what, work, givenUp),
    after: (what, work) => put(LAST, Promise.all(lanes.values()), what, work),
    async below(most) {
      while (waiting > most) await Promise.race(lanes.values());
    },
    async idle() {
      while (lanes.size > 0) await Promise.all(lanes.values());
    },
  };

  function put(
    lane: string,
    before: Promise<unknown>,
    what: string,
    work: () => Promise<void>,
    givenUp: () => Promise<void> = async () => {},
  ): void {
    waiting++;
    const own = before
      .then(() => attempt(what, work, givenUp))
      .finally(() => {
        waiting--;
        if (lanes.get(lane) === own) lanes.delete(lane);
      });
    lanes.set(lane, own);
  }

  async function attempt(
    what: string,
    work: () => Promise<void>,
    givenUp: () => Promise<void>,
  ): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        if (failures === MOST_TRIES) {
          log.error({ error: describeError(error) }, `${what} could not be handled`);
          return givenUp().catch(() => {});
        }
        await clock.sleep(pauseAfter(failures), signal);
      }
    }
  }
}
