import { describe, expect, it } from 'vitest';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import {
  createInvitation,
  findInvitation,
  listInvitations,
  redeemInvitation,
} from '../../../src/core/projects/invitations.ts';
import { changeRole, listMembers } from '../../../src/core/projects/members.ts';
import { ownedAlone } from '../../../src/core/projects/ownerless.ts';
import { setProjectState } from '../../../src/core/projects/states.ts';
import { careStep } from '../../../src/core/review/care.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('an owner who is forgotten, on %s', (kind) => {
  async function owned(given: Parameters<typeof addProject>[1] = {}) {
    const { store, dispose } = await freshStore(kind);
    const project = await addProject(store, { acknowledged_at: 1, ...given });
    const nudges = notedNudges();
    const deps = { store, clock: fakeClock(), nudges };
    const state = async (id = project.id) =>
      store.db
        .selectFrom('projects')
        .select(['state', 'paused_reason', 'resumed_at'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
    const owners = async (id = project.id) =>
      (await listMembers(store, id)).filter((one) => one.role === 'owner').map((one) => one.accountId);
    const admin = async () => {
      const accountId = await addAccount(store);
      const row = { account_id: accountId, name: `admin ${accountId}`, since: 0 };
      await store.db.insertInto('administrators').values(row).execute();
      return accountId;
    };
    return { store, dispose, ...project, nudges, deps, state, owners, admin };
  }

  it('leaves a project that waits, and no way in of theirs', async () => {
    const world = await owned();
    const { store, deps, id, owner } = world;
    try {
      const member = await addMember(store, id);
      const { code } = await createInvitation(deps, { projectId: id, accountId: owner });
      expect((await ownedAlone(store.db, owner)).map((project) => project.id)).toEqual([id]);
      expect(await ownedAlone(store.db, member)).toEqual([]);
      await forgetAccount(deps, owner);
      expect(await world.state()).toMatchObject({ state: 'paused', paused_reason: 'ownerless' });
      expect(world.nudges.topics).toContain(`project:${id}`);
      expect(await world.owners()).toEqual([]);
      expect(await findInvitation(deps, code)).toBeNull();
      const invitations = await store.db.selectFrom('invitations').select('revoked_at').execute();
      expect(invitations).toEqual([{ revoked_at: deps.clock.now() }]);
      const log = await store.db.selectFrom('audit').select(['account_id', 'action', 'subject']).execute();
      expect(log.slice(-3)).toEqual([
        { account_id: null, action: 'project paused itself', subject: `project ${id}` },
        { account_id: owner, action: 'invitation revoked', subject: `project ${id}` },
        { account_id: owner, action: 'account forgotten', subject: String(owner) },
      ]);
      expect(await firstBrokenAuditRow(store)).toBeNull();
    } finally {
      await world.dispose();
    }
  });

  it('leaves what has another owner who can act as it is', async () => {
    const world = await owned();
    const { store, deps, id, owner } = world;
    try {
      const other = await addMember(store, id, { role: 'owner' });
      await forgetAccount(deps, owner);
      expect(await world.state()).toMatchObject({ state: 'active', paused_reason: null });
      expect(await world.owners()).toEqual([other]);
    } finally {
      await world.dispose();
    }
  });

  it('leaves a project that waits when the other owner is blocked', async () => {
    const world = await owned();
    const { store, deps, id, owner } = world;
    try {
      const blocked = await addAccount(store, { blocked: true });
      await addMember(store, id, { accountId: blocked, role: 'owner' });
      await forgetAccount(deps, owner);
      expect(await world.state()).toMatchObject({ state: 'paused', paused_reason: 'ownerless' });
    } finally {
      await world.dispose();
    }
  });

  it('and another one at the same moment leave a project that waits', async () => {
    const world = await owned();
    const { store, deps, id, owner } = world;
    try {
      const other = await addMember(store, id, { role: 'owner' });
      await Promise.all([forgetAccount(deps, owner), forgetAccount(deps, other)]);
      expect(await world.state()).toMatchObject({ state: 'paused', paused_reason: 'ownerless' });
      expect(await world.owners()).toEqual([]);
    } finally {
      await world.dispose();
    }
  });

  it('leaves what is completed so', async () => {
    const world = await owned({ state: 'completed' });
    try {
      await forgetAccount(world.deps, world.owner);
      expect(await world.state()).toMatchObject({ state: 'completed', paused_reason: null });
    } finally {
      await world.dispose();
    }
  });

  it('is followed by the one whom an administrator names', async () => {
    const world = await owned();
    const { store, deps, id, owner } = world;
    try {
      await forgetAccount(deps, owner);
      const admin = await world.admin();
      // There may be nobody else: administrators can invite.
      const { code } = await createInvitation(deps, { projectId: id, accountId: admin });
      const invited = await addAccount(store);
      expect(await listInvitations(deps, id)).toHaveLength(1);
      await redeemInvitation(deps, { code, accountId: invited });
      await changeRole(deps, { projectId: id, memberId: invited, accountId: admin, role: 'owner' });
      expect(await world.owners()).toEqual([invited]);
      expect(await world.state()).toMatchObject({ state: 'paused', paused_reason: null });
      await setProjectState(deps, { projectId: id, accountId: invited, state: 'active' });
      expect(await world.state()).toMatchObject({ state: 'active' });
    } finally {
      await world.dispose();
    }
  });

  it('is no reason to forgive what was taken back before, when an administrator lets the project go on', async () => {
    const world = await owned();
    const { deps, id, owner } = world;
    try {
      await forgetAccount(deps, owner);
      const admin = await world.admin();
      await setProjectState(deps, { projectId: id, accountId: admin, state: 'active' });
      await careStep({ ...deps, log: silentLog });
      expect(await world.state()).toEqual({ state: 'active', paused_reason: null, resumed_at: null });
    } finally {
      await world.dispose();
    }
  });
});
