import { describe, expect, it } from 'vitest';
import { runCommand } from '../../src/bots/commands.ts';
import { startRun } from '../../src/core/depicts/runs.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import {
  addPicture,
  answer,
  deskWorld,
  last,
  linkUser,
  type Person,
  visitor,
  type World,
} from '../support/desk.ts';
import type { FakeMessage } from '../support/fake-chat.ts';
import { type FakeWiki, fakeWiki, refusal, wikiAccountOf } from '../support/fake-wiki.ts';
import { addAccount, addMember, addProject } from '../support/people.ts';
import { addRun } from '../support/runs.ts';

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
      /^Picture 1\.jpg → Person Q1\nPicture 2\.jpg → Person Q1\nPicture 3\.jpg → Person Q1\n\n.*CC0.*\n.*“!visavis write yes”/,
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

  it('offers what was taken back, says what to type, and writes it again', async () => {
    const { world, ann, wiki, work, say } = await writing(2);
    await say(ann, 'write yes');
    await work();
    await say(ann, 'undo yes');
    await work();
    expect((await answer(world, ann, 'write'))[0]?.text).toBe(
      'There is nothing new to write.\n' +
        '2 statements were taken back. To see them and write them again, type “!visavis write again”.',
    );
    expect((await answer(world, ann, 'write yes'))[0]?.text).toMatch(
      /^There is nothing new to write; taken back: 2\./,
    );
    const [card] = await answer(world, ann, 'write again');
    expect(card?.title).toBe('2 statements that were taken back would be written again under the name Ann');
    expect(card?.text).toMatch(/^Picture 1\.jpg → Person Q1\n.*\n\n.*CC0.*\n.*“!visavis write again yes”\.$/);
    const edits = wiki.edits.length;
    await say(ann, 'write again yes');
    await work();
    expect(wiki.edits).toHaveLength(edits + 2);
    expect((await answer(world, ann, 'write again'))[0]?.text).toMatch(/^Nothing that was taken back/);
  });

  it('shows a run whose start nobody could tell, a minute later, with the sign that stops it', async () => {
    const { world, ann, work, platform } = await writing(1);
    const { projectId, channel } = world;
    const start = () => startRun(world.deps, { projectId, accountId: ann.accountId, channelId: channel.id });
    await start();
    await world.round();
    expect(platform.shown()).toEqual([]);
    world.clock.advance(60_000);
    await world.round();
    const [message] = platform.shown();
    expect(message).toMatchObject({ seeds: ['🛑'], card: { text: '⏳ waiting · 0 of one file' } });
    await work();
    expect(message?.card.text).toBe('✅ done · 1 of one file');
    expect(platform.shown()).toHaveLength(2);
    await world.round();
    expect(platform.shown()).toHaveLength(2);
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
    // There is nothing to stop any more.
    expect(message.seeds).toEqual([]);
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
      '⏸️ paused · 0 of 3 files\nThe wiki refused this (blocked).',
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
    expect(progress(message)).toBe('🛑 stopped · 3 files before it ended');
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

  it('is stopped by 🛑 of somebody who is quicker than we know which message it is', async () => {
    const { world, ann, platform } = await writing();
    const [bob, channel] = [await world.member('Bob'), world.channel.name];
    const chat = platform.connect();
    await runCommand(world.deps, chat, {
      name: 'write',
      args: ['yes'],
      user: ann,
      channelId: channel,
      channelName: '#chat',
      mayManageChannel: false,
      replyPrivately: async () => {},
      reply: async (card) => {
        const id = await chat.post(channel, card, 'progress');
        await platform.react(last(platform.shown()), bob, '🛑');
        return id;
      },
    });
    expect((await runs(world))[0]?.stop_requested_at).not.toBeNull();
    expect(last(platform.shown()).seeds).toEqual(['🛑']);
  });

  it('tells why it waits in the language of the channel', async () => {
    const { world, ann, wiki, work, say, platform } = await writing();
    await world.store.db.updateTable('channels').set({ language: 'nb' }).execute();
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    await say(ann, 'write yes');
    await work();
    expect(progress(last(platform.shown()))).toContain('\nWikien avviste dette (blocked).');
  });

  it('is stopped by 🛑 that was left while nobody looked, as soon as it can be read', async () => {
    const { world, ann, say, platform } = await writing();
    await say(ann, 'write yes');
    const [message] = platform.shown();
    if (!message) throw new Error('no message');
    await world.close();
    await platform.react(message, visitor('Zoe'), '🛑');
    await platform.react(message, ann, '🛑');
    platform.before = (method) => {
      if (method === 'reactions') throw new Error('not now');
    };
    await world.open();
    expect((await runs(world))[0]?.stop_requested_at).toBeNull();
    platform.before = () => {};
    await world.round();
    expect((await runs(world))[0]?.stop_requested_at).not.toBeNull();
    const read = () => platform.calls.filter((call) => call === `reactions ${message.id}`).length;
    const before = read();
    await world.round();
    expect(read()).toBe(before);
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
    const [run] = await runs(world);
    const claims = await world.store.db.selectFrom('sdc_claims').select('id').orderBy('id').execute();
    const [card] = await answer(world, ann, 'undo');
    expect(card?.title).toBe(`3 statements of run ${run?.id} would be taken back under the name Ann`);
    expect(card?.text?.split('\n')).toEqual([
      ...claims.map(({ id }, i) => `${id}: Picture ${i + 1}.jpg → Person Q1`),
      '',
      `To take them back, type “!visavis undo ${run?.id} yes”.`,
      `Only one of them, by its number: “!visavis undo ${run?.id} statement=NUMBER yes”.`,
    ]);
    expect(await runs(world)).toHaveLength(1);
    await say(ann, 'undo yes');
    await work();
    const pages = await world.store.db.selectFrom('files').select('page_id').execute();
    expect(pages.flatMap((row) => wiki.persons(row.page_id))).toEqual([]);
    const end = last(platform.shown()).card;
    expect(end.title).toBe('Taking statements back as Ann');
    expect(end.text).toBe('✅ done · 3 of 3 statements taken back');
    expect((await answer(world, ann, 'undo'))[0]?.text).toMatch(/no run of yours/);
  });

  it('undo takes back one statement by its number in the list', async () => {
    const { world, ann, wiki, work, say, platform } = await writing();
    await say(ann, 'write yes');
    await work();
    const [run] = await runs(world);
    const claims = await world.store.db
      .selectFrom('sdc_claims')
      .select(['id', 'page_id'])
      .orderBy('id')
      .execute();
    const [first, second, third] = claims;
    const [card] = await answer(world, ann, `undo statement=${second?.id}`);
    expect(card?.text).toBe(
      `${second?.id}: Picture 2.jpg → Person Q1\n\n` +
        `To take it back, type “!visavis undo ${run?.id} statement=${second?.id} yes”.`,
    );
    await say(ann, `undo ${run?.id} statement=${second?.id} yes`);
    await work();
    expect(last(platform.shown()).card.text).toBe('✅ done · 1 of one statement taken back');
    expect(claims.map((claim) => wiki.persons(claim.page_id))).toEqual([['Q1'], [], ['Q1']]);
    const told = async (text: string) => (await answer(world, ann, text))[0]?.text;
    expect(await told(`undo ${run?.id} statement=${second?.id} yes`)).toBe(
      `Statement ${second?.id} is none of run ${run?.id} that is on the wiki.`,
    );
    expect(await told('undo statement=999')).toBe('There is no such claim.');
    expect(await told('undo everything')).toMatch(
      /^“!visavis undo RUN” names a run, “!visavis undo RUN statement=/,
    );
    expect((await told(`undo ${run?.id}`))?.split('\n').slice(0, 2)).toEqual([
      `${first?.id}: Picture 1.jpg → Person Q1`,
      `${third?.id}: Picture 3.jpg → Person Q1`,
    ]);
    const [, undone] = await runs(world);
    expect(await told(`undo ${undone?.id}`)).toMatch(/took statements back itself/);
  });

  it('undo of a run by its number is for owners and for the one who wrote it', async () => {
    const { world, ann, wiki, work, say } = await writing();
    await say(ann, 'write yes');
    await work();
    const [run] = await runs(world);
    const bob = await world.member('Bob');
    expect((await answer(world, bob, `undo ${run?.id}`))[0]?.text).toMatch(/Only owners/);
    expect((await answer(world, bob, 'undo'))[0]?.text).toMatch(/no run of yours/);
    expect((await answer(world, bob, 'undo 999'))[0]?.text).toBe('There is no run 999 in this project.');
    const own = await world.member('Olga', { role: 'owner' });
    await say(own, `undo yes ${run?.id}`);
    await work();
    expect(wiki.edits.filter((edit) => edit.kind === 'remove').map((edit) => edit.as)).toEqual(
      Array(3).fill('Olga'),
    );
  });

  it('a run of another project cannot be undone from here', async () => {
    const { world, ann } = await writing();
    const other = await addProject(world.store);
    await addMember(world.store, other.id, { accountId: ann.accountId });
    const id = await addRun(world.store, other.id, ann.accountId);
    expect((await answer(world, ann, `undo ${id} yes`))[0]?.text).toBe(
      `There is no run ${id} in this project.`,
    );
  });

  it('tells the end even when the progress message was deleted, and reports other runs', async () => {
    const { world, ann, work, say, platform } = await writing();
    await say(ann, 'write yes');
    const [message] = platform.shown();
    if (!message) throw new Error('no message');
    platform.delete(message);
    await work();
    expect(last(platform.shown()).card).toMatchObject({ text: '✅ done · 3 of 3 files', mentions: ['Ann'] });
    await say(ann, 'undo yes');
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
