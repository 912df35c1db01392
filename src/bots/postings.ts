/** Messages on their way into channels: people may see one, and react, a moment before our row names it. */
export interface Postings {
  /** Does `work`, which posts into a channel and stores the message's id. */
  run<T>(channelId: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when everything that is on its way there now is stored, or has failed; null: nothing is. */
  underWay(channelId: string): Promise<unknown> | null;
}

export function createPostings(): Postings {
  const channels = new Map<string, Set<Promise<unknown>>>();

  return {
    async run(channelId, work) {
      const here = channels.get(channelId) ?? new Set();
      const working = work();
      channels.set(channelId, here.add(working));
      try {
        return await working;
      } finally {
        here.delete(working);
        if (here.size === 0) channels.delete(channelId);
      }
    },
    underWay(channelId) {
      const here = channels.get(channelId);
      return here ? Promise.allSettled(here) : null;
    },
  };
}
