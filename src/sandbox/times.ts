/** Milliseconds since 1970 in the ways that MediaWiki writes a time. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Fourteen digits, `20261122024740`. */
export function digitTime(ms: number): string {
  return isoTime(ms).replaceAll(/[-:TZ]/g, '');
}

/** For people: `02:48, 22 November 2026`. */
export function readableTime(ms: number): string {
  const date = new Date(ms);
  const month = date.toLocaleString('en', { month: 'long', timeZone: 'UTC' });
  return `${isoTime(ms).slice(11, 16)}, ${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}
