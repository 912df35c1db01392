import { describe, expect, it } from 'vitest';
import { confirmLink } from '../../src/core/accounts/linking.ts';
import {
  answersAbout,
  asked,
  countVotes,
  linkUser,
  verdictOf,
  visitor,
  type World,
} from '../support/desk.ts';
import { addAccount, addMember } from '../support/people.ts';

const HINT_LINK = /not linked to a Wikimedia account/;
const HINT_MEMBER = /not a member of this project, or your account is blocked/;

/** A one-time link that the account confirms on the web, as the chat user asked for it. */
async function linkOnTheWeb(world: World, userId: string, accountId: number): Promise<void> {
  await world.platform.say(null, visitor(userId), 'link');
  const url = world.platform.toldTo(userId).at(-1)?.links?.[0]?.url ?? '';
  await confirmLink(world.deps, url.slice(url.lastIndexOf('/') + 1), accountId);
}

describe('somebody who is not linked', () => {
  it('gets one private hint a day, and no vote', async () => {
    const { platform, world, message, store, clock } = await asked();
    const zoe = visitor('Zoe');
    await platform.react(message, zoe, '✅');
    await platform.react(message, zoe, '🤷');
    await platform.takeBack(message, zoe, '🤷');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Zoe').map((card) => card.text)).toEqual([expect.stringMatching(HINT_LINK)]);
    clock.advance(24 * 60 * 60_000 - 1);
    await platform.react(message, zoe, '❌');
    expect(platform.toldTo('Zoe')).toHaveLength(1);
    clock.advance(1);
    await platform.react(message, zoe, '🤷');
    expect(platform.toldTo('Zoe')).toHaveLength(2);
    await platform.react(message, visitor('Yan'), '✅');
    expect(platform.toldTo('Yan')).toHaveLength(1);
    await world.round();
  });

  it('who says nothing gets no hint', async () => {
    const { platform, message } = await asked();
    await platform.react(message, visitor('Zoe'), '🎉');
    expect(platform.told).toEqual([]);
  });

  it('votes with what they left below open questions as soon as they are linked', async () => {
    const { platform, world, message, store, faceIds, projectId } = await asked(3);
    const zoe = visitor('Zoe');
    for (const emoji of ['1️⃣', '2️⃣', '3️⃣']) await platform.react(message, zoe, emoji);
    await platform.takeBack(message, zoe, '3️⃣');
    const accountId = await addMember(store, projectId);
    await linkOnTheWeb(world, 'Zoe', accountId);
    await world.round();
    const given = await Promise.all(faceIds.map((id) => answersAbout(store, id)));
    expect(given.map((one) => one[accountId])).toEqual(['yes', 'yes', 'no']);
    expect(await countVotes(store)).toBe(3);
    const { username } = await store.db
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    expect(platform.toldTo('Zoe').at(-1)?.text).toContain(`linked to the Wikimedia account ${username}`);
    const told = platform.toldTo('Zoe').length;
    await world.round();
    expect(platform.toldTo('Zoe')).toHaveLength(told);
    // And from then on like anybody else.
    await platform.takeBack(message, zoe, '1️⃣');
    expect((await answersAbout(store, faceIds[0] ?? 0))[accountId]).toBe('no');
  });

  it('votes with them even when no private message reaches them', async () => {
    const { platform, world, message, store, faceIds, projectId } = await asked();
    platform.before = (method) => {
      if (method === 'tell') throw new Error('takes no private messages');
    };
    await platform.react(message, visitor('Zoe'), '✅');
    await platform.react(message, visitor('Yan'), '❌');
    const accounts = [await addMember(store, projectId), await addMember(store, projectId)];
    await linkOnTheWeb(world, 'Zoe', accounts[0] ?? 0);
    await linkOnTheWeb(world, 'Yan', accounts[1] ?? 0);
    await world.round();
    expect(Object.values(await answersAbout(store, faceIds[0] ?? 0))).toEqual(['yes', 'no']);
  });
});

describe('somebody who is linked', () => {
  it('and no member gets a hint, and no vote', async () => {
    const { platform, message, store } = await asked();
    await linkUser(store, await addAccount(store), 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Zoe').map((card) => card.text)).toEqual([expect.stringMatching(HINT_MEMBER)]);
  });

  it('and blocked on the wiki has no vote', async () => {
    const { platform, world, message, store } = await asked();
    await platform.react(message, await world.member('Ann', { blocked: true }), '✅');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Ann')).toHaveLength(1);
  });

  it('joins an open project by answering', async () => {
    const { platform, message, store, projectId } = await asked(1, { open: 1 });
    const accountId = await addAccount(store);
    await linkUser(store, accountId, 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(1);
    expect(platform.told).toEqual([]);
    expect(
      await store.db
        .selectFrom('project_members')
        .select(['role', 'status'])
        .where('project_id', '=', projectId)
        .where('account_id', '=', accountId)
        .executeTakeFirst(),
    ).toEqual({ role: 'member', status: 'active' });
  });

  it('and banned from an open project stays out', async () => {
    const { platform, message, store, projectId } = await asked(1, { open: 1 });
    await linkUser(store, await addMember(store, projectId, { status: 'banned' }), 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(0);
  });

  it('under two chat names has one vote', async () => {
    const { platform, world, message, store, projectId, faceIds } = await asked();
    const ann = await world.member('Ann');
    await linkUser(store, ann.accountId, 'Ann elsewhere');
    await platform.react(message, ann, '✅');
    await platform.react(message, visitor('Ann elsewhere'), '✅');
    expect(await countVotes(store)).toBe(1);
    expect(await verdictOf(store, projectId, faceIds[0] ?? 0)).toBe('open');
    await platform.react(message, visitor('Ann elsewhere'), '❌');
    expect(Object.values(await answersAbout(store, faceIds[0] ?? 0))).toEqual(['no']);
  });
});
