import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, useStore } from '../../support/stores.ts';
import { votingDesk } from './votes-support.ts';

describe.each(engines())('votes about a face that the wiki vouches for, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  /** The one face of a file that depicts the person already. */
  const vouched = async () => {
    const desk = await votingDesk(store);
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: desk.project,
        face_id: desk.faceId,
        person: 'Q1',
        verdict: 'match',
        source: 'bootstrap',
        changed_at: 0,
      })
      .execute();
    return desk;
  };

  it('change nothing until they add up to something', async () => {
    const { cast, verdict, member } = await vouched();
    const account = await member();
    await cast(account, 'no');
    expect(await verdict()).toBe('match by bootstrap');
    await cast(await member(), 'no');
    expect(await verdict()).toBe('no_match by votes');
  });

  it('make it a match of people, which counts for the minimum', async () => {
    const { cast, verdict, member, changeNumber } = await vouched();
    const before = await changeNumber();
    for (let i = 0; i < 2; i++) await cast(await member(), 'yes');
    expect(await verdict()).toBe('match by votes');
    // The matcher has to count again, although the verdict is the same.
    expect(await changeNumber()).toBeGreaterThan(before);
  });

  it('make a dispute of yes and no', async () => {
    const { cast, verdict, member } = await vouched();
    await cast(await member(), 'yes');
    await cast(await member(), 'no');
    expect(await verdict()).toBe('disputed by votes');
  });

  it("go against it when they are an owner's", async () => {
    const { owner, cast, verdict } = await vouched();
    await cast(owner, 'no');
    expect(await verdict()).toBe('no_match by owner');
  });
});
