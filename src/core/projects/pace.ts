/** The pace of a channel is counted over any stretch of this length, not by the hours of the clock. */
export const PACE_MS = 60 * 60_000;

/**
 * Whether one more question may be shown, when so many are allowed within any hour.
 * @param shownAt UTC milliseconds of the last ones, in any order
 */
export function paceAllows(pace: number | null, shownAt: readonly number[], now: number): boolean {
  return pace === null || shownAt.filter((at) => at > now - PACE_MS).length < pace;
}
