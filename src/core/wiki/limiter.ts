/**
 * At most so many requests at once, first come first served. Wikimedia asks for no more than three from one
 * tool: the process makes one limiter and gives it to everything that talks to the wikis.
 */
export interface Limiter {
  /** Waits for a free place, runs `work`, and frees the place however it ends. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Requests under way now. */
  readonly active: number;
  /** Requests that wait for a place. */
  readonly waiting: number;
}

export const MAX_CONCURRENT_REQUESTS = 3;

export function createLimiter(max: number = MAX_CONCURRENT_REQUESTS): Limiter {
  const queue: (() => void)[] = [];
  let active = 0;

  async function enter(): Promise<void> {
    if (active < max) {
      active += 1;
      return;
    }
    // The one who leaves hands its place over, so `active` stays as it is.
    await new Promise<void>((resolve) => queue.push(resolve));
  }

  function leave(): void {
    const next = queue.shift();
    if (next) next();
    else active -= 1;
  }

  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    get active() {
      return active;
    },
    get waiting() {
      return queue.length;
    },
  };
}
