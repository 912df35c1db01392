import { describe, expect, it } from 'vitest';
import { commandsOn } from '../../src/bots/commands.ts';
import { accountOfIdentity, confirmLink, LINK_LIFETIME_MS } from '../../src/core/accounts/linking.ts';
import { setHidden } from '../../src/core/statistics/leaderboard.ts';
import { addPicture, answer, deskWorld, last, linkUser, visitor, type World } from '../support/desk.ts';
import { addAccount, addProject } from '../support/people.ts';

describe('link', () => {
  it('gives a one-time address, in private', async () => {
    const world = await deskWorld();
    await world.open();
    const [card, ...more] = await answer(world, visitor('Zoe'), 'link');
    expect(more).toEqual([]);
    expect(card?.text).toContain('within 10 minutes');
    expect(card?.links).toEqual([
      {
        text: 'Link my account',
        url: expect.stringMatching(/^https:\/\/visavis\.example\/link\/[\w-]{32}$/),
      },
    ]);
    expect(world.platform.messages).toEqual([]);
    const token = card?.links?.[0]?.url.slice(-32) ?? '';
    const rows = await world.store.db.selectFrom('link_requests').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(token);
    const accountId = await addAccount(world.store);
    world.clock.advance(LINK_LIFETIME_MS - 1);
    await confirmLink(world.deps, token, accountId);
    await expect(confirmLink(world.deps, token, accountId)).rejects.toMatchObject({ code: 'link_expired' });
  });

  it('names the account that is linked already', async () => {
    const world = await deskWorld();
    await world.open();
    const ann = await world.member('Ann');
    const [card] = await answer(world, ann, 'link');
    expect(card).toEqual({ text: 'You are linked to the Wikimedia account Ann already.' });
  });
});

it('whoami and unlink speak of the own link alone', async () => {
  const world = await deskWorld();
  await world.open();
  const ann = await world.member('Ann');
  expect(await answer(world, ann, 'whoami')).toEqual([
    { text: 'You are linked to the Wikimedia account Ann.\nYou are a member of this project.' },
  ]);
  expect(await answer(world, ann, 'whoami', null)).toEqual([
    { text: 'You are linked to the Wikimedia account Ann.' },
  ]);
  const own = await world.member('Olga', { role: 'owner' });
  expect((await answer(world, own, 'whoami'))[0]?.text).toMatch(/You are an owner of this project\.$/);
  await linkUser(world.store, await addAccount(world.store), 'Zed');
  expect((await answer(world, visitor('Zed'), 'whoami'))[0]?.text).toMatch(/not a member of this project\.$/);
  expect(await answer(world, visitor('Zoe'), 'whoami', null)).toEqual([
    { text: 'Your chat name is not linked to a Wikimedia account.' },
  ]);
  expect((await answer(world, visitor('Zoe'), 'unlink'))[0]?.text).toContain('not linked');
  expect((await answer(world, ann, 'unlink'))[0]?.text).toContain('no longer linked');
  expect(await accountOfIdentity(world.store, 'room', 'Ann')).toBeNull();
});

it('forget-me asks first, and then forgets', async () => {
  const world = await deskWorld();
  await world.open();
  const ann = await world.member('Ann');
  expect((await answer(world, ann, 'forget-me'))[0]?.text).toContain('“!visavis forget-me yes”');
  expect(await accountOfIdentity(world.store, 'room', 'Ann')).not.toBeNull();
  expect((await answer(world, ann, 'forget-me yes'))[0]?.text).toContain('Nothing here names you');
  expect(await accountOfIdentity(world.store, 'room', 'Ann')).toBeNull();
  const names = await world.store.db.selectFrom('account_profiles').select('username').execute();
  expect(names.map((row) => row.username)).not.toContain('Ann');
  expect((await answer(world, ann, 'forget-me yes'))[0]?.text).toContain('linked Wikimedia account');
});

it('forget-me names the projects that are left without an owner, and pauses them', async () => {
  const world = await deskWorld();
  await world.open();
  await linkUser(world.store, world.owner, 'Olga');
  const told = async (text: string) => (await answer(world, visitor('Olga'), text))[0]?.text;
  expect(await told('forget-me')).toMatch(
    /\nYou are the only owner of “A project”\. It is paused then, until an administrator.*\n.*“!visavis forget-me yes”/,
  );
  expect(await told('forget-me yes')).toContain('Nothing here names you');
  const ann = await world.member('Ann');
  await world.platform.say(world.channel.name, ann, 'status');
  expect(last(world.platform.shown()).card.text).toMatch(/^Paused: nobody is left who can act as an owner/);
});

describe('setup and unbind', () => {
  const bound = async (world: World, channel: string) =>
    (
      await world.store.db
        .selectFrom('channels')
        .select('project_id')
        .where('external_id', '=', channel)
        .executeTakeFirst()
    )?.project_id ?? null;

  it('bind and unbind a channel for an owner who may manage it', async () => {
    const world = await deskWorld();
    await world.open();
    const own = await world.member('Olga', { role: 'owner' });
    const may = { mayManageChannel: true };
    await world.platform.say('new', own, `setup ${world.projectId}`, may);
    expect(await bound(world, 'new')).toBe(world.projectId);
    expect(last(world.platform.shown('new')).card.text).toBe(
      'This channel now belongs to the project “A project”. Questions come here.\n3 questions open at a time',
    );
    await addPicture(world.store, world.projectId);
    await addPicture(world.store, world.projectId);
    await world.store.db
      .updateTable('channels')
      .set({ max_open: 1 })
      .where('external_id', '!=', 'new')
      .execute();
    await world.round();
    expect(last(world.platform.shown('new')).card.title).toBe('Is this Person Q1?');
    await world.platform.say('new', own, 'unbind', may);
    expect(await bound(world, 'new')).toBeNull();
    expect(last(world.platform.toldTo('Olga')).text).toContain('no longer bound');
    await world.platform.say('new', own, 'unbind', may);
    expect(last(world.platform.toldTo('Olga')).text).toBe('This channel is not bound to a project.');
  });

  it.each([
    ['a member', 'member', true, /Only owners/],
    ['an owner without the right in the channel', 'owner', false, /right to manage this channel/],
  ] as const)('are refused to %s', async (_who, role, mayManageChannel, words) => {
    const world = await deskWorld();
    await world.open();
    const person = await world.member('Ann', { role });
    await world.platform.say('new', person, `setup ${world.projectId}`, { mayManageChannel });
    expect(last(world.platform.toldTo('Ann')).text).toMatch(words);
    expect(await bound(world, 'new')).toBeNull();
    await world.platform.say(world.channel.name, person, 'unbind', { mayManageChannel });
    expect(last(world.platform.toldTo('Ann')).text).toMatch(words);
    expect(await bound(world, world.channel.name)).toBe(world.projectId);
  });

  it('are refused to the owner of another project, to strangers, and in private', async () => {
    const world = await deskWorld();
    await world.open();
    const other = await addProject(world.store);
    await linkUser(world.store, other.owner, 'Otto');
    const may = { mayManageChannel: true };
    await world.platform.say('new', visitor('Otto'), `setup ${world.projectId}`, may);
    expect(last(world.platform.toldTo('Otto')).text).toMatch(/Only members/);
    await world.platform.say('new', visitor('Zoe'), `setup ${world.projectId}`, may);
    expect(last(world.platform.toldTo('Zoe')).text).toMatch(/linked Wikimedia account/);
    await world.platform.say(null, visitor('Otto'), `setup ${other.id}`, may);
    expect(last(world.platform.toldTo('Otto')).text).toMatch(/in a channel, not in private/);
    expect(await bound(world, 'new')).toBeNull();
  });

  it.each(['setup', 'setup x', 'setup -1', 'setup 1.5'])('“%s” says how it goes', async (text) => {
    const world = await deskWorld();
    await world.open();
    const own = await world.member('Olga', { role: 'owner' });
    await world.platform.say('new', own, text, { mayManageChannel: true });
    expect(last(world.platform.toldTo('Olga')).text).toMatch(/^Which project\?/);
  });
});

describe('status and next', () => {
  it('say how far the project is', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId, 2);
    await world.open();
    const ann = await world.member('Ann');
    const before = world.platform.shown().length;
    await world.platform.say(world.channel.name, ann, 'status');
    const { card } = last(world.platform.shown());
    expect(world.platform.shown()).toHaveLength(before + 1);
    expect(card.title).toBe('A project');
    expect(card.fields).toContainEqual({ label: 'Files looked at', value: '1 / 1' });
    expect(card.fields).toContainEqual({ label: 'Faces', value: '2' });
    expect(card.links?.[0]?.url).toBe(`https://visavis.example/projects/${world.projectId}`);
    const [told] = await answer(world, ann, 'next');
    expect(told?.text).toBe(`${card.text}\nQuestion #1 waits for your answer.`);
  });

  it('need a bound channel and a linked account', async () => {
    const world = await deskWorld();
    await world.open();
    const ann = await world.member('Ann');
    expect(await answer(world, ann, 'status', null)).toEqual([
      { text: 'This channel is not bound to a project.' },
    ]);
    expect((await answer(world, visitor('Zoe'), 'status'))[0]?.text).toContain('linked Wikimedia account');
  });
});

it('withdraw takes a question out by the number below it, for owners alone', async () => {
  const world = await deskWorld();
  await addPicture(world.store, world.projectId);
  await world.open();
  const message = world.question();
  const number = /^#(\d+) · /.exec(message.card.footer ?? '')?.[1] ?? '';
  const own = await world.member('Olga', { role: 'owner' });
  expect((await answer(world, await world.member('Ann'), `withdraw ${number}`))[0]?.text).toMatch(
    /Only owners/,
  );
  for (const text of ['withdraw', 'withdraw x', 'withdraw 999'])
    expect((await answer(world, own, text))[0]?.text).toMatch(/^Which question\?/);
  expect((await answer(world, own, `withdraw ${number}`))[0]?.text).toBe(`Question ${number} is withdrawn.`);
  await world.round();
  expect(message.card.text).toBe('An owner has withdrawn this question.');
  expect(world.platform.shown()).toHaveLength(1);
});

it('help lists every command with its words', async () => {
  const world = await deskWorld();
  await world.open();
  const [card] = await answer(world, visitor('Zoe'), 'help', null);
  for (const { name } of commandsOn('room'))
    expect(card?.text).toMatch(new RegExp(`^${name}( .*)?: .+$`, 'm'));
});

it.each(['hello', '', 'LINK', 'constructor'])(
  '“%s” is no command, and stays without an answer',
  async (text) => {
    const world = await deskWorld();
    await world.open();
    await world.platform.say(world.channel.name, await world.member('Ann'), text);
    expect(world.platform.told).toEqual([]);
    expect(world.platform.messages).toEqual([]);
  },
);

describe('leaderboard', () => {
  it('names who has helped most, without the hidden, and leads to the page', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    await addPicture(world.store, world.projectId);
    await world.open();
    const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
    expect((await answer(world, ann, 'leaderboard'))[0]?.text).toBe('Nobody has answered in this time.');
    for (const user of [ann, bob]) await world.platform.react(world.question(), user, '✅');
    await setHidden(world.store, bob.accountId, true);
    const [card] = await answer(world, ann, 'leaderboard');
    expect(card?.text).toBe('1. Ann: one answer, 0 statements');
    expect(card?.links?.[0]?.url).toBe('https://visavis.example/leaderboard');
  });
});

describe('language', () => {
  it('is chosen by owners among those that there are', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    await world.open();
    const [ann, owner] = [await world.member('Ann'), await world.member('Olga', { role: 'owner' })];
    const how =
      'Questions of this project are in “en”. For another language type “!visavis language CODE”.\n' +
      'Languages that I speak: en, es, fr, nb';
    const told = async (text: string) => (await answer(world, owner, text))[0]?.text;
    expect(await told('language')).toBe(how);
    for (const code of ['xx', 'nb-x'])
      expect(await told(`language ${code}`)).toBe(
        `“${code}” is not the code of a language that I speak.\n${how}`,
      );
    expect((await answer(world, ann, 'language nb'))[0]?.text).toContain('Only owners');
    expect((await answer(world, owner, 'language NB'))[0]?.text).toBe('Fra nå av snakker jeg norsk her.');
    // What is refused from now on is refused in Norwegian.
    expect((await answer(world, ann, 'language en'))[0]?.text).toContain('Bare eiere av dette prosjektet');
    const { language } = await world.store.db
      .selectFrom('projects')
      .select('language')
      .where('id', '=', world.projectId)
      .executeTakeFirstOrThrow();
    expect(language).toBe('nb');
  });
});
