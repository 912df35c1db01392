/**
 * At most so many requests at once, first come first served; what somebody waits for before what runs in the
 * background. Wikimedia asks for no more than three from one
 * tool: the process makes one limiter and gives it to everything that talks to the wikis.
 */
export interface Limiter {
  /**
   * Waits for a free place, runs `work`, and frees the place however it ends.
   * @param urgent somebody waits for it: it goes before all that is not
   */
  run<T>(work: () => Promise<T>, urgent?: boolean): Promise<T>;
  /** Requests under way now. */
  readonly active: number;
  /** Requests that wait for a place. */
  readonly waiting: number;
}

const MAX_CONCURRENT_REQUESTS = 3;

export function createLimiter(max: number = MAX_CONCURRENT_REQUESTS): Limiter {
  const urgently: (() => void)[] = [];
  const queue: (() => void)[] = [];
  let active = 0;

  async function enter(urgent: boolean): Promise<void> {
    if (active < max) {
      active += 1;
      return;
    }
    // The one who leaves hands its place over, so `active` stays as it is.
    await new Promise<void>((resolve) => (urgent ? urgently : queue).push(resolve));
  }

  function leave(): void {
    const next = urgently.shift() ?? queue.shift();
    if (next) next();
    else active -= 1;
  }

  return {
    async run(work, urgent = false) {
      await enter(urgent);
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
      return urgently.length + queue.length;
    },
  };
}
