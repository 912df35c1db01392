/** Who comes first: answers to people, then what they read already, then new questions, then the bot's reactions. */
export const RANK = { answer: 0, edit: 1, post: 2, seed: 3 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];
const RANKS = Object.values(RANK).length;

export interface Outbox {
  /** Runs a job when it is its turn in the channel. @throws what the job throws */
  run<T>(channelId: string, rank: Rank, job: () => Promise<T>): Promise<T>;
}

interface Lane {
  readonly waiting: (() => Promise<void>)[];
  busy: boolean;
}

/**
 * One queue for each channel. Jobs of a rank go one after the other, and begin only when nothing of a higher rank
 * waits or is under way; one of a higher rank never waits for a lower one, which may be held up by a limit.
 */
export function createOutbox(): Outbox {
  const channels = new Map<string, Lane[]>();

  return {
    run(channelId, rank, job) {
      const lanes = channels.get(channelId) ?? emptyLanes();
      channels.set(channelId, lanes);
      return new Promise((resolve, reject) => {
        lanes[rank]?.waiting.push(() => job().then(resolve, reject));
        pump(channelId, lanes);
      });
    },
  };

  function pump(channelId: string, lanes: Lane[]): void {
    for (const lane of lanes) {
      if (lane.busy) return;
      const next = lane.waiting.shift();
      if (!next) continue;
      lane.busy = true;
      void next().finally(() => {
        lane.busy = false;
        pump(channelId, lanes);
      });
      return;
    }
    if (channels.get(channelId) === lanes) channels.delete(channelId);
  }
}

function emptyLanes(): Lane[] {
  return Array.from({ length: RANKS }, () => ({ waiting: [], busy: false }));
}
