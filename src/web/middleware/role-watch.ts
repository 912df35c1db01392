import { missingRoles, type NeededRole } from '../../core/administration/processes.ts';
import type { Clock } from '../../core/platform/clock.ts';
import type { Store } from '../../core/store/store.ts';
import type { WebMiddleware } from '../context.ts';

const LOOK_EVERY_MS = 30_000;

/** Knows whether workers and bots have been seen lately: without them nothing gets on. */
export function roleWatch({ store, clock, chats }: { store: Store; clock: Clock; chats: boolean }): {
  readonly middleware: WebMiddleware;
  missing(): readonly NeededRole[];
} {
  const since = clock.now();
  let lookedAt = 0;
  let missing: readonly NeededRole[] = [];
  return {
    missing: () => missing,
    async middleware(_ctx, next) {
      const now = clock.now();
      if (now - lookedAt > LOOK_EVERY_MS) {
        lookedAt = now;
        missing = await missingRoles({ store, clock }, { chats, since });
      }
      await next();
    },
  };
}
