import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createInvitation,
  findInvitation,
  INVITATION_LIFETIME_MS,
  listInvitations,
  readInvitation,
  redeemInvitation,
  revokeInvitation,
} from '../../../src/core/projects/invitations.ts';
import { changeRole, roleOf } from '../../../src/core/projects/members.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('invitations on %s', (kind) => {
  let store: Store;
  let other: Store;
  const clock = fakeClock();
  const deps = (which: Store = store) => ({ store: which, clock });
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  const make = (projectId: number, accountId: number) => createInvitation(deps(), { projectId, accountId });
  const redeem = (code: string, accountId: number, which: Store = store) =>
    redeemInvitation(deps(which), { code, accountId });
  const actions = async (projectId: number) => {
    const rows = await store.db
      .selectFrom('audit')
      .select('action')
      .where('subject', '=', `project ${projectId}`)
      .orderBy('id')
      .execute();
    return rows.map((row) => row.action);
  };

  it('makes a member of any account, as often as it is used', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{16}$/);
    const [ann, bo] = [await addAccount(store), await addAccount(store)];
    expect(await redeem(code, ann)).toEqual({ projectId: id });
    expect(await redeem(code, bo)).toEqual({ projectId: id });
    expect([await roleOf(store, id, ann), await roleOf(store, id, bo)]).toEqual(['member', 'member']);
    expect((await listInvitations(deps(), id)).map((one) => one.uses)).toEqual([2]);
    expect(await actions(id)).toEqual(['invitation made', 'member joined', 'member joined']);
  });

  it('stores the hash of a code and nothing that gives it away', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const row = await store.db
      .selectFrom('invitations')
      .selectAll()
      .where('project_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(Buffer.from(row.code_hash)).toEqual(createHash('sha256').update(code).digest());
    const log = await store.db.selectFrom('audit').selectAll().execute();
    expect(JSON.stringify([{ ...row, code_hash: null }, log])).not.toContain(code);
  });

  it('takes a code as people type it, and no other', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const typed = ` ${code.toLowerCase().replace(/(.{4})/g, '$1-')} `.replace('- ', ' ');
    expect(readInvitation(typed)).toBe(code);
    expect((await findInvitation(deps(), typed))?.projectId).toBe(id);
    for (const wrong of ['', code.slice(1), `${code}A`, `0${code.slice(1)}`, `%${code.slice(1)}`]) {
      expect(readInvitation(wrong)).toBe('');
      expect(await findInvitation(deps(), wrong)).toBeNull();
      await expect(redeem(wrong, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  it('is for owners to make, see and take back', async () => {
    const { id, owner } = await addProject(store);
    const member = await addMember(store, id);
    for (const account of [member, await addAccount(store)])
      await expect(make(id, account)).rejects.toMatchObject({ code: 'forbidden' });
    const { code } = await make(id, owner);
    const [{ id: invitationId } = { id: 0 }] = await listInvitations(deps(), id);
    const revoke = (accountId: number, projectId = id) =>
      revokeInvitation(deps(), { projectId, invitationId, accountId });
    await expect(revoke(member)).rejects.toMatchObject({ code: 'forbidden' });
    const elsewhere = await addProject(store);
    await expect(revoke(elsewhere.owner, elsewhere.id)).rejects.toMatchObject({ code: 'not_found' });
    await revoke(owner);
    await expect(revoke(owner)).rejects.toMatchObject({ code: 'not_found' });
    expect(await listInvitations(deps(), id)).toEqual([]);
    await expect(redeem(code, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('runs out after seven days, and what has run out is forgotten with the next one', async () => {
    const { id, owner } = await addProject(store);
    const { code, expiresAt } = await make(id, owner);
    expect(expiresAt).toBe(clock.now() + INVITATION_LIFETIME_MS);
    clock.advance(INVITATION_LIFETIME_MS - 1);
    expect((await findInvitation(deps(), code))?.expiresAt).toBe(expiresAt);
    clock.advance(1);
    expect(await findInvitation(deps(), code)).toBeNull();
    await expect(redeem(code, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
    await make(id, owner);
    const rows = await store.db.selectFrom('invitations').select('id').where('project_id', '=', id).execute();
    expect(rows).toHaveLength(1);
  });

  it('leaves those alone who are in, and lets nobody in who is banned or blocked', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    await redeem(code, owner);
    expect(await roleOf(store, id, owner)).toBe('owner');
    const banned = await addMember(store, id, { status: 'banned' });
    const blocked = await addAccount(store, { blocked: true });
    for (const account of [banned, blocked]) {
      await expect(redeem(code, account)).rejects.toMatchObject({ code: 'forbidden' });
      expect(await roleOf(store, id, account)).toBeNull();
    }
    expect((await listInvitations(deps(), id)).map((one) => one.uses)).toEqual([0]);
  });

  it('ends with its maker’s ownership and with the project', async () => {
    const { id, owner } = await addProject(store);
    const second = await addMember(store, id, { role: 'owner' });
    const { code } = await make(id, second);
    const role = (is: 'owner' | 'member') =>
      changeRole(deps(), { projectId: id, memberId: second, accountId: owner, role: is });
    await role('member');
    expect(await findInvitation(deps(), code)).toBeNull();
    expect(await listInvitations(deps(), id)).toEqual([]);
    await expect(redeem(code, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
    await role('owner');
    expect((await findInvitation(deps(), code))?.title).toBe('A project');
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', id).execute();
    expect(await findInvitation(deps(), code)).toBeNull();
    await expect(redeem(code, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([{ blocked: 1 }, { barred: 'as told' }] as const)('rests while its maker is %o', async (bar) => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const set = (values: { blocked?: 0 | 1; barred?: string | null }) =>
      store.db.updateTable('account_profiles').set(values).where('account_id', '=', owner).execute();
    await set(bar);
    expect(await findInvitation(deps(), code)).toBeNull();
    await expect(redeem(code, await addAccount(store))).rejects.toMatchObject({ code: 'not_found' });
    await set({ blocked: 0, barred: null });
    expect(await redeem(code, await addAccount(store))).toEqual({ projectId: id });
  });

  it('makes one member of somebody who presses ten times', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const account = await addAccount(store);
    await Promise.all(Array.from({ length: 10 }, (_, i) => redeem(code, account, i % 2 ? store : other)));
    expect((await listInvitations(deps(), id)).map((one) => one.uses)).toEqual([1]);
  });

  it('has at most twenty open ones in a project', async () => {
    const { id, owner } = await addProject(store);
    for (let i = 0; i < 20; i++) await make(id, owner);
    await expect(make(id, owner)).rejects.toMatchObject({ code: 'conflict' });
  });
});
