import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/review/decide.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { votingDesk } from './votes-support.ts';

describe.each(engines())('votes at once on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  it('of fifty accounts on one face at once add up as if they came one by one', async () => {
    const { cast, verdict, standing, member } = await votingDesk(store, { votes_needed: 5 });
    const people = await Promise.all(Array.from({ length: 50 }, () => member()));
    const answers: Answer[] = ['yes', 'no', 'unsure', 'yes'];
    const all = (say: (i: number) => Answer | null) =>
      Promise.all(people.map((account, i) => cast(account, say(i), { which: i % 2 ? store : other })));
    await all((i) => answers[i % 4] ?? null);
    expect(await standing()).toHaveLength(50);
    expect(await verdict()).toBe('disputed by votes');
    // Those who said no take it back.
    await all((i) => (i % 4 === 1 ? null : (answers[i % 4] ?? null)));
    expect(await standing()).toHaveLength(37);
    expect(await verdict()).toBe('match by votes');
    await all((i) => (i % 4 === 2 ? 'unsure' : null));
    expect(await verdict()).toBe('open by votes');
  });

  it('of accounts that change their minds at once add up to what stands', async () => {
    const { cast, verdict, standing, member } = await votingDesk(store, { votes_needed: 3 });
    const people = await Promise.all(Array.from({ length: 6 }, () => member()));
    const answers: (Answer | null)[] = ['yes', 'no', null, 'yes', 'unsure'];
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        cast(people[i % 6] ?? 0, answers[(i * 3) % 5] ?? null, { which: i % 2 ? store : other }),
      ),
    );
    const { verdict: expected } = decide(await standing(), 3);
    expect((await verdict()).split(' ')[0]).toBe(expected);
  });

  it('of fifty accounts that agree make one match', async () => {
    const { cast, verdict, standing, member } = await votingDesk(store, { votes_needed: 5 });
    const people = await Promise.all(Array.from({ length: 50 }, () => member()));
    const results = await Promise.all(
      people.map((account, i) => cast(account, 'yes', { which: i % 2 ? store : other })),
    );
    expect(results.flatMap((result) => result.changes)).toHaveLength(1);
    expect(await verdict()).toBe('match by votes');
    expect(await standing()).toHaveLength(50);
  });

  it('on many faces at once all come through', async () => {
    const { project, cast, member, changeNumber } = await votingDesk(store, { votes_needed: 1 });
    const account = await member();
    const faces = await Promise.all(
      Array.from({ length: 40 }, async () => (await addPortrait(store, project)).faceId),
    );
    const results = await Promise.all(
      faces.map((id, i) => cast(account, 'yes', { faceId: id, which: i % 2 ? store : other })),
    );
    expect(results.every((result) => result.changes.length === 1)).toBe(true);
    expect(await changeNumber()).toBe(41);
  });

  it('of one account that says the same ten times at once are one', async () => {
    const { cast, votes } = await votingDesk(store, { open: 1, votes_needed: 1 });
    const account = await addAccount(store);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        cast(account, 'yes', { which: i % 2 ? store : other, platform: 'room' }),
      ),
    );
    expect(results.reduce((sum, result) => sum + result.cast, 0)).toBe(1);
    expect(await votes()).toHaveLength(1);
  });
});
