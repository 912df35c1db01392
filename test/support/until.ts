import { setTimeout as pause } from 'node:timers/promises';

/**
 * Looks again and again until there is something; what the looking throws counts as “not yet”.
 * @returns what was seen
 * @throws after `withinMs`, three minutes unless told
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined> | T | false | undefined,
  withinMs = 180_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown = null;
  while (performance.now() < end) {
    try {
      const seen = await look();
      if (seen !== false && seen !== undefined) return seen;
      last = null;
    } catch (error) {
      last = error;
    }
    await pause(100);
  }
  throw new Error(`${what}: not so after ${withinMs / 1000} s`, { cause: last });
}
