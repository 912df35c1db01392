import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isQuiet,
  parseQuietHours,
  type QuietHours,
  readTimeZone,
  showQuietHours,
} from '../../../src/core/projects/quiet-hours.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const hours = (text: string): QuietHours => {
  const parsed = parseQuietHours(text);
  if (!parsed) throw new Error(`${text} is none`);
  return parsed;
};
const anyHours = fc
  .record({ from: fc.integer({ min: 0, max: 1439 }), to: fc.integer({ min: 0, max: 1439 }) })
  .filter(({ from, to }) => from !== to);
const anyMoment = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) });
const anyZone = fc.constantFrom(
  'UTC',
  'Europe/Oslo',
  'America/New_York',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
);
/** Zones whose clocks are never changed, and how far they are from UTC. */
const fixedZone = fc.constantFrom(
  ['UTC', 0] as const,
  ['Asia/Kolkata', 330] as const,
  ['Asia/Tokyo', 540] as const,
  ['America/Phoenix', -420] as const,
  ['Etc/GMT+12', -720] as const,
);

/** Minutes that are quiet from one moment to another. */
const quietMinutes = (quiet: QuietHours, zone: string, from: number, to: number) => {
  let count = 0;
  for (let at = from; at < to; at += MINUTE) if (isQuiet(quiet, zone, at)) count++;
  return count;
};

describe('isQuiet', () => {
  it('is true in the hours or in those between them, and never in both', () => {
    fc.assert(
      fc.property(anyHours, anyZone, anyMoment, (quiet, zone, at) => {
        const others = { from: quiet.to, to: quiet.from };
        expect(isQuiet(quiet, zone, at)).toBe(!isQuiet(others, zone, at));
      }),
    );
  });

  it('is what counting minutes says where clocks are never changed', () => {
    fc.assert(
      fc.property(anyHours, fixedZone, anyMoment, ({ from, to }, [zone, offset], at) => {
        const since = (minute: number) => Math.floor(at / MINUTE) + offset - minute;
        const isIn = ((since(from) % 1440) + 1440) % 1440 < (to - from + 1440) % 1440;
        expect(isQuiet({ from, to }, zone, at)).toBe(isIn);
      }),
    );
  });

  it('does not change within a minute, and is the same on the next day in summer', () => {
    fc.assert(
      fc.property(anyHours, fc.integer({ min: 0, max: 60 * 24 * 60 - 1 }), (quiet, minute) => {
        const at = Date.UTC(2026, 5, 1) + minute * MINUTE;
        const now = isQuiet(quiet, 'Europe/Oslo', at);
        expect(isQuiet(quiet, 'Europe/Oslo', at + MINUTE - 1)).toBe(now);
        expect(isQuiet(quiet, 'Europe/Oslo', at + DAY)).toBe(now);
      }),
    );
  });

  it.each([
    ['22:00-07:00', '2026-01-10T20:59:59Z', false],
    ['22:00-07:00', '2026-01-10T21:00:00Z', true],
    ['22:00-07:00', '2026-01-11T05:59:59Z', true],
    ['22:00-07:00', '2026-01-11T06:00:00Z', false],
    ['12-13', '2026-07-01T10:00:00Z', true],
    ['12-13', '2026-07-01T11:00:00Z', false],
    ['0-24:00', '2026-07-01T11:00:00Z', null],
    ['22-24', '2026-07-01T21:59:59Z', true],
    ['22-24', '2026-07-01T22:00:00Z', false],
  ])('%s in Oslo at %s', (text, at, expected) => {
    const quiet = parseQuietHours(text);
    expect(quiet && isQuiet(quiet, 'Europe/Oslo', Date.parse(at))).toBe(expected);
  });

  it.each([
    ['a usual night', '2026-02-10', 540],
    ['the night in which clocks are put forward', '2026-03-28', 480],
    ['the night in which they are put back', '2026-10-24', 600],
  ])('holds for %s', (_night, day, expected) => {
    const noon = Date.parse(`${day}T12:00:00Z`);
    expect(quietMinutes(hours('22:00-07:00'), 'Europe/Oslo', noon, noon + DAY)).toBe(expected);
  });

  it('begins and ends by the clock on the wall when an end falls into the changed hour', () => {
    // 02:30 does not exist in that night: 01:59 is followed by 03:00.
    const spring = Date.parse('2026-03-29T00:59:59Z');
    expect(isQuiet(hours('22:00-02:30'), 'Europe/Oslo', spring)).toBe(true);
    expect(isQuiet(hours('22:00-02:30'), 'Europe/Oslo', spring + 1000)).toBe(false);
    expect(isQuiet(hours('02:30-06:00'), 'Europe/Oslo', spring)).toBe(false);
    expect(isQuiet(hours('02:30-06:00'), 'Europe/Oslo', spring + 1000)).toBe(true);
  });

  it('are kept again, once more, in the hour that the clock on the wall shows twice', () => {
    // On 25 October 2026 03:00 is followed by 02:00: the hour from 00:00 to 01:00 UTC is there again from 01:00 on.
    const at = (time: string) =>
      isQuiet(hours('02:15-02:45'), 'Europe/Oslo', Date.parse(`2026-10-25T${time}Z`));
    const times = [
      '00:14:59',
      '00:15:00',
      '00:44:59',
      '00:45:00',
      '01:14:59',
      '01:15:00',
      '01:44:59',
      '01:45:00',
    ];
    expect(times.map(at)).toEqual([false, true, true, false, false, true, true, false]);
    // Over the whole repeated hour they are kept without a break.
    const noon = Date.parse('2026-10-24T12:00:00Z');
    expect(quietMinutes(hours('02:00-03:00'), 'Europe/Oslo', noon, noon + DAY)).toBe(120);
    // Half an hour is put back on Lord Howe Island.
    const island = Date.parse('2026-04-04T12:00:00Z');
    expect(
      quietMinutes(hours('01:00-03:00'), 'Australia/Lord_Howe', island - DAY / 2, island + DAY / 2),
    ).toBe(150);
  });
});

describe('hours as people write them', () => {
  it('are read as they are shown', () => {
    fc.assert(
      fc.property(anyHours, (quiet) => {
        expect(parseQuietHours(showQuietHours(quiet))).toEqual(quiet);
      }),
    );
  });

  it.each(['', '22', '22-', '22:00', '22-22', '0-24', '22:60-7', '25-7', '-1-7', '22:00-07:00 x', '22:0-7'])(
    '“%s” is none',
    (text) => expect(parseQuietHours(text)).toBeNull(),
  );

  it('may have spaces, and no minutes', () => {
    expect(parseQuietHours(' 22 – 7:30 ')).toEqual({ from: 1320, to: 450 });
  });
});

describe('time zones', () => {
  it.each([
    ['Europe/Oslo', 'Europe/Oslo'],
    [' europe/oslo ', 'Europe/Oslo'],
    ['utc', 'UTC'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['Oslo', null],
    ['', null],
    ['+01:00', null],
    ['Europe/Oslo; drop table', null],
  ])('“%s”', (name, expected) => expect(readTimeZone(name)).toBe(expected));
});
