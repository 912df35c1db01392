import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { assertNotBlocked } from '../../../src/core/accounts/accounts.ts';
import {
  barOf,
  barReason,
  type EligibilityRules,
  holdRules,
  OPEN_TO_ALL,
} from '../../../src/core/accounts/eligibility.ts';
import { readReason } from '../../../src/core/platform/reasons.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';

const DAY = 24 * 60 * 60_000;
const NOW = Date.UTC(2026, 0, 1);
const ada = { username: 'Ada', editCount: 50, groups: ['autoconfirmed'], registeredAt: NOW - 30 * DAY };
const rules = (given: Partial<EligibilityRules>): EligibilityRules => ({ ...OPEN_TO_ALL, ...given });

describe('who may take part', () => {
  it.each([
    ['nothing is asked', {}, null],
    ['enough edits', { minEdits: 50 }, null],
    ['an edit too few', { minEdits: 51 }, { rule: 'edits', needed: 51, has: 50 }],
    ['old enough', { minAccountDays: 30 }, null],
    ['a day too young', { minAccountDays: 31 }, { rule: 'days', needed: 31, has: 30 }],
    ['in the group', { neededGroup: 'autoconfirmed' }, null],
    ['not in the group', { neededGroup: 'sysop' }, { rule: 'group', needed: 'sysop' }],
    ['on the list', { allowedUsers: ['Bo', 'Ada'] }, null],
    ['not on the list', { allowedUsers: ['Bo'] }, { rule: 'list', username: 'Ada' }],
  ] satisfies [string, Partial<EligibilityRules>, unknown][])('%s', (_what, given, bar) => {
    expect(barOf(rules(given), ada, NOW)).toEqual(bar);
  });

  it('takes an account from before the wiki noted dates for old enough', () => {
    expect(barOf(rules({ minAccountDays: 5000 }), { ...ada, registeredAt: null }, NOW)).toBeNull();
  });

  it('says each rule in words', () => {
    const bar = barOf(rules({ minEdits: 51 }), ada, NOW);
    expect(bar && readReason(barReason(bar)).text).toContain('an account needs 51 edits, and yours has 50');
  });

  it('is read from the settings', () => {
    const load = (env: Record<string, string>) => loadConfig(env, '/srv').eligibility;
    expect(load({})).toEqual(OPEN_TO_ALL);
    expect(
      load({
        VISAVIS_MIN_EDITS: '10',
        VISAVIS_MIN_ACCOUNT_DAYS: '4',
        VISAVIS_NEEDED_GROUP: 'autopatrolled',
        VISAVIS_ALLOWED_USERS: 'Ada Lovelace, Bo',
      }),
    ).toEqual({
      minEdits: 10,
      minAccountDays: 4,
      neededGroup: 'autopatrolled',
      allowedUsers: ['Ada Lovelace', 'Bo'],
    });
  });

  it.each([
    ['VISAVIS_MIN_EDITS', '-1'],
    ['VISAVIS_MIN_EDITS', 'many'],
    ['VISAVIS_MIN_ACCOUNT_DAYS', '1.5'],
    ['VISAVIS_NEEDED_GROUP', 'two groups'],
  ])('names %s when it is %j', (name, value) => {
    expect(() => loadConfig({ [name]: value }, '/srv')).toThrow(name);
  });
});

describe.each(engines())('rules that are held on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  const clock = { now: () => NOW, sleep: async () => {} };
  const mayAct = (id: number) => store.transaction((trx) => assertNotBlocked(trx, id));

  it('apply to those who are known, from the next start on, and go away again', async () => {
    const id = await addAccount(store, { username: 'Ada' });
    await holdRules({ store, clock }, rules({ minEdits: 100 }));
    await expect(mayAct(id)).resolves.toBeUndefined();
    await holdRules({ store, clock }, rules({ minEdits: 101 }));
    await expect(mayAct(id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('an account needs 101 edits, and yours has 100'),
    });
    await holdRules({ store, clock }, OPEN_TO_ALL);
    await expect(mayAct(id)).resolves.toBeUndefined();
  });
});
