import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { accountById, signIn } from '../../../src/core/accounts/accounts.ts';
import { holdRules, OPEN_TO_ALL } from '../../../src/core/accounts/eligibility.ts';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { blockAccount, unblockAccount } from '../../../src/core/accounts/site-blocks.ts';
import { siteAccounts } from '../../../src/core/administration/accounts.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('accounts that are blocked on this site, on %s', (kind) => {
  let store: Store;
  let admin: number;
  const clock = fakeClock();
  const fernet = createFernet([Buffer.alloc(32, 7).toString('base64')], clock, randomBytes);
  const deps = () => ({ store, clock, nudges: notedNudges() });
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(async () => {
    await store.db.deleteFrom('site_blocks').execute();
    await store.db.deleteFrom('administrators').execute();
    admin = await addAccount(store);
    await store.db
      .insertInto('administrators')
      .values({ account_id: admin, name: `Admin ${admin}`, since: 0 })
      .execute();
  });

  const barred = async (id: number) => (await accountById(store, id))?.barred ?? null;

  it('answer, write and decide no more, are signed out, and their runs stop', async () => {
    const { id: projectId } = await addProject(store);
    const member = await addMember(store, projectId);
    const face = await addFace(store, await addFile(store, projectId));
    const run = await addRun(store, projectId, member);
    await store.db.updateTable('runs').set({ state: 'working' }).where('id', '=', run).execute();
    await store.db
      .insertInto('sessions')
      .values({
        id_hash: Buffer.from(`s${member}`),
        account_id: member,
        data: '{}',
        created_at: 0,
        expires_at: 1,
      })
      .execute();
    const answer = () =>
      castBallot(deps(), {
        projectId,
        accountId: member,
        answers: [{ faceId: face, person: 'Q1', answer: 'yes' }],
        questionId: null,
        platform: 'web',
      });
    await blockAccount(deps(), { accountId: admin, blockedId: member, reason: ' It votes by program. ' });
    await expect(answer()).rejects.toMatchObject({
      code: 'forbidden',
      say: { key: 'refusal-blocked-here', params: ['It votes by program.'] },
    });
    const left = store.db.selectFrom('sessions').select('id_hash').where('account_id', '=', member);
    expect(await left.execute()).toEqual([]);
    const runs = store.db.selectFrom('runs').select('stop_requested_at').where('id', '=', run);
    expect((await runs.executeTakeFirstOrThrow()).stop_requested_at).toBe(clock.now());

    await unblockAccount(deps(), { accountId: admin, blockedId: member });
    expect(await barred(member)).toBeNull();
    await answer();
    const log = await store.db
      .selectFrom('audit')
      .select(['account_id', 'action', 'detail'])
      .where('subject', '=', `account ${member}`)
      .orderBy('id')
      .execute();
    expect(log.map((row) => [row.account_id, row.action])).toEqual([
      [admin, 'account blocked'],
      [admin, 'account unblocked'],
    ]);
    expect(log[0]?.detail).toContain('It votes by program.');
  });

  it('are blocked still after a start, a sign-in, and after deleting their data', async () => {
    const profile = {
      centralId: `c${admin}`,
      username: `Sock ${admin}`,
      editCount: 5,
      blocked: false,
      groups: [],
      registeredAt: 0,
      grants: [],
    };
    const tokens = { accessToken: 'access', refreshToken: 'refresh', expiresAt: clock.now() + 1000 };
    const come = () => signIn({ store, clock, secret: 'secret', fernet }, { profile, tokens });
    const { id } = await come();
    await blockAccount(deps(), { accountId: admin, blockedId: id, reason: 'Spam' });
    await holdRules({ store, clock }, OPEN_TO_ALL);
    expect(await barred(id)).toContain('Spam');
    expect((await come()).barred).toContain('Spam');
    await forgetAccount(deps(), id);
    expect(await come()).toMatchObject({ id, barred: expect.stringContaining('Spam') });
  });

  it('keep to the operator’s rules when the block ends', async () => {
    const id = await addAccount(store);
    await blockAccount(deps(), { accountId: admin, blockedId: id, reason: 'Spam' });
    const rules = { ...OPEN_TO_ALL, minEdits: 1_000_000 };
    await unblockAccount({ ...deps(), rules }, { accountId: admin, blockedId: id });
    expect(await barred(id)).toContain('refusal-barred-edits');
  });

  it('are blocked by administrators alone, with a reason, once, and are no administrators', async () => {
    const [id, stranger] = [await addAccount(store), await addAccount(store)];
    const block = (accountId: number, blockedId: number, reason = 'Spam') =>
      blockAccount(deps(), { accountId, blockedId, reason });
    await expect(block(stranger, id)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(block(admin, id, '  ')).rejects.toMatchObject({ code: 'bad_input' });
    await expect(block(admin, 999_999)).rejects.toMatchObject({ code: 'not_found' });
    await expect(block(admin, admin)).rejects.toMatchObject({ code: 'conflict' });
    await expect(unblockAccount(deps(), { accountId: admin, blockedId: id })).rejects.toMatchObject({
      code: 'not_found',
    });
    await block(admin, id);
    await expect(block(admin, id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(unblockAccount(deps(), { accountId: stranger, blockedId: id })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('are found by a part of their name, with their projects and what stands against them', async () => {
    const { id: projectId } = await addProject(store);
    const member = await addMember(store, projectId);
    await store.db
      .updateTable('account_profiles')
      .set({ username: `Odd_100%_Name ${member}` })
      .where('account_id', '=', member)
      .execute();
    await blockAccount(deps(), { accountId: admin, blockedId: member, reason: 'Spam' });
    const found = await siteAccounts(store, { search: `odd_100%_NAME ${member}`, before: null, limit: 10 });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      id: member,
      isAdmin: false,
      block: { reason: 'Spam' },
      projects: [{ id: projectId, role: 'member' }],
    });
    const everybody = await siteAccounts(store, { search: '', before: member, limit: 1000 });
    expect(everybody.every((one) => one.id < member)).toBe(true);
    expect(everybody.find((one) => one.id === admin)?.isAdmin).toBe(true);
  });
});
