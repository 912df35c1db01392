import { describe, expect, it } from 'vitest';
import { effectiveSet, type OptIn, silenceOf, withinManifest } from '../../../src/core/origins/effective.ts';
import { policyBytes, type SitePolicy } from '../../../src/core/origins/policy.ts';
import { DEFAULT_RULES } from '../../../src/core/origins/rules.ts';
import { covers, matches } from '../../../src/core/origins/sources.ts';

const NOW = 1_000;
const SITE: SitePolicy = { pictures: [], dataPictures: true, formActions: [], reports: null };
const open = { mode: 'open', allowed: [], rules: DEFAULT_RULES } as const;
const entry = (value: string, given: Partial<OptIn> = {}): OptIn => ({
  value,
  expiresAt: NOW + 1,
  paused: false,
  ...given,
});

describe('what is sent to a user', () => {
  const A = 'https://a.example.org';

  it.each([
    ['as approved', entry(A), {}, null],
    ['until it runs out', entry(A, { expiresAt: NOW }), {}, 'expired'],
    ['not while it is paused', entry(A, { paused: true }), {}, 'paused'],
    ['not when nobody approved it', entry(A, { expiresAt: null }), {}, 'not_approved'],
    ['not when it is switched off', entry(A), { mode: 'off' }, 'off'],
    ['not when its host is denied', entry(A), { denied: ['a.example.org'] }, 'denied'],
    ['not when a host above it is denied', entry(A), { denied: ['example.org'] }, 'denied'],
    ['though another host ends alike', entry(A), { denied: ['ample.org', 'b.a.example.org'] }, null],
    ['not when it is not pre-approved', entry(A), { mode: 'preapproved' }, 'not_preapproved'],
    ['when it is pre-approved', entry(A), { mode: 'preapproved', allowed: [A] }, null],
    ['below what is pre-approved', entry(`${A}/x/`), { mode: 'preapproved', allowed: [A] }, null],
    ['not above it', entry(A), { mode: 'preapproved', allowed: [`${A}/x/`] }, 'not_preapproved'],
    ['not in another form', entry(`${A}/x`), {}, 'not_accepted'],
    ['not when it is no address', entry('*'), {}, 'not_accepted'],
    ['not without the path that its host needs', entry('https://unpkg.com'), {}, 'not_accepted'],
  ] as const)('%s', (_, one, given, expected) => {
    const { denied = [], ...rest } = given as { denied?: readonly string[] };
    const rules = { ...open, ...rest, rules: { ...DEFAULT_RULES, denied } };
    expect(silenceOf(one, rules, NOW)).toBe(expected);
    expect(effectiveSet([one], rules, NOW)).toEqual(expected === null ? [one.value] : []);
  });
});

describe('on the pages of a project', () => {
  const within = (optIns: string[], declared: string[] | null) => withinManifest(optIns, declared, SITE);

  it('all of it, when the project declares nothing', () => {
    expect(within(['https://a.org', 'https://b.org'], null)).toEqual(['https://a.org', 'https://b.org']);
  });

  it('what both name, and the narrower of the two', () => {
    expect(within(['https://a.org', 'https://b.org'], ['https://b.org', 'https://c.org'])).toEqual([
      'https://b.org',
    ]);
    expect(within(['https://a.org/x/'], ['https://a.org'])).toEqual(['https://a.org/x/']);
    expect(within(['https://a.org'], ['https://a.org/x/', 'https://a.org/y/'])).toEqual([
      'https://a.org/x/',
      'https://a.org/y/',
    ]);
    expect(within(['https://a.org'], ['wss://a.org', 'https://b.a.org'])).toEqual([]);
    expect(within(['https://a.org'], [])).toEqual([]);
  });

  it('never more than the budget, however many paths are declared', () => {
    const declared = Array.from({ length: 60 }, (_, n) => `https://a.org/${n}${'x'.repeat(40)}/`);
    const sent = within(['https://a.org'], declared);
    expect(policyBytes(SITE, sent).fits).toBe(true);
    expect(sent).toEqual(['https://a.org']);
  });
});

describe('matching', () => {
  it.each([
    ['https://a.org', 'https://a.org/x/y', true],
    ['https://a.org/x/', 'https://a.org/x/y?z', true],
    ['https://a.org/x/', 'https://a.org/x', false],
    ['https://a.org/x.php', 'https://a.org/x.php?a=b', true],
    ['https://a.org/x.php', 'https://a.org/x.php/y', false],
    ['https://a.org', 'https://a.org:8443/', false],
    ['https://a.org:8443', 'https://a.org:8443/', true],
    ['https://a.org', 'https://b.a.org/', false],
    ['https://a.org', 'wss://a.org/', false],
    ['wss://a.org/v/', 'wss://a.org/v/1', true],
  ])('%s lets %s through: %s', (value, url, expected) => expect(matches(value, new URL(url))).toBe(expected));

  it('one value covers another when it lets all of it through', () => {
    expect(covers('https://a.org', 'https://a.org/x/')).toBe(true);
    expect(covers('https://a.org/x/', 'https://a.org/x/y.php')).toBe(true);
    expect(covers('https://a.org/x.php', 'https://a.org/x.php')).toBe(true);
    expect(covers('https://a.org/x/', 'https://a.org')).toBe(false);
    expect(covers('https://a.org/x/', 'https://a.org/xy/')).toBe(false);
    expect(covers('https://a.org', 'wss://a.org')).toBe(false);
  });
});
