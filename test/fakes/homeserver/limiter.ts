import { Refused } from './events.ts';

/** A homeserver's default for messages and reactions: `rc_message`. */
export const DEFAULT_LIMIT = { perSecond: 0.2, burst: 10 };

export interface Limiter {
  /** null: none. */
  limit: { readonly perSecond: number; readonly burst: number } | null;
  /** @throws Refused 429 */
  count(userId: string): void;
}

export function createLimiter(now: () => number): Limiter {
  const used = new Map<string, { level: number; at: number }>();
  return {
    limit: null,
    count(userId) {
      if (!this.limit) return;
      const { perSecond, burst } = this.limit;
      const last = used.get(userId) ?? { level: 0, at: now() };
      const level = Math.max(0, last.level - ((now() - last.at) / 1000) * perSecond);
      if (level + 1 > burst) {
        const wait = Math.ceil(((level + 1 - burst) / perSecond) * 1000);
        throw new Refused(429, 'M_LIMIT_EXCEEDED', 'Too Many Requests', { retry_after_ms: wait });
      }
      used.set(userId, { level: level + 1, at: now() });
    },
  };
}
