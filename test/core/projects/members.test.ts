import { describe, expect, it } from 'vitest';
import {
  assertMember,
  changeRole,
  joinIfOpen,
  leaveProject,
  listMembers,
  removeMember,
  roleOf,
} from '../../../src/core/projects/members.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { MemberRole } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('members on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  const check = (projectId: number, accountId: number, needed?: MemberRole) =>
    store.transaction((trx) => assertMember(store, trx, projectId, accountId, needed));
  const join = (projectId: number, accountId: number, which: Store = store) =>
    which.transaction(async (trx) => (await joinIfOpen(which, trx, projectId, accountId, 5000)) !== null);

  it('lets owners do what members and owners may', async () => {
    const { id, owner } = await addProject(store);
    expect(await check(id, owner)).toBe('owner');
    expect(await check(id, owner, 'owner')).toBe('owner');
    expect(await roleOf(store, id, owner)).toBe('owner');
  });

  it('lets members do what members may, no more', async () => {
    const { id } = await addProject(store);
    const member = await addMember(store, id);
    expect(await check(id, member)).toBe('member');
    await expect(check(id, member, 'owner')).rejects.toMatchObject({
      code: 'forbidden',
      message: 'Only owners of this project can do that.',
    });
  });

  it('refuses strangers, members of other projects, and banned owners', async () => {
    const { id } = await addProject(store);
    const elsewhere = (await addProject(store)).owner;
    const banned = await addMember(store, id, { role: 'owner', status: 'banned' });
    for (const account of [await addAccount(store), elsewhere, banned]) {
      await expect(check(id, account)).rejects.toMatchObject({
        code: 'forbidden',
        message: 'Only members of this project can do that.',
      });
      expect(await roleOf(store, id, account)).toBeNull();
    }
  });

  it('refuses members and owners whose account is blocked on the wiki', async () => {
    const { id } = await addProject(store);
    for (const role of ['member', 'owner'] as const) {
      const account = await addMember(store, id, { role, blocked: true });
      await expect(check(id, account)).rejects.toMatchObject({
        code: 'forbidden',
        message: expect.stringContaining('blocked'),
      });
    }
  });

  it('makes somebody who answers a member of an open project only', async () => {
    const closed = await addProject(store);
    const open = await addProject(store, { open: 1 });
    const account = await addAccount(store);
    expect(await join(closed.id, account)).toBe(false);
    expect(await roleOf(store, closed.id, account)).toBeNull();
    expect(await join(open.id, account)).toBe(true);
    expect(await join(open.id, account)).toBe(true);
    expect(await roleOf(store, open.id, account)).toBe('member');
  });

  it('keeps the role of somebody who is in already, and a ban', async () => {
    const { id, owner } = await addProject(store, { open: 1 });
    const banned = await addMember(store, id, { status: 'banned' });
    expect(await join(id, owner)).toBe(true);
    expect(await roleOf(store, id, owner)).toBe('owner');
    expect(await join(id, banned)).toBe(false);
  });

  it('lets members of a closed project in, and nobody into one that is not there', async () => {
    const { id } = await addProject(store);
    const member = await addMember(store, id);
    expect(await join(id, member)).toBe(true);
    expect(await join(999_999, member)).toBe(false);
  });

  it('joins once, however often somebody answers at once', async () => {
    const { id } = await addProject(store, { open: 1 });
    const account = await addAccount(store);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => join(id, account, i % 2 ? store : other)),
    );
    expect(new Set(answers)).toEqual(new Set([true]));
    expect((await listMembers(store, id)).filter((member) => member.accountId === account)).toHaveLength(1);
  });

  it('lists members, and those who were forgotten without a name', async () => {
    const { id, owner } = await addProject(store);
    const member = await addMember(store, id);
    await store.db.deleteFrom('account_profiles').where('account_id', '=', member).execute();
    const list = await listMembers(store, id);
    expect(list).toHaveLength(2);
    expect(list.find((one) => one.accountId === owner)).toMatchObject({
      role: 'owner',
      status: 'active',
      username: expect.any(String),
    });
    expect(list.find((one) => one.accountId === member)).toMatchObject({ role: 'member', username: null });
  });

  describe('who go', () => {
    const clock = fakeClock();
    const deps = () => ({ store, clock });
    const lastAudit = () =>
      store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();

    it('leave with their answers counting on', async () => {
      const { id } = await addProject(store);
      const member = await addMember(store, id);
      const { faceId } = await addPortrait(store, id);
      const cast = () =>
        castBallot(
          { store, clock, nudges: notedNudges() },
          {
            projectId: id,
            accountId: member,
            answers: [{ faceId, person: 'Q1', answer: 'yes' }],
            questionId: null,
            platform: 'web',
          },
        );
      await cast();
      await leaveProject(deps(), { projectId: id, accountId: member });
      expect(await roleOf(store, id, member)).toBeNull();
      await expect(cast()).rejects.toMatchObject({ code: 'forbidden' });
      const verdict = await store.db
        .selectFrom('verdicts')
        .select('verdict')
        .where('face_id', '=', faceId)
        .executeTakeFirst();
      expect(verdict?.verdict).toBe('match');
      expect(await lastAudit()).toMatchObject({
        account_id: member,
        action: 'member left',
        subject: `project ${id}`,
      });
    });

    it('are taken out by owners', async () => {
      const { id, owner } = await addProject(store);
      const [member, other] = [await addMember(store, id), await addMember(store, id)];
      const args = { projectId: id, memberId: member };
      await expect(removeMember(deps(), { ...args, accountId: other })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await removeMember(deps(), { ...args, accountId: owner });
      expect(await roleOf(store, id, member)).toBeNull();
      expect(await lastAudit()).toMatchObject({ account_id: owner, action: 'member removed' });
      await expect(removeMember(deps(), { ...args, accountId: owner })).rejects.toMatchObject({
        code: 'not_found',
      });
    });

    it('do not end a ban by it', async () => {
      const { id, owner } = await addProject(store, { open: 1 });
      const banned = await addMember(store, id, { status: 'banned' });
      await expect(leaveProject(deps(), { projectId: id, accountId: banned })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await expect(
        removeMember(deps(), { projectId: id, memberId: banned, accountId: owner }),
      ).rejects.toMatchObject({ code: 'not_found' });
      expect(await join(id, banned)).toBe(false);
    });

    it('never leave a project without an owner', async () => {
      const { id, owner } = await addProject(store);
      const member = await addMember(store, id);
      const conflict = { code: 'conflict', message: expect.stringContaining('needs an owner') };
      const self = { projectId: id, memberId: owner, accountId: owner };
      await expect(leaveProject(deps(), { projectId: id, accountId: owner })).rejects.toMatchObject(conflict);
      await expect(removeMember(deps(), self)).rejects.toMatchObject(conflict);
      await expect(changeRole(deps(), { ...self, role: 'member' })).rejects.toMatchObject(conflict);
      await changeRole(deps(), { ...self, memberId: member, role: 'owner' });
      expect(await lastAudit()).toMatchObject({ action: 'made owner', account_id: owner });
      await leaveProject(deps(), { projectId: id, accountId: owner });
      expect(await roleOf(store, id, member)).toBe('owner');
    });

    it('never leave it to owners who are blocked, barred or forgotten; members come and go all the same', async () => {
      const { id, owner } = await addProject(store);
      const blocked = await addMember(store, id, { role: 'owner', blocked: true });
      const barred = await addMember(store, id, { role: 'owner' });
      await store.db
        .updateTable('account_profiles')
        .set({ barred: 'no' })
        .where('account_id', '=', barred)
        .execute();
      const forgotten = await addMember(store, id, { role: 'owner' });
      await store.db.deleteFrom('account_profiles').where('account_id', '=', forgotten).execute();
      const conflict = { code: 'conflict', message: expect.stringContaining('blocked and cannot act') };
      const self = { projectId: id, memberId: owner, accountId: owner };
      await expect(leaveProject(deps(), { projectId: id, accountId: owner })).rejects.toMatchObject(conflict);
      await expect(changeRole(deps(), { ...self, role: 'member' })).rejects.toMatchObject(conflict);
      // Nobody is left who can act: that is no reason to keep others in.
      const member = await addMember(store, id);
      await store.db
        .updateTable('account_profiles')
        .set({ blocked: 1 })
        .where('account_id', '=', owner)
        .execute();
      await leaveProject(deps(), { projectId: id, accountId: member });
      expect(await roleOf(store, id, member)).toBeNull();
      await store.db
        .updateTable('account_profiles')
        .set({ blocked: 0 })
        .where('account_id', 'in', [owner, blocked])
        .execute();
      await leaveProject(deps(), { projectId: id, accountId: owner });
      expect(await roleOf(store, id, owner)).toBeNull();
    });

    it('never leave it without an owner when two go at once', async () => {
      const { id, owner } = await addProject(store);
      const second = await addMember(store, id, { role: 'owner' });
      const outcomes = await Promise.allSettled([
        leaveProject(deps(), { projectId: id, accountId: owner }),
        leaveProject({ store: other, clock }, { projectId: id, accountId: second }),
      ]);
      expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
      expect(await listMembers(store, id)).toHaveLength(1);
    });
  });
});
