import type { Chat } from '../bots/chat.ts';
import type { NeededRole } from '../core/administration/processes.ts';
import type { Detector } from '../core/faces/detector.ts';
import type { Clock } from '../core/platform/clock.ts';
import type { Health } from '../web/deps.ts';
import type { RateLimits } from '../web/rate-limits.ts';

/**
 * A chat that is away or has ended takes nothing from the others; its reason is in the log.
 * @param missing roles that no process has
 */
export function healthOf({
  redis,
  limits,
  chats,
  detector,
  clock,
  missing,
}: {
  readonly redis: { readonly ready: boolean } | null;
  readonly limits: RateLimits;
  readonly chats: readonly Chat[];
  readonly detector: Pick<Detector, 'restsUntil'>;
  readonly clock: Clock;
  readonly missing: readonly NeededRole[];
}): Health {
  const connections = chats.flatMap((chat) => {
    const health = chat.health?.();
    return health ? [[chat.platform, health.state === 'up' ? 'ok' : health.state] as const] : [];
  });
  const parts = {
    ...(redis ? { redis: redis.ready ? 'ok' : 'away' } : {}),
    detector: clock.now() < (detector.restsUntil ?? 0) ? 'resting' : 'ok',
    ...Object.fromEntries(connections),
    ...Object.fromEntries(missing.map((role) => [role, 'missing'])),
  };
  const degraded = Object.values(parts).some((state) => state !== 'ok');
  return {
    ok: true,
    degraded,
    parts: { ...parts, limits: limits.where?.() ?? 'memory', locks: redis?.ready ? 'redis' : 'database' },
  };
}
