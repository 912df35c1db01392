import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/bots/commands.ts';
import { accountOfIdentity, confirmLink, LINK_LIFETIME_MS } from '../../src/core/accounts/linking.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import { setHidden } from '../../src/core/statistics/leaderboard.ts';
import { addPicture, deskWorld, linkUser, type Person, visitor, type World } from '../support/desk.ts';
import type { FakeMessage } from '../support/fake-chat.ts';
import { type FakeWiki, fakeWiki, refusal, wikiAccountOf } from '../support/fake-wiki.ts';
import { addAccount, addMember, addProject } from '../support/people.ts';

const last = <T>(list: readonly T[]): T => {
  const one = list.at(-1);
  if (one === undefined) throw new Error('nothing there');
  return one;
};

/** What the person is told, in private, about one command. */
async function answer(world: World, user: { id: string; name: string }, text: string, channel?: null) {
  const before = world.platform.toldTo(user.id).length;
  await world.platform.say(channel === null ? null : world.channel.name, user, text);
  return world.platform.toldTo(user.id).slice(before);
}

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
    { text: 'You are linked to the Wikimedia account Ann.' },
  ]);
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
  expect((await answer(world, ann, 'forget-me'))[0]?.text).toContain('“forget-me yes”');
  expect(await accountOfIdentity(world.store, 'room', 'Ann')).not.toBeNull();
  expect((await answer(world, ann, 'forget-me yes'))[0]?.text).toContain('Nothing here names you');
  expect(await accountOfIdentity(world.store, 'room', 'Ann')).toBeNull();
  const names = await world.store.db.selectFrom('account_profiles').select('username').execute();
  expect(names.map((row) => row.username)).not.toContain('Ann');
  expect((await answer(world, ann, 'forget-me yes'))[0]?.text).toContain('linked Wikimedia account');
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
      'This channel now belongs to the project “A project”. Questions come here.',
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
  for (const { name } of COMMANDS) expect(card?.text).toMatch(new RegExp(`^${name}( .*)?: .+$`, 'm'));
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

describe('write', () => {
  /** A project whose matches wait, and a worker that writes them. */
  async function writing(matches = 3) {
    const world = await deskWorld({ votes_needed: 1 });
    const ann = await world.member('Ann');
    const titles = Array.from({ length: matches }, (_, i) => `File:Picture ${i + 1}.jpg`);
    for (const title of titles) {
      const { faceIds } = await addPicture(world.store, world.projectId, 1, { title });
      for (const face_id of faceIds) {
        await world.store.db
          .insertInto('verdicts')
          .values({
            project_id: world.projectId,
            face_id,
            person: 'Q1',
            verdict: 'match',
            source: 'votes',
            changed_at: 1,
          })
          .execute();
      }
    }
    await world.open();
    const wiki: FakeWiki = fakeWiki();
    const work = async () => {
      await writeStep({ ...world.deps, wiki, wikiAccount: wikiAccountOf, editsPerMinute: null });
      await world.round();
    };
    const say = (user: Person, text: string) => world.platform.say(world.channel.name, user, text);
    return { ...world, world, ann, wiki, work, say };
  }

  const runs = (world: World) => world.store.db.selectFrom('runs').selectAll().orderBy('id').execute();
  const progress = (message: FakeMessage) => message.card.text;

  it('shows first what it would do, under whose name, and that it is CC0', async () => {
    const { world, ann } = await writing();
    const [card, ...more] = await answer(world, ann, 'write');
    expect(more).toEqual([]);
    expect(card?.title).toBe('3 statements would be written under the name Ann');
    expect(card?.text).toMatch(
      /^Picture 1\.jpg → Person Q1\nPicture 2\.jpg → Person Q1\nPicture 3\.jpg → Person Q1\n\n.*CC0.*\n.*“write yes”/,
    );
    expect(await runs(world)).toEqual([]);
    expect(world.platform.messages).toEqual([]);
  });

  it('shortens a long list', async () => {
    const { world, ann } = await writing(18);
    const [card] = await answer(world, ann, 'write');
    expect(card?.text?.match(/→/g)).toHaveLength(15);
    expect(card?.text).toContain('… and 3 more');
  });

  it('says so when there is nothing to write', async () => {
    const { world, ann } = await writing(0);
    expect((await answer(world, ann, 'write'))[0]?.text).toMatch(/^There is nothing to write/);
    expect((await answer(world, ann, 'write yes'))[0]?.text).toMatch(/^There is nothing to write/);
    expect(await runs(world)).toEqual([]);
  });

  it('is refused to people who are no members', async () => {
    const { world } = await writing();
    await linkUser(world.store, await addAccount(world.store), 'Zoe');
    expect((await answer(world, visitor('Zoe'), 'write yes'))[0]?.text).toMatch(/Only members/);
    expect(await runs(world)).toEqual([]);
  });

  it('writes after “yes”, shows its progress in one message, and mentions the person at the end', async () => {
    const { world, ann, wiki, work, say, platform } = await writing();
    await say(ann, 'write yes');
    const [message, ...more] = platform.shown();
    if (!message) throw new Error('no message');
    expect(more).toEqual([]);
    expect(message.seeds).toEqual(['🛑']);
    expect(message.card.title).toBe('Writing to the wiki as Ann');
    expect(progress(message)).toBe('⏳ waiting · 0 of 3 files');
    const [run] = await runs(world);
    expect(message.card.links?.[0]?.url).toBe(
      `https://visavis.example/projects/${world.projectId}/runs/${run?.id}`,
    );
    expect((await answer(world, ann, 'write yes'))[0]?.text).toMatch(/still under way/);
    wiki.onSaved = async () => {
      wiki.onSaved = () => {};
      await world.round();
      expect(progress(message)).toBe('✍️ working · 0 of 3 files');
    };
    await work();
    expect(wiki.edits.map((edit) => edit.as)).toEqual(['Ann', 'Ann', 'Ann']);
    expect(progress(message)).toBe('✅ done · 3 of 3 files');
    const [, end, ...rest] = platform.shown();
    expect(rest).toEqual([]);
    expect(end?.card).toMatchObject({ text: '✅ done · 3 of 3 files', mentions: ['Ann'] });
    await world.round();
    expect(platform.shown()).toHaveLength(2);
  });

  it('tells what failed and what was there already', async () => {
    const { world, ann, wiki, work, say, platform } = await writing();
    const pages = await world.store.db.selectFrom('files').select('page_id').orderBy('id').execute();
    wiki.record(pages[0]?.page_id ?? 0, 'Q1');
    wiki.onRequest = (pageId) => {
      if (pageId === pages[1]?.page_id) throw refusal('this_file', 'protectedpage');
    };
    await say(ann, 'write yes');
    await work();
    expect(progress(last(platform.shown()))).toBe(
      '✅ done · 2 of 3 files · one was there already · one failed',
    );
  });

  it('shows why it waits or is paused', async () => {
    const { ann, wiki, work, say, platform } = await writing();
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    await say(ann, 'write yes');
    await work();
    expect(progress(last(platform.shown()))).toBe(
      '⏸️ paused · 0 of 3 files\nThe wiki said: words about it (blocked)',
    );
  });

  it.each(['the command', '🛑'])('is stopped by %s', async (how) => {
    const { world, ann, wiki, work, say, platform } = await writing(12);
    const bob = await world.member('Bob');
    await say(ann, 'write yes');
    const [message] = platform.shown();
    if (!message) throw new Error('no message');
    wiki.onSaved = async () => {
      if (wiki.edits.length !== 3) return;
      if (how === '🛑') await platform.react(message, bob, '🛑');
      else await say(bob, 'stop');
    };
    await work();
    expect(wiki.edits.length).toBeLessThan(8);
    expect((await runs(world))[0]?.state).toBe('stopped');
    expect(progress(message)).toMatch(/^🛑 stopped · 3 of 3 files$/);
    expect(last(platform.shown()).card.mentions).toEqual(['Ann']);
  });

  it('is not stopped by 🛑 of strangers, or by another emoji, or by taking it away', async () => {
    const { world, ann, say, platform } = await writing();
    await say(ann, 'write yes');
    const [message] = platform.shown();
    if (!message) throw new Error('no message');
    await linkUser(world.store, await addAccount(world.store), 'Otto');
    await platform.react(message, visitor('Otto'), '🛑');
    await platform.react(message, visitor('Zoe'), '🛑');
    await platform.takeBack(message, visitor('Zoe'), '🛑');
    await platform.react(message, ann, '✅');
    expect((await runs(world))[0]?.stop_requested_at).toBeNull();
    expect(platform.told).toEqual([]);
  });

  it('stop says so when nothing is being written', async () => {
    const { world, ann } = await writing();
    expect((await answer(world, ann, 'stop'))[0]?.text).toBe('Nothing is being written now.');
  });

  it('undo takes the own last run back, with its own progress', async () => {
    const { world, ann, wiki, work, say, platform } = await writing();
    expect((await answer(world, ann, 'undo'))[0]?.text).toMatch(/no run of yours/);
    await say(ann, 'write yes');
    await work();
    await say(ann, 'undo');
    await work();
    const pages = await world.store.db.selectFrom('files').select('page_id').execute();
    expect(pages.flatMap((row) => wiki.persons(row.page_id))).toEqual([]);
    const end = last(platform.shown()).card;
    expect(end.title).toBe('Taking statements back as Ann');
    expect(end.text).toBe('✅ done · 3 of 3 statements taken back');
    expect((await answer(world, ann, 'undo'))[0]?.text).toMatch(/no run of yours/);
  });

  it('undo of a run by its number is for owners and for the one who wrote it', async () => {
    const { world, ann, wiki, work, say } = await writing();
    await say(ann, 'write yes');
    await work();
    const [run] = await runs(world);
    const bob = await world.member('Bob');
    expect((await answer(world, bob, `undo ${run?.id}`))[0]?.text).toMatch(/Only owners/);
    expect((await answer(world, bob, 'undo'))[0]?.text).toMatch(/no run of yours/);
    expect((await answer(world, bob, 'undo 999'))[0]?.text).toMatch(/no run of yours/);
    const own = await world.member('Olga', { role: 'owner' });
    await say(own, `undo ${run?.id}`);
    await work();
    expect(wiki.edits.filter((edit) => edit.kind === 'remove').map((edit) => edit.as)).toEqual(
      Array(3).fill('Olga'),
    );
  });

  it('a run of another project cannot be undone from here', async () => {
    const { world, ann } = await writing();
    const other = await addProject(world.store);
    await addMember(world.store, other.id, { accountId: ann.accountId });
    const { id } = await world.store.db
      .insertInto('runs')
      .values({
        project_id: other.id,
        account_id: ann.accountId,
        kind: 'write',
        undoes: null,
        state: 'done',
        reason: null,
        edit_group: 'abcd',
        stop_requested_at: null,
        created_at: 0,
        retry_at: null,
        finished_at: 0,
        channel_id: null,
        message_id: null,
        reported: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    expect((await answer(world, ann, `undo ${id}`))[0]?.text).toMatch(/no run of yours/);
  });

  it('tells the end even when the progress message was deleted, and reports other runs', async () => {
    const { world, ann, work, say, platform } = await writing();
    await say(ann, 'write yes');
    const [message] = platform.shown();
    if (!message) throw new Error('no message');
    platform.delete(message);
    await work();
    expect(last(platform.shown()).card).toMatchObject({ text: '✅ done · 3 of 3 files', mentions: ['Ann'] });
    await say(ann, 'undo');
    await work();
    await world.round();
    expect(platform.shown().map(progress)).toEqual([
      '✅ done · 3 of 3 files',
      '✅ done · 3 of 3 statements taken back',
      '✅ done · 3 of 3 statements taken back',
    ]);
  });

  it('tells the end once, even when the desk dies right after it', async () => {
    const { world, ann, work, say, platform } = await writing();
    await say(ann, 'write yes');
    platform.after = (method, target) => {
      if (method === 'post') throw new Error(`killed after ${target}`);
    };
    await work();
    platform.after = () => {};
    await world.close();
    await world.open();
    expect(platform.shown()).toHaveLength(2);
    expect(progress(last(platform.shown()))).toBe('✅ done · 3 of 3 files');
  });
});

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
    for (const unknown of ['language', 'language xx', 'language NB-x'])
      expect((await answer(world, owner, unknown))[0]?.text).toContain('are in “en”');
    expect((await answer(world, ann, 'language nb'))[0]?.text).toContain('Only owners');
    expect((await answer(world, owner, 'language NB'))[0]?.text).toBe('Fra nå av snakker jeg norsk her.');
    const { language } = await world.store.db
      .selectFrom('projects')
      .select('language')
      .where('id', '=', world.projectId)
      .executeTakeFirstOrThrow();
    expect(language).toBe('nb');
  });
});
