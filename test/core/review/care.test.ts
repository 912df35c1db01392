import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/core/platform/log.ts';
import { setProjectState } from '../../../src/core/projects/states.ts';
import { agreementFigures, agreements } from '../../../src/core/review/agreement.ts';
import { careStep, changeCare, liftProbation, pausedReason } from '../../../src/core/review/care.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { engines, useStore } from '../../support/stores.ts';
import { nth, type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('care on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  // A step looks after every active project.
  beforeEach(async () => {
    await store.db.updateTable('projects').set({ state: 'completed' }).execute();
  });

  const figure = async (world: ReviewWorld, accountId: number) => {
    const row = (await agreements(store.db, world.id)).find((one) => one.accountId === accountId);
    return `${row?.agreed} of ${row?.judged}`;
  };
  /** All projects once, a minute after the last time. */
  const care = async (world: ReviewWorld) => {
    world.clock.advance(60_000);
    while (await careStep({ ...world.deps, log: silentLog })) {}
  };
  const project = (world: ReviewWorld) =>
    store.db
      .selectFrom('projects')
      .select(['state', 'paused_reason', 'resumed_at'])
      .where('id', '=', world.id)
      .executeTakeFirstOrThrow();
  const onProbation = async (world: ReviewWorld, accountId: number) =>
    (
      await store.db
        .selectFrom('project_members')
        .select('probation_at')
        .where('project_id', '=', world.id)
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow()
    ).probation_at !== null;
  /** Two others say yes about each face, and the member says what the list says. */
  const judged = async (
    world: ReviewWorld,
    accountId: number,
    said: readonly ('yes' | 'no' | 'unsure')[],
  ) => {
    const [one = 0] = await world.members(1);
    for (const answer of said) {
      const { faceId } = await addPortrait(store, world.id);
      await world.say(one, 'yes', faceId);
      await world.say(accountId, answer, faceId);
      await world.say(world.owner, 'yes', faceId);
      await world.say(world.owner, 'yes', faceId);
    }
  };

  describe('figures', () => {
    it('say how often a member agrees with what others decided', async () => {
      const world = await reviewWorld(store);
      const [ann = 0] = await world.members(1);
      await judged(world, ann, ['yes', 'no', 'unsure', 'yes']);
      expect(await figure(world, ann)).toBe('2 of 3');
    });

    it('leave out what a member decided alone, and what is open or disputed', async () => {
      const world = await reviewWorld(store, { votes_needed: 1 });
      const [ann = 0, bob = 0] = await world.members(2);
      const [alone = 0, disputed = 0] = await world.faces(2);
      await world.say(ann, 'yes', alone);
      await world.say(ann, 'yes', disputed);
      await world.say(bob, 'no', disputed);
      expect(await figure(world, ann)).toBe('0 of 0');
      await world.say(bob, 'yes', alone);
      expect([await figure(world, ann), await figure(world, bob)]).toEqual(['1 of 1', '1 of 1']);
    });

    it('judge a member whom an owner overruled', async () => {
      const world = await reviewWorld(store, { votes_needed: 1 });
      const [ann = 0] = await world.members(1);
      const [face = 0] = await world.faces(1);
      await world.say(ann, 'yes', face);
      await world.say(world.owner, 'no', face);
      expect(await figure(world, ann)).toBe('0 of 1');
      expect(await figure(world, world.owner)).toBe('0 of 0');
    });

    it('count the last answer to a check, while its verdict stands', async () => {
      const world = await reviewWorld(store);
      const [ann = 0, one = 0, two = 0] = await world.members(3);
      const [face = 0] = await world.faces(1);
      for (const account of [one, two]) await world.say(account, 'yes', face);
      const { questionId } = await world.open([face]);
      await store.db
        .updateTable('questions')
        .set({ purpose: 'check', expected: 'yes', state: 'open' })
        .where('id', '=', questionId)
        .execute();
      await world.say(ann, 'yes', face, { questionId });
      await world.say(ann, 'no', face, { questionId });
      expect(await figure(world, ann)).toBe('0 of 1');
      await world.say(world.owner, 'no', face);
      expect(await figure(world, ann)).toBe('0 of 0');
    });

    it('are for owners’ eyes', async () => {
      const world = await reviewWorld(store);
      const [ann = 0] = await world.members(1);
      const stranger = (await addProject(store)).owner;
      for (const accountId of [ann, stranger])
        await expect(agreementFigures(store, { projectId: world.id, accountId })).rejects.toMatchObject({
          code: 'forbidden',
        });
      const figures = await agreementFigures(store, { projectId: world.id, accountId: world.owner });
      expect(figures).toContainEqual({ accountId: ann, judged: 0, agreed: 0 });
    });
  });

  describe('probation', () => {
    const careful = (votes_needed = 2) => reviewWorld(store, { votes_needed, careful: 1 });
    const wrong = (count: number) => Array<'no'>(count).fill('no');
    const right = (count: number) => Array<'yes'>(count).fill('yes');

    it('comes with twenty answers of which fewer than four in five agree', async () => {
      const world = await careful();
      const [few = 0, good = 0, bad = 0] = await world.members(3);
      await judged(world, few, wrong(19));
      await judged(world, good, [...right(16), ...wrong(4)]);
      await judged(world, bad, [...right(15), ...wrong(5)]);
      await care(world);
      expect(await Promise.all([few, good, bad].map((account) => onProbation(world, account)))).toEqual([
        false,
        false,
        true,
      ]);
      expect(await world.lastAudit()).toMatchObject({
        account_id: null,
        action: 'member put on probation',
        detail: { member: bad, judged: 20, agreed: 15 },
      });
    });

    it('needs the setting', async () => {
      const world = await reviewWorld(store);
      const [bad = 0] = await world.members(1);
      await judged(world, bad, wrong(20));
      await care(world);
      expect(await onProbation(world, bad)).toBe(false);
    });

    it('makes a verdict with this member need one vote more, from then on', async () => {
      const world = await careful();
      const [good = 0, other = 0, bad = 0] = await world.members(3);
      const [before = 0, after = 0] = await world.faces(2);
      for (const account of [good, bad]) await world.say(account, 'yes', before);
      await judged(world, bad, wrong(20));
      await care(world);
      expect(await world.verdict(before)).toBe('match by votes');
      for (const account of [bad, good]) await world.say(account, 'yes', after);
      expect(await world.verdict(after)).toBe('none');
      await world.say(other, 'yes', after);
      expect(await world.verdict(after)).toBe('match by votes');
      expect(await compareWithVotes(store.db, world.id)).toEqual([]);
    });

    it('is ended by an owner, and the answers before count no more against the member', async () => {
      const world = await careful();
      const [good = 0, bad = 0] = await world.members(2);
      const args = { projectId: world.id, memberId: bad, accountId: world.owner };
      await expect(liftProbation(world.deps, args)).rejects.toMatchObject({ code: 'not_found' });
      await judged(world, bad, wrong(20));
      await care(world);
      await expect(liftProbation(world.deps, { ...args, accountId: good })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await liftProbation(world.deps, args);
      await care(world);
      expect(await onProbation(world, bad)).toBe(false);
      expect(await figure(world, bad)).toBe('0 of 0');
      const [face = 0] = await world.faces(1);
      for (const account of [bad, good]) await world.say(account, 'yes', face);
      expect(await world.verdict(face)).toBe('match by votes');
      world.clock.advance(1);
      await judged(world, bad, wrong(20));
      await care(world);
      expect(await onProbation(world, bad)).toBe(true);
    });
  });

  describe('a project that is doubted', () => {
    let statements = 5_000_000;
    const edits = async (world: ReviewWorld, count: number, reverted: number) => {
      const run_id = await addRun(store, world.id, world.owner);
      for (let i = 0; i < count; i++) {
        const page_id = ++statements;
        await store.db
          .insertInto('sdc_claims')
          .values({
            page_id,
            person: 'Q1',
            project_id: world.id,
            face_id: null,
            statement_id: `M${page_id}$1`,
            state: i < reverted ? 'removed' : 'written',
            reason: null,
            account_id: world.owner,
            run_id,
            undo_run_id: null,
            revision: 1,
            sent_at: world.clock.now(),
            gone_at: i < reverted ? world.clock.now() : null,
            changed_at: world.clock.now(),
          })
          .execute();
        world.clock.advance(1);
      }
    };

    it.each([
      ['four of four edits were taken back', 4, 4, 'active'],
      ['five of twenty-five were', 25, 5, 'paused'],
      ['five of twenty-six were', 26, 5, 'active'],
    ] as const)('%s', async (_, count, reverted, state) => {
      const world = await reviewWorld(store);
      await edits(world, count, reverted);
      await care(world);
      expect((await project(world)).state).toBe(state);
    });

    it('looks at the last fifty edits alone', async () => {
      const world = await reviewWorld(store);
      await edits(world, 10, 10);
      await edits(world, 50, 0);
      await care(world);
      expect((await project(world)).state).toBe('active');
    });

    it('pauses with the reason, for all to see, until an owner lets it go on', async () => {
      const world = await reviewWorld(store);
      await edits(world, 10, 10);
      world.deps.nudges.topics.length = 0;
      await care(world);
      expect(await pausedReason(store, world.id)).toBe('reverted');
      expect(world.deps.nudges.topics).toEqual(['posts', `project:${world.id}`]);
      expect(await world.lastAudit()).toMatchObject({
        account_id: null,
        action: 'project paused itself',
        subject: `project ${world.id}`,
        detail: { reason: 'reverted' },
      });
      await setProjectState(world.deps, {
        projectId: world.id,
        accountId: world.owner,
        state: 'active',
        acknowledges: true,
      });
      await care(world);
      expect(await project(world)).toMatchObject({ state: 'active', paused_reason: null });
      expect(await pausedReason(store, world.id)).toBeNull();
      world.clock.advance(1);
      await edits(world, 10, 5);
      await care(world);
      expect(await pausedReason(store, world.id)).toBe('reverted');
    });

    it('pauses when owners decide against too many of its verdicts', async () => {
      const world = await reviewWorld(store, { votes_needed: 1 });
      const [ann = 0] = await world.members(1);
      const faces = await world.faces(20);
      for (const face of faces) await world.say(ann, 'yes', face);
      for (const face of faces.slice(0, 4)) await world.say(world.owner, 'no', face);
      await care(world);
      expect((await project(world)).state).toBe('active');
      await world.say(world.owner, 'no', nth(faces, 4));
      await care(world);
      expect(await project(world)).toMatchObject({ state: 'paused', paused_reason: 'overturned' });
    });

    it('does not count disputes that owners decided', async () => {
      const world = await reviewWorld(store);
      const [ann = 0, bob = 0] = await world.members(2);
      for (const face of await world.faces(6)) {
        await world.say(ann, 'yes', face);
        await world.say(bob, 'no', face);
        await world.say(world.owner, 'no', face);
      }
      await care(world);
      expect((await project(world)).state).toBe('active');
    });

    it('never pauses where the owner wants that', async () => {
      const world = await reviewWorld(store, { pause_percent: 0 });
      await edits(world, 10, 10);
      await care(world);
      expect((await project(world)).state).toBe('active');
    });
  });

  it('looks at each active project once a minute', async () => {
    const world = await reviewWorld(store);
    const other = await reviewWorld(store);
    const step = () => careStep({ ...world.deps, log: silentLog });
    expect([await step(), await step(), await step()]).toEqual([true, true, false]);
    world.clock.advance(59_999);
    expect(await step()).toBe(false);
    world.clock.advance(1);
    expect(await step()).toBe(true);
    expect(other.id).not.toBe(world.id);
  });

  describe('settings', () => {
    const fine = { checkEvery: 10, careful: true, pausePercent: 50 };

    it('are the owners’', async () => {
      const world = await reviewWorld(store);
      const args = { projectId: world.id, accountId: world.owner };
      await changeCare(world.deps, { ...fine, ...args });
      const row = await store.db
        .selectFrom('projects')
        .select(['check_every', 'careful', 'pause_percent'])
        .where('id', '=', world.id)
        .executeTakeFirstOrThrow();
      expect(row).toEqual({ check_every: 10, careful: 1, pause_percent: 50 });
      expect(await world.lastAudit()).toMatchObject({ action: 'care changed', detail: fine });
      const member = await addMember(store, world.id);
      await expect(changeCare(world.deps, { ...fine, ...args, accountId: member })).rejects.toMatchObject({
        code: 'forbidden',
      });
    });

    it.each([
      { checkEvery: 1 },
      { checkEvery: -1 },
      { checkEvery: 2.5 },
      { checkEvery: 1001 },
      { pausePercent: -1 },
      { pausePercent: 101 },
      { pausePercent: Number.NaN },
    ])('are refused: %j', async (bad) => {
      const world = await reviewWorld(store);
      await expect(
        changeCare(world.deps, { ...fine, ...bad, projectId: world.id, accountId: world.owner }),
      ).rejects.toMatchObject({ code: 'bad_input' });
    });
  });
});
