import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { assertNotBlocked, signIn } from '../../../src/core/accounts/accounts.ts';
import { OPEN_TO_ALL } from '../../../src/core/accounts/eligibility.ts';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import {
  assertGoodStanding,
  refreshStanding,
  renewName,
  type StandingDeps,
  standingStep,
} from '../../../src/core/accounts/standing.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { Profile } from '../../../src/core/wiki/oauth-profile.ts';
import type { UserInfo } from '../../../src/core/wiki/userinfo.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';

const DAY = 24 * 60 * 60_000;
const SECRET = 'a secret for tests alone, long enough';

describe.each(engines())('the standing of accounts on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let now: number;
  let asked: string[];
  let info: UserInfo;
  let profile: Profile;
  let trouble: Error | null;
  const clock = { now: () => now, sleep: async () => {} };
  const fernet = createFernet([Buffer.alloc(32, 1).toString('base64')], clock, randomBytes);
  const tokens = { accessToken: 'access', refreshToken: 'refresh', expiresAt: Date.UTC(2999, 0, 1) };

  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
  });
  afterAll(() => dispose());
  let people = 0;
  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1);
    asked = [];
    trouble = null;
    await store.db.deleteFrom('votes').execute();
    const username = `Ada ${++people}`;
    profile = {
      centralId: String(1000 + people),
      username,
      editCount: 3,
      blocked: false,
      groups: ['meta-group'],
      grants: [],
      registeredAt: now - 10 * DAY,
    };
    info = {
      name: username,
      blocked: false,
      groups: ['commons-group'],
      editCount: 500,
      registeredAt: now - 5 * DAY,
    };
  });

  const deps = (changes: Partial<StandingDeps> = {}): StandingDeps => ({
    store,
    clock,
    fernet,
    oauth: {
      profile: async () => profile,
      refreshToken: async () => ({ outcome: 'refused', reason: 'invalid_grant' }),
    },
    wiki: {
      userInfo: async (account) => {
        asked.push(account.name);
        await account.accessToken();
        if (trouble) throw trouble;
        return info;
      },
    },
    ...changes,
  });
  const enter = (standing: UserInfo | null) =>
    signIn({ store, clock, secret: SECRET, fernet }, { profile, tokens, standing });
  const row = (id: number) =>
    store.db
      .selectFrom('account_profiles')
      .selectAll()
      .where('account_id', '=', id)
      .executeTakeFirstOrThrow();
  const mayAct = (id: number) => store.transaction((trx) => assertNotBlocked(trx, id));

  it('is that of the wiki with the files, not of the wiki with the profile; the age is the older one', async () => {
    const { id } = await enter(info);
    expect(await row(id)).toMatchObject({
      edit_count: 500,
      user_groups: '["commons-group"]',
      registered_at: now - 10 * DAY,
      standing_at: now,
    });
  });

  it('is looked up again after a day, and not before', async () => {
    const { id } = await enter(info);
    now += DAY - 1;
    expect(await refreshStanding(deps(), id)).toBe(false);
    now += 1;
    info = { ...info, blocked: true };
    expect(await refreshStanding(deps(), id)).toBe(true);
    expect(asked).toHaveLength(1);
    await expect(mayAct(id)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await refreshStanding(deps(), id)).toBe(false);
  });

  it('keeps a block that is known when the wiki cannot be asked at the next sign-in', async () => {
    await enter({ ...info, blocked: true });
    const again = await enter(null);
    expect(again.blocked).toBe(true);
    expect((await enter(info)).blocked).toBe(false);
  });

  it('holds the rules against what the wiki says now', async () => {
    const { id } = await enter(info);
    now += 2 * DAY;
    const rules = { ...OPEN_TO_ALL, neededGroup: 'commons-group' };
    await expect(assertGoodStanding(deps({ rules }), id)).resolves.toBeUndefined();
    now += 2 * DAY;
    info = { ...info, groups: [] };
    await expect(assertGoodStanding(deps({ rules }), id)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('commons-group'),
    });
  });

  it('is no reason to refuse while the wiki has trouble; a broken link is', async () => {
    const { id } = await enter(info);
    now += 2 * DAY;
    trouble = wikiError('away', { kind: 'later', codes: ['NETWORK'], statement: 'not_sent' });
    await expect(assertGoodStanding(deps(), id)).resolves.toBeUndefined();
    await store.db
      .updateTable('account_tokens')
      .set({ broken_at: now, broken_reason: 'x' })
      .where('account_id', '=', id)
      .execute();
    await expect(assertGoodStanding(deps(), id)).rejects.toMatchObject({ code: 'sign_in_refused' });
  });

  it('brings a new name, looked up by the central id', async () => {
    const { id } = await enter(info);
    now += 2 * DAY;
    info = { ...info, name: 'Renamed' };
    profile = { ...profile, username: `${profile.username} renamed` };
    await refreshStanding(deps(), id);
    expect((await row(id)).username).toBe(profile.username);
    expect(await renewName(deps(), id)).toBeNull();
  });

  it('never takes the name of another central id', async () => {
    const { id } = await enter(info);
    const before = (await row(id)).username;
    profile = { ...profile, centralId: '999999', username: 'Mallory' };
    expect(await renewName(deps(), id)).toBeNull();
    expect((await row(id)).username).toBe(before);
  });

  describe('as a piece of work', () => {
    async function vote(accountId: number, at: number): Promise<void> {
      const project = await addProject(store);
      const face = await addFace(store, await addFile(store, project.id));
      await store.db
        .insertInto('votes')
        .values({
          project_id: project.id,
          face_id: face,
          person: 'Q1',
          account_id: accountId,
          answer: 'yes',
          decides: 0,
          question_id: null,
          platform: 'room',
          voted_at: at,
        })
        .execute();
    }

    it('is looked up for those who vote, once a day', async () => {
      const { id } = await enter(info);
      expect(await standingStep(deps())).toBe(false);
      await vote(id, now + 1);
      expect(await standingStep(deps())).toBe(false);
      now += DAY;
      info = { ...info, blocked: true };
      expect(await standingStep(deps())).toBe(true);
      await expect(mayAct(id)).rejects.toMatchObject({ code: 'forbidden' });
      expect(await standingStep(deps())).toBe(false);
      now += DAY;
      expect(await standingStep(deps())).toBe(false);
      expect(asked).toHaveLength(1);
    });

    it('waits when the wiki has trouble, and passes over an account that cannot be looked up', async () => {
      const { id } = await enter(info);
      await vote(id, now + 1);
      now += DAY;
      trouble = wikiError('away', { kind: 'later', codes: ['NETWORK'], statement: 'not_sent' });
      expect(await standingStep(deps())).toBe(false);
      trouble = wikiError('disabled', {
        kind: 'this_account',
        codes: ['mwoauth-invalid-authorization-not-approved'],
        statement: 'refused',
      });
      expect(await standingStep(deps())).toBe(false);
      expect(await standingStep(deps())).toBe(false);
      expect(asked).toHaveLength(2);
    });
  });
});
