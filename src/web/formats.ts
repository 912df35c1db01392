/** How a language writes times and numbers. Times are shown in UTC. */
export interface Formats {
  readonly dates: Intl.DateTimeFormat;
  readonly days: Intl.DateTimeFormat;
  readonly times: Intl.DateTimeFormat;
  readonly numbers: Intl.NumberFormat;
}

const made = new Map<string, Formats>();

/**
 * Made once for each language, because making them costs as much as a good part of a page.
 * @param language of a translator: one of the few that have messages
 */
export function formatsFor(language: string): Formats {
  const known = made.get(language);
  if (known) return known;
  const timeZone = 'UTC';
  const formats: Formats = {
    dates: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone }),
    days: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone }),
    times: new Intl.DateTimeFormat(language, { timeStyle: 'short', timeZone }),
    numbers: new Intl.NumberFormat(language),
  };
  made.set(language, formats);
  return formats;
}
