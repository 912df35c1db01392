import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, useStore } from '../../support/stores.ts';
import { votingDesk } from './votes-support.ts';

describe.each(engines())('votes of owners on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  /** A yes and a no of two members. */
  const dispute = async () => {
    const desk = await votingDesk(store);
    await desk.cast(await desk.member(), 'yes');
    await desk.cast(await desk.member(), 'no');
    expect(await desk.verdict()).toBe('disputed by votes');
    return desk;
  };

  it('count like any other as long as there is no verdict', async () => {
    const { owner, cast, verdict, votes } = await votingDesk(store);
    await cast(owner, 'yes');
    expect(await verdict()).toBe('none');
    expect(await votes()).toMatchObject([{ decides: 0 }]);
  });

  it('decide a dispute', async () => {
    const { owner, cast, verdict, member } = await dispute();
    await cast(owner, 'no');
    expect(await verdict()).toBe('no_match by owner');
    await cast(await member(), 'yes');
    await cast(await member(), 'yes');
    expect(await verdict()).toBe('no_match by owner');
  });

  it('go against a verdict', async () => {
    const { owner, cast, verdict, member } = await votingDesk(store);
    for (let i = 0; i < 3; i++) await cast(await member(), 'yes');
    expect(await verdict()).toBe('match by votes');
    await cast(owner, 'no');
    expect(await verdict()).toBe('no_match by owner');
  });

  it('agree with a verdict without taking it over', async () => {
    const { owner, cast, verdict, member } = await votingDesk(store);
    for (let i = 0; i < 2; i++) await cast(await member(), 'yes');
    await cast(owner, 'yes');
    expect(await verdict()).toBe('match by votes');
  });

  it('replace the decision of an owner before, again and again', async () => {
    const { owner, cast, verdict, member } = await dispute();
    const second = await member({ role: 'owner' });
    await cast(owner, 'yes');
    expect(await verdict()).toBe('match by owner');
    await cast(second, 'no');
    expect(await verdict()).toBe('no_match by owner');
    await cast(owner, 'yes');
    expect(await verdict()).toBe('match by owner');
    await cast(owner, 'no');
    expect(await verdict()).toBe('no_match by owner');
  });

  it('give the question back to the votes when they are taken back', async () => {
    const { owner, cast, verdict } = await dispute();
    await cast(owner, 'yes');
    await cast(owner, null);
    expect(await verdict()).toBe('disputed by votes');
    await cast(owner, 'yes');
    await cast(owner, 'unsure');
    expect(await verdict()).toBe('disputed by votes');
  });

  it('decide a dispute that they are part of, by saying the same again', async () => {
    const { owner, cast, verdict, member } = await votingDesk(store);
    await cast(owner, 'yes');
    await cast(await member(), 'no');
    expect(await verdict()).toBe('disputed by votes');
    await cast(owner, 'yes');
    expect(await verdict()).toBe('match by owner');
    expect((await cast(owner, 'yes')).cast).toBe(0);
  });

  it('decide nothing when the same reaction is read again', async () => {
    const { owner, cast, verdict, member } = await votingDesk(store);
    const question = { questionId: 77 };
    await cast(owner, 'yes', question);
    await cast(await member(), 'no');
    expect((await cast(owner, 'yes', question)).cast).toBe(0);
    expect(await verdict()).toBe('disputed by votes');
    await cast(owner, 'yes', { questionId: 78 });
    expect(await verdict()).toBe('match by owner');
  });

  it('do not decide for members', async () => {
    const { cast, verdict, member } = await dispute();
    await cast(await member(), 'yes');
    expect(await verdict()).toBe('disputed by votes');
  });
});
