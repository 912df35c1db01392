import { AWAY_AFTER_MS } from '../../core/administration/queues.ts';
import type { Clock } from '../../core/platform/clock.ts';
import type { Store } from '../../core/store/store.ts';
import type { WebMiddleware } from '../context.ts';

const LOOK_EVERY_MS = 30_000;

/** Knows whether any worker has been seen lately (PRODUCT W12): without one nothing gets on. */
export function workerWatch({ store, clock }: { store: Store; clock: Clock }): {
  readonly middleware: WebMiddleware;
  isAway(): boolean;
} {
  const began = clock.now();
  let lookedAt = 0;
  let away = false;
  return {
    isAway: () => away,
    async middleware(_ctx, next) {
      const now = clock.now();
      if (now - lookedAt > LOOK_EVERY_MS) {
        lookedAt = now;
        const { seen } = await store.db
          .selectFrom('workers')
          .select((eb) => eb.fn.max('seen_at').as('seen'))
          .executeTakeFirstOrThrow();
        // Before the first worker was ever seen: from when the site came up.
        away = now - Math.max(Number(seen ?? 0), began) > AWAY_AFTER_MS;
      }
      await next();
    },
  };
}
