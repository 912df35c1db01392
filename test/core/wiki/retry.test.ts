import { describe, expect, it } from 'vitest';
import { delayBefore, RETRY_TABLE, ruleFor } from '../../../src/core/wiki/retry.ts';
import { retryAfterMs } from '../../../src/core/wiki/retry-after.ts';

describe('the table', () => {
  it.each([
    [['maxlag'], 'later', 'delay'],
    [['readonly'], 'later', 'delay'],
    [['failed-save', 'ratelimited'], 'later', 'delay'],
    [['failed-save', 'editconflict'], 'later', 'delay'],
    [['internal_api_error_DBQueryError'], 'later', 'delay'],
    [['HTTP_429'], 'later', 'delay'],
    [['HTTP_SERVER_ERROR'], 'later', 'delay'],
    [['NETWORK'], 'later', 'delay'],
    [['TIMED_OUT'], 'later', 'delay'],
    [['UNREADABLE_ANSWER'], 'later', 'delay'],
    [['badtoken'], 'later', 'new_csrf'],
    [['mwoauth-invalid-authorization'], 'later', 'refresh'],
    [['mwoauth-invalid-authorization-not-approved'], 'this_account', undefined],
    [['failed-save', 'blocked', 'permissionserrors'], 'this_account', undefined],
    [['permissiondenied', 'blocked'], 'this_account', undefined],
    [['failed-save', 'blocked', 'permissionserrors', 'blockedtext-partial'], 'this_file', undefined],
    [['failed-save', 'protectedpage', 'permissionserrors'], 'this_file', undefined],
    [['permissiondenied', 'protectedpage'], 'this_file', undefined],
    [['failed-save', 'permissiondenied', 'permissionserrors'], 'this_account', undefined],
    [['failed-save', 'abusefilter-disallowed'], 'this_file', undefined],
    [['failed-save', 'abusefilter-warning'], 'this_file', undefined],
    [['no-such-entity'], 'this_file', undefined],
    [['modification-failed'], 'this_file', undefined],
    [['invalid-guid'], 'this_file', undefined],
    [['assertnameduserfailed'], 'this_account', undefined],
    [['failed-save', 'hook-nobody-knows'], 'this_file', undefined],
    [['HTTP_REFUSED'], 'stop', undefined],
    [['badtags'], 'stop', undefined],
    [[], 'stop', undefined],
  ])('%j is %s, %s', (codes, kind, retry) => {
    expect(ruleFor(codes).rule).toMatchObject({ kind });
    expect(ruleFor(codes).rule.retry).toBe(retry);
  });

  it('names each code once', () => {
    const codes = RETRY_TABLE.map(([code]) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('delayBefore', () => {
  const rule = { kind: 'later', retry: 'delay', delayMs: 1_000 } as const;

  it('does what the wiki says, whatever the own delay', () => {
    expect(delayBefore(rule, 5, 7_000, () => 0)).toBe(7_000);
  });

  it('doubles, up to a minute', () => {
    const delays = [0, 1, 2, 3, 10].map((attempt) => delayBefore(rule, attempt, null, () => 1));
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 60_000]);
  });

  it('draws between half and the whole', () => {
    expect(delayBefore(rule, 2, null, () => 0)).toBe(2_000);
    expect(delayBefore(rule, 2, null, () => 0.5)).toBe(3_000);
  });

  it('takes its own delay when the wiki says zero', () => {
    expect(delayBefore(rule, 0, 0, () => 1)).toBe(1_000);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['5', 5_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', null],
    ['', null],
    [null, null],
  ])('reads %j', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
