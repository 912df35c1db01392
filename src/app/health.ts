import type { Chat } from '../bots/chat.ts';
import type { Detector } from '../core/faces/detector.ts';
import { systemClock } from '../core/platform/clock.ts';
import type { Health } from '../web/deps.ts';
import type { RateLimits } from '../web/rate-limits.ts';

/** A chat that is away or has ended takes nothing from the others; its reason is in the log. */
export function healthOf({
  redis,
  limits,
  chats,
  detector,
}: {
  readonly redis: { readonly ready: boolean } | null;
  readonly limits: RateLimits;
  readonly chats: readonly Chat[];
  readonly detector: Pick<Detector, 'restsUntil'>;
}): Health {
  const connections = chats.flatMap((chat) => {
    const health = chat.health?.();
    return health ? [[chat.platform, health.state === 'up' ? 'ok' : health.state] as const] : [];
  });
  const parts = {
    ...(redis ? { redis: redis.ready ? 'ok' : 'away' } : {}),
    detector: systemClock.now() < (detector.restsUntil ?? 0) ? 'resting' : 'ok',
    ...Object.fromEntries(connections),
  };
  const degraded = Object.values(parts).some((state) => state !== 'ok');
  return {
    ok: true,
    degraded,
    parts: { ...parts, limits: limits.where?.() ?? 'memory', locks: redis?.ready ? 'redis' : 'database' },
  };
}
