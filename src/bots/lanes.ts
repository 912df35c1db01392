/** Lets others work while one waits; what shares a key with the waiting work waits too. */
export type Aside = <T>(waiting: Promise<T>) => Promise<T>;

/** Work in order where order matters, and side by side where it does not. */
export interface Lanes {
  /**
   * Runs `work` after all work that was given before it and shares one of its keys.
   * @returns when it has ended; never rejects unless `work` does
   */
  run(keys: readonly string[], work: (aside: Aside) => Promise<void>): Promise<void>;
  /** Everything that was given until now has ended. */
  settled(): Promise<void>;
  /** Something that was given has not ended. */
  readonly busy: boolean;
}

/** @param width at most so many pieces of work at one time */
export function createLanes(width: number): Lanes {
  const last = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let given = 0;

  const enter = async () => {
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
  };
  const leave = () => {
    const next = waiting.shift();
    // The place goes from one to the next.
    if (next) next();
    else running--;
  };
  const aside: Aside = async (waiting) => {
    leave();
    try {
      return await waiting;
    } finally {
      await enter();
    }
  };

  return {
    run(keys, work) {
      given++;
      const before = Promise.all(keys.map((key) => last.get(key)));
      const done = before.then(async () => {
        await enter();
        try {
          await work(aside);
        } finally {
          leave();
          given--;
        }
      });
      const ended = done.catch(() => {});
      for (const key of keys) last.set(key, ended);
      // Nobody waits for a lane that is empty again.
      void ended.then(() => {
        for (const key of keys) if (last.get(key) === ended) last.delete(key);
      });
      return done;
    },
    async settled() {
      await Promise.all(last.values());
    },
    get busy() {
      return given > 0;
    },
  };
}
