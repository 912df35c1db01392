/** From one minute of the day to another, over midnight when `to` is the smaller one; 0 to 1439 each. */
export interface QuietHours {
  readonly from: number;
  /** The first minute that is not quiet any more. */
  readonly to: number;
}

const DAY = 24 * 60;

/**
 * Whether it is quiet at a moment. What counts is the clock on the wall in the time zone: in the night in which it is
 * put forward, the quiet hours are one hour shorter, and in the other one they are longer.
 * @param timeZone IANA name
 */
export function isQuiet({ from, to }: QuietHours, timeZone: string, at: number): boolean {
  const minute = minuteOfDay(timeZone, at);
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}

/** `22:00-7:30`, `22–7`; null for anything else, and where both ends are the same: is that all day, or never? */
export function parseQuietHours(text: string): QuietHours | null {
  const match = /^(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?$/.exec(text.trim());
  if (!match) return null;
  const from = minutes(match[1], match[2]);
  const to = minutes(match[3], match[4]);
  return from === null || to === null || from % DAY === to % DAY ? null : { from: from % DAY, to: to % DAY };
}

/** As `parseQuietHours` reads it: `22:00–07:30`. */
export function showQuietHours({ from, to }: QuietHours): string {
  const time = (minute: number) =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return `${time(from)}–${time(to)}`;
}

/**
 * The name of a time zone as the tz database writes it, for one that is typed in any case.
 * @returns null when there is none; offsets such as `+01:00` have no summer time and are none
 */
export function readTimeZone(name: string): string | null {
  const typed = name.trim();
  if (!/^[A-Za-z]/.test(typed)) return null;
  const lower = typed.toLowerCase();
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: typed }).resolvedOptions();
    // What it resolves to may be an older name for the same zone: Asia/Kolkata is Asia/Calcutta there.
    const names = [timeZone, ...Intl.supportedValuesOf('timeZone')];
    return names.find((name) => name.toLowerCase() === lower) ?? typed;
  } catch {
    return null;
  }
}

function minuteOfDay(timeZone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    hourCycle: 'h23',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(at);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  return part('hour') * 60 + part('minute');
}

/** 24:00 is midnight too. */
function minutes(hours: string | undefined, rest: string | undefined): number | null {
  const minute = Number(rest ?? 0);
  const all = Number(hours) * 60 + minute;
  return minute < 60 && all <= DAY ? all : null;
}
