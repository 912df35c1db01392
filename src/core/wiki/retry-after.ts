/**
 * The Retry-After header as milliseconds from now, or null when there is none that can be read
 * (RFC 9110, 10.2.3: seconds or an HTTP date). Never negative.
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  const value = header?.trim();
  if (!value) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
