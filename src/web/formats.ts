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
  // As the wikis write it in English, whatever the browser: 13:40, 22 November 2026.
  const isEnglish = language === 'en';
  const locale = isEnglish ? 'en-GB' : language;
  const dateStyle = isEnglish ? 'long' : 'medium';
  const formats: Formats = {
    dates: new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: 'short', timeZone }),
    days: new Intl.DateTimeFormat(locale, { dateStyle, timeZone }),
    times: new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }),
    numbers: new Intl.NumberFormat(locale),
  };
  made.set(language, formats);
  return formats;
}
