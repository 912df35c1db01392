import type { Store } from '../../../src/core/store/store.ts';

/** Where a transaction is held: before its first query, or when all is checked and written but not committed. */
export type Point = 'before' | 'end';

export interface Gate {
  /** The store, as a site is given it. */
  readonly store: Store;
  /**
   * The next transaction stops at this point.
   * @returns what settles when it stands there, and what lets it go on
   */
  hold(point: Point): { reached: Promise<void>; release: () => void };
  /** Settles when the next transaction is asked for, held or not. */
  asked(): Promise<void>;
}

/** A store whose transactions can be held at a point that a test chooses. */
export function gateTo(inner: Store): Gate {
  let armed: { point: Point; reach: () => void; open: Promise<void> } | null = null;
  let tell: () => void = () => {};
  const takeIf = (point: Point) => {
    if (armed?.point !== point) return null;
    const held = armed;
    armed = null;
    return held;
  };
  const stand = async (held: ReturnType<typeof takeIf>) => {
    held?.reach();
    await held?.open;
  };
  return {
    store: {
      kind: inner.kind,
      db: inner.db,
      connections: () => inner.connections(),
      close: () => inner.close(),
      async transaction(work) {
        tell();
        await stand(takeIf('before'));
        return inner.transaction(async (trx) => {
          const held = takeIf('end');
          const result = await work(trx);
          await stand(held);
          return result;
        });
      },
    },
    hold(point) {
      const reached = Promise.withResolvers<void>();
      const open = Promise.withResolvers<void>();
      armed = { point, reach: reached.resolve, open: open.promise };
      return { reached: reached.promise, release: open.resolve };
    },
    asked() {
      const asked = Promise.withResolvers<void>();
      tell = asked.resolve;
      return asked.promise;
    },
  };
}
