import { describe, expect, it } from 'vitest';
import { banMember, recountWithout, unbanMember } from '../../../src/core/review/bans.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { nth, type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('a ban on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const about = (world: ReviewWorld, memberId: number) => ({
    projectId: world.id,
    memberId,
    accountId: world.owner,
  });
  const isSound = async (world: ReviewWorld) =>
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);

  it('takes the votes out of what is open or disputed at once, and leaves what is decided', async () => {
    const world = await reviewWorld(store);
    const [good = 0, other = 0, bad = 0] = await world.members(3);
    const [open = 0, disputed = 0, decided = 0] = await world.faces(3);
    const { questionId } = await world.open([open]);
    await world.say(bad, 'yes', open, { questionId });
    await world.say(good, 'yes', disputed);
    await world.say(other, 'yes', disputed);
    await world.say(bad, 'no', disputed);
    await world.say(good, 'yes', decided);
    await world.say(bad, 'yes', decided);
    const changes = await banMember(world.deps, about(world, bad));
    expect(changes).toEqual([{ faceId: disputed, person: 'Q1', before: 'disputed', after: 'match' }]);
    expect(await world.verdict(decided)).toBe('match by votes');
    await world.say(good, 'yes', open);
    expect(await world.verdict(open)).toBe('none');
    expect(await world.question(questionId)).toBe('open');
    expect(await world.lastAudit()).toMatchObject({
      account_id: world.owner,
      action: 'member banned',
      subject: `project ${world.id}`,
      detail: { member: bad },
    });
    await isSound(world);
  });

  it('leaves the votes in a verdict until an owner asks for a recount', async () => {
    const world = await reviewWorld(store);
    const [good = 0, bad = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    const { questionId } = await world.open([face]);
    for (const account of [good, bad]) await world.say(account, 'yes', face, { questionId });
    await banMember(world.deps, about(world, bad));
    expect(await world.question(questionId)).toBe('decided');
    world.deps.nudges.topics.length = 0;
    expect(await recountWithout(world.deps, about(world, bad))).toEqual([
      { faceId: face, person: 'Q1', before: 'match', after: 'open' },
    ]);
    expect(await world.question(questionId)).toBe('open');
    expect(world.deps.nudges.topics).toEqual(['posts', 'work', `project:${world.id}`]);
    await isSound(world);
    await world.say(world.owner, 'yes', face);
    expect(await world.verdict(face)).toBe('match by votes');
  });

  it('counts again at once where the owner asks for both, and the log has both', async () => {
    const world = await reviewWorld(store);
    const [good = 0, bad = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    for (const account of [good, bad]) await world.say(account, 'yes', face);
    const changes = await banMember(world.deps, { ...about(world, bad), recount: true });
    expect(changes).toEqual([{ faceId: face, person: 'Q1', before: 'match', after: 'open' }]);
    const entries = await store.db
      .selectFrom('audit')
      .select('action')
      .where('subject', '=', `project ${world.id}`)
      .orderBy('id', 'desc')
      .limit(2)
      .execute();
    expect(entries.map((entry) => entry.action)).toEqual(['recounted without a member', 'member banned']);
    await isSound(world);
    await expect(banMember(world.deps, { ...about(world, bad), recount: true })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('never lets a kept vote help to reach another verdict', async () => {
    const world = await reviewWorld(store);
    const [good = 0, bad = 0, third = 0] = await world.members(3);
    const [face = 0] = await world.faces(1);
    for (const account of [good, bad]) await world.say(account, 'yes', face);
    await banMember(world.deps, about(world, bad));
    await world.say(good, null, face);
    expect(await world.verdict(face)).toBe('open by votes');
    await world.say(third, 'yes', face);
    expect(await world.verdict(face)).toBe('open by votes');
    await isSound(world);
    // What the others take back as if it had never been said leaves the verdict as it was.
    await undoAnswers(world.deps, { projectId: world.id, accountId: third, count: 1 });
    await undoAnswers(world.deps, { projectId: world.id, accountId: good, count: 1 });
    expect(await world.verdict(face)).toBe('match by votes');
  });

  it('gives way to a single good vote where nobody else upholds the verdict', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [good = 0, bad = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    await world.say(bad, 'yes', face);
    await banMember(world.deps, about(world, bad));
    expect(await world.verdict(face)).toBe('match by votes');
    await world.say(good, 'no', face);
    expect(await world.verdict(face)).toBe('no_match by votes');
    await isSound(world);
  });

  it('does not bring votes back when fewer are needed later', async () => {
    const world = await reviewWorld(store);
    const [bad = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await world.say(bad, 'yes', face);
    await banMember(world.deps, about(world, bad));
    await store.db.updateTable('projects').set({ votes_needed: 1 }).where('id', '=', world.id).execute();
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
    expect(await world.verdict(face)).toBe('none');
  });

  it('keeps an owner’s decision until the recount', async () => {
    const world = await reviewWorld(store);
    const second = await addMember(store, world.id, { role: 'owner' });
    const [one = 0, two = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    await world.say(one, 'yes', face);
    await world.say(two, 'no', face);
    await world.say(second, 'no', face);
    expect(await world.verdict(face)).toBe('no_match by owner');
    await banMember(world.deps, about(world, second));
    expect(await world.verdict(face)).toBe('no_match by owner');
    await recountWithout(world.deps, about(world, second));
    expect(await world.verdict(face)).toBe('disputed by votes');
  });

  it('is lifted with all that was said', async () => {
    const world = await reviewWorld(store);
    const [good = 0, bad = 0] = await world.members(2);
    const [open = 0, decided = 0] = await world.faces(2);
    await world.say(bad, 'yes', open);
    for (const account of [good, bad]) await world.say(account, 'yes', decided);
    await banMember(world.deps, about(world, bad));
    await recountWithout(world.deps, about(world, bad));
    await world.say(good, 'yes', open);
    expect(await world.verdict(open)).toBe('none');
    await unbanMember(world.deps, about(world, bad));
    expect([await world.verdict(open), await world.verdict(decided)]).toEqual([
      'match by votes',
      'match by votes',
    ]);
    await world.say(bad, 'no', open);
    expect(await world.verdict(open)).toBe('disputed by votes');
    await isSound(world);
    const kept = await store.db
      .selectFrom('kept_votes')
      .selectAll()
      .where('project_id', '=', world.id)
      .execute();
    expect(kept).toEqual([]);
  });

  it('shuts the member out', async () => {
    const world = await reviewWorld(store, { open: 1 });
    const [bad = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await banMember(world.deps, about(world, bad));
    await expect(world.say(bad, 'yes', face)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is for owners, and not for themselves', async () => {
    const world = await reviewWorld(store);
    const [member = 0, other = 0] = await world.members(2);
    const stranger = (await addProject(store)).owner;
    const blocked = await addMember(store, world.id, { role: 'owner', blocked: true });
    for (const accountId of [other, stranger, blocked]) {
      for (const act of [banMember, unbanMember, recountWithout]) {
        await expect(act(world.deps, { ...about(world, member), accountId })).rejects.toMatchObject({
          code: 'forbidden',
        });
      }
    }
    await expect(banMember(world.deps, about(world, world.owner))).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(banMember(world.deps, about(world, stranger))).rejects.toMatchObject({ code: 'not_found' });
    for (const act of [unbanMember, recountWithout])
      await expect(act(world.deps, about(world, member))).rejects.toMatchObject({ code: 'not_found' });
    await banMember(world.deps, about(world, member));
    await expect(banMember(world.deps, about(world, member))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('waits for a ballot that is under way, and the other way round', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [bad = 0] = await world.members(1);
    const faces = await world.faces(6);
    const outcomes = await Promise.allSettled([
      ...faces.slice(0, 3).map((face) => world.say(bad, 'yes', face)),
      banMember(world.deps, about(world, bad)),
      ...faces.slice(3).map((face) => world.say(bad, 'yes', face)),
    ]);
    const said = outcomes.filter((one, i) => i !== 3 && one.status === 'fulfilled').length;
    const matches = await Promise.all(faces.map((face) => world.verdict(face)));
    expect(matches.filter((verdict) => verdict === 'match by votes')).toHaveLength(said);
    await isSound(world);
    expect(nth(outcomes, 3).status).toBe('fulfilled');
  });
});
