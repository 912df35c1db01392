import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setExclusions } from '../../../src/core/catalog/exclusions.ts';
import { setWriteBoxes } from '../../../src/core/depicts/boxes.ts';
import { requestStop, startRun } from '../../../src/core/depicts/runs.ts';
import { askTheRest } from '../../../src/core/faces/ask-rest.ts';
import { bindChannel, unbindChannel } from '../../../src/core/projects/channels.ts';
import { createInvitation } from '../../../src/core/projects/invitations.ts';
import { changeRole, removeMember } from '../../../src/core/projects/members.ts';
import { changeSettings, projectSettings } from '../../../src/core/projects/settings.ts';
import { deleteProject, setProjectState } from '../../../src/core/projects/states.ts';
import { agreementFigures } from '../../../src/core/review/agreement.ts';
import { banMember, unbanMember } from '../../../src/core/review/bans.ts';
import { changeCare } from '../../../src/core/review/care.ts';
import { withdrawQuestion } from '../../../src/core/review/questions.ts';
import { reopenVerdict } from '../../../src/core/review/reopening.ts';
import { undoAnswers, undoMemberAnswers } from '../../../src/core/review/undo.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addAdministrator, addMember } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from '../review/support.ts';

describe.each(engines())('an administrator in a project of others on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let world: ReviewWorld;
  let admin: number;
  let stranger: number;
  let member: number;
  let face: number;
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
    world = await reviewWorld(store, { votes_needed: 1 });
    admin = await addAdministrator(store);
    stranger = await addAccount(store);
    [member = 0] = await world.members(1);
    [face = 0] = await world.faces(1);
  });
  afterEach(() => dispose());

  const lastEntries = async (after: number) =>
    store.db.selectFrom('audit').select(['id', 'account_id', 'detail']).where('id', '>', after).execute();

  it('may do what its owners may, and the log says as what; strangers may nothing of it', async () => {
    const { deps, id: projectId } = world;
    const settings = await projectSettings(store, projectId);
    if (!settings) throw new Error('no settings');
    const { questionId } = await world.open(await world.faces(1));
    await world.say(member, 'yes', face);
    const channel = { platform: 'room', externalId: 'general', name: 'General' };
    const acts: Record<string, (accountId: number) => Promise<unknown>> = {
      settings: (accountId) =>
        changeSettings(deps, { projectId, accountId, settings: { ...settings, title: 'Another title' } }),
      exclusions: (accountId) => setExclusions(deps, projectId, accountId, ['Statues']),
      care: (accountId) =>
        changeCare(deps, { projectId, accountId, checkEvery: 7, careful: true, pausePercent: 50 }),
      rest: (accountId) => askTheRest(deps, { projectId, accountId }),
      boxes: (accountId) => setWriteBoxes(deps, { projectId, accountId, on: true }),
      invite: (accountId) => createInvitation(deps, { projectId, accountId }),
      bind: (accountId) => bindChannel(deps, { ...channel, projectId, accountId, forDisputes: false }),
      unbind: (accountId) => unbindChannel(deps, { ...channel, accountId }),
      withdraw: (accountId) => withdrawQuestion(deps, questionId, accountId),
      write: (accountId) => startRun(deps, { projectId, accountId }),
      stop: async (accountId) => {
        const run = await store.db.selectFrom('runs').select('id').executeTakeFirst();
        await requestStop(deps, { runId: run?.id ?? 0, accountId });
        if (accountId === admin) await store.db.updateTable('runs').set({ state: 'stopped' }).execute();
      },
      override: (accountId) => world.say(accountId, 'no', face),
      reopen: (accountId) => reopenVerdict(deps, { projectId, faceId: face, person: 'Q1', accountId }),
      'own undo': (accountId) => undoAnswers(deps, { projectId, accountId, count: 1 }),
      'undo of a member': (accountId) =>
        undoMemberAnswers(deps, { projectId, memberId: member, since: 0, accountId }),
      role: (accountId) => changeRole(deps, { projectId, memberId: member, accountId, role: 'owner' }),
      ban: (accountId) => banMember(deps, { projectId, memberId: member, accountId }),
      unban: (accountId) => unbanMember(deps, { projectId, memberId: member, accountId }),
      remove: (accountId) => removeMember(deps, { projectId, memberId: member, accountId }),
      pause: (accountId) => setProjectState(deps, { projectId, accountId, state: 'paused' }),
      delete: (accountId) => deleteProject(deps, { projectId, accountId }),
    };
    let last = 0;
    for (const [name, act] of Object.entries(acts)) {
      const refused = await act(stranger).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
      expect([name, refused]).toEqual([name, 'forbidden']);
      expect([name, await lastEntries(last)]).toEqual([name, []]);
      await act(admin);
      const entries = await lastEntries(last);
      expect([name, entries.length]).not.toEqual([name, 0]);
      for (const entry of entries) {
        expect([name, entry.account_id, JSON.parse(entry.detail).as]).toEqual([name, admin, 'administrator']);
      }
      last = entries.at(-1)?.id ?? last;
    }
  });

  it('may read what only owners read', async () => {
    await agreementFigures(store, { projectId: world.id, accountId: admin });
    await expect(agreementFigures(store, { projectId: world.id, accountId: stranger })).rejects.toMatchObject(
      {
        code: 'forbidden',
      },
    );
  });

  it('acts as an owner where it is one, and the log says nothing of administration', async () => {
    await addMember(store, world.id, { role: 'owner', accountId: admin });
    await setProjectState(world.deps, { projectId: world.id, accountId: admin, state: 'paused' });
    expect((await world.lastAudit()).detail).not.toHaveProperty('as');
  });

  it('answers count once, and stand in the log', async () => {
    await world.say(admin, 'yes', face);
    await world.say(admin, 'yes', face);
    expect(await world.verdict(face)).toBe('match by votes');
    expect(await lastEntries(0)).toHaveLength(1);
    expect(await world.lastAudit()).toMatchObject({
      account_id: admin,
      action: 'answered',
      detail: { project: world.id, answer: 'yes', as: 'administrator' },
    });
  });

  it('a member who administrates the site answers as a member, and decides as an administrator', async () => {
    await addMember(store, world.id, { accountId: admin });
    await world.say(admin, 'yes', face);
    expect(await lastEntries(0)).toEqual([]);
    await world.say(admin, 'no', face);
    expect(await world.verdict(face)).toBe('no_match by owner');
    expect(await world.lastAudit()).toMatchObject({
      account_id: admin,
      action: 'verdict overridden',
      detail: { answer: 'no', as: 'administrator' },
    });
  });

  it('who is blocked on the wiki may nothing', async () => {
    await store.db
      .updateTable('account_profiles')
      .set({ blocked: 1 })
      .where('account_id', '=', admin)
      .execute();
    await expect(
      setProjectState(world.deps, { projectId: world.id, accountId: admin, state: 'paused' }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    await expect(world.say(admin, 'yes', face)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
