import type { Clock } from '../core/platform/clock.ts';

/** A few hundred numbers each. */
const MOST = 200;
/** So that what changed without being counted as a change (an import) is seen all the same. */
const LONGEST_MS = 60_000;

/**
 * Of each project what was computed last, as long as the project has not changed.
 * @returns asks for it; `change` differs after every change of what it is computed from, and is read before
 */
export function createRemembered<T>(
  clock: Clock,
): (projectId: number, change: string, compute: () => Promise<T>) => Promise<T> {
  const known = new Map<number, { change: string; at: number; value: T }>();
  return async (projectId, change, compute) => {
    const last = known.get(projectId);
    if (last?.change === change && Math.abs(clock.now() - last.at) < LONGEST_MS) return last.value;
    const at = clock.now();
    const value = await compute();
    known.delete(projectId);
    known.set(projectId, { change, at, value });
    const [oldest] = known.keys();
    if (known.size > MOST && oldest !== undefined) known.delete(oldest);
    return value;
  };
}
