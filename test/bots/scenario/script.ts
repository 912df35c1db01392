import { expect } from 'vitest';
import { accountOfIdentity, confirmLink, findLinkRequest } from '../../../src/core/accounts/linking.ts';
import { answersAbout, countVotes, suggest, verdictOf } from '../../support/desk.ts';
import type { Name } from './stage.ts';
import { type Asked, type Story, until } from './story.ts';

/** The same story on every platform. Each scene looks at what the database holds and at what people see. */
export const SCRIPT: readonly (readonly [name: string, scene: (story: Story) => Promise<void>])[] = [
  ['people link their chat names', link],
  ['an owner binds the channels', setup],
  ['a question is asked, voted on, taken back and agreed upon', agree],
  ['members disagree, and an owner decides', dispute],
  ['a batch is accepted but for one letter, which is asked alone', batch],
  ['matches are written after a dry run, and the end mentions who asked', write],
  ['🛑 ends a run within five faces', stop],
  ['a restart in the middle of an undo tells its end once', undo],
  ['a restart in the middle of a question counts what came meanwhile once', restart],
];

async function link(story: Story): Promise<void> {
  const { stage, store, deps, accounts } = story;
  expect(await story.answer('Ann', 'setup 1')).toContain('linked Wikimedia account');
  for (const name of ['Olga', 'Ann', 'Bob'] as const) {
    const told = await story.answer(name, 'link');
    const token = /https:\/\/visavis\.example\/link\/([\w-]{32})/.exec(told)?.[1] ?? '';
    const asking = await findLinkRequest(deps, token);
    expect(asking).toMatchObject({ platform: stage.platform, state: 'open' });
    expect(asking?.displayName).toContain(name);
    // Nobody is linked by the address alone.
    expect(await accountOfIdentity(store, stage.platform, stage.idOf(name))).toBeNull();
    await confirmLink(deps, token, accounts[name]);
    deps.nudges.nudge('posts');
    await until(async () =>
      expect((await stage.toldTo(name)).at(-1)).toContain(
        `You are now linked to the Wikimedia account ${name}.`,
      ),
    );
    expect(await accountOfIdentity(store, stage.platform, stage.idOf(name))).toMatchObject({
      id: accounts[name],
    });
    expect((await findLinkRequest(deps, token))?.state).toBe('used');
    expect(await story.answer(name, 'whoami')).toContain(`the Wikimedia account ${name}.`);
  }
  // All of it is between the bot and each of them.
  expect(await stage.shown(stage.questions)).toEqual([]);
}

async function setup(story: Story): Promise<void> {
  const { stage, store, projectId } = story;
  const bound = () =>
    store.db
      .selectFrom('channels')
      .select(['external_id', 'project_id', 'platform'])
      .where('project_id', 'is not', null)
      .execute();
  expect(await story.answer('Ann', `setup ${projectId}`)).toContain('right to manage this channel');
  expect(await bound()).toEqual([]);
  await stage.say('Olga', stage.questions, `setup ${projectId}`);
  await stage.say('Olga', stage.disputes, `setup ${projectId} disputes`);
  await until(async () => {
    const [questions] = await stage.shown(stage.questions);
    const [disputes] = await stage.shown(stage.disputes);
    expect(questions?.text).toContain('This channel now belongs to the project “A project”.');
    expect(disputes?.text).toContain('Disputes of the project “A project” come to this channel');
  });
  const rows = await bound();
  expect(rows).toHaveLength(2);
  for (const external_id of [stage.questions, stage.disputes])
    expect(rows).toContainEqual({ external_id, project_id: projectId, platform: stage.platform });
}

async function agree(story: Story): Promise<void> {
  const { stage, store, projectId, accounts } = story;
  const [faceId = 0] = await story.addPictures(1);
  const question = await story.asked();
  expect(question.faceIds).toEqual([faceId]);
  const post = () => story.shown(question);
  expect(await post()).toMatchObject({
    text: expect.stringMatching(/Is this Person Q1\?.*✅ yes · ❌ no · 🤷 not sure.*A\. Photographer/s),
    hasPicture: true,
    seeds: ['✅', '❌', '🤷'],
    reactions: [],
  });
  const answers = () => answersAbout(store, faceId);

  await react(story, 'Ann', question, '✅');
  await until(async () => expect(await answers()).toEqual({ [accounts.Ann]: 'yes' }));
  // Who is not linked has no voice, and is told so in private, once.
  await react(story, 'Zoe', question, '❌');
  await until(async () => expect(await stage.toldTo('Zoe')).toHaveLength(1));
  expect((await stage.toldTo('Zoe'))[0]).toContain('not linked to a Wikimedia account');
  await takeBack(story, 'Ann', question, '✅');
  await until(async () => expect(await answers()).toEqual({ [accounts.Ann]: null }));
  expect((await post()).reactions).toEqual(['Zoe ❌']);
  expect((await post()).text).not.toMatch(/(Yes|No): /);

  await react(story, 'Ann', question, '✅');
  await react(story, 'Bob', question, '✅');
  await until(async () => expect((await post()).text).toContain('✅ This is Person Q1.'));
  expect(await post()).toMatchObject({
    text: expect.stringContaining('Yes: Ann, Bob'),
    hasPicture: true,
    seeds: ['✅', '❌', '🤷'],
  });
  expect(await verdictOf(store, projectId, faceId)).toBe('match');

  // What was decided is undone by whoever takes their voice back, and the post says so.
  await takeBack(story, 'Bob', question, '✅');
  await until(async () => expect((await post()).text).not.toContain('This is Person Q1.'));
  expect(await verdictOf(store, projectId, faceId)).toBe('open');
  await react(story, 'Bob', question, '✅');
  await until(async () => expect((await post()).text).toContain('Yes: Ann, Bob'));
  expect(await answers()).toEqual({ [accounts.Ann]: 'yes', [accounts.Bob]: 'yes' });
  expect(await stage.toldTo('Zoe')).toHaveLength(1);
}

async function dispute(story: Story): Promise<void> {
  const { stage, store, projectId } = story;
  const [faceId = 0] = await story.addPictures(1);
  const question = await story.asked();
  await Promise.all([react(story, 'Ann', question, '✅'), react(story, 'Bob', question, '❌')]);
  const disputed = await story.asked(stage.disputes);
  expect(disputed.faceIds).toEqual([faceId]);
  expect(await verdictOf(store, projectId, faceId)).toBe('disputed');
  await until(async () => expect((await story.shown(question)).text).toContain('⚖️ Opinions differ'));
  expect(await story.shown(disputed)).toMatchObject({
    text: expect.stringMatching(/Members disagree\. The answer of an owner decides\..*Yes: Ann · No: Bob/s),
    hasPicture: true,
    seeds: ['✅', '❌', '🤷'],
  });
  await react(story, 'Olga', disputed, '✅');
  for (const post of [disputed, question])
    await until(async () => expect((await story.shown(post)).text).toContain('✅ This is Person Q1.'));
  expect(await verdictOf(store, projectId, faceId)).toBe('match');
}

async function batch(story: Story): Promise<void> {
  const { store, projectId, accounts } = story;
  await story.addPictures(3, (faceIds) => suggest(store, projectId, faceIds));
  const question = await story.asked();
  const [a = 0, b = 0, c = 0] = question.faceIds;
  expect(await story.shown(question)).toMatchObject({
    text: expect.stringContaining('Are all of these Person Q1?'),
    hasPicture: true,
    seeds: ['✅', '❌', '🇦', '🇧', '🇨', '🤷'],
  });
  const verdicts = () => Promise.all([a, b, c].map((id) => verdictOf(store, projectId, id)));
  // In either order.
  await react(story, 'Ann', question, '🇧');
  await react(story, 'Ann', question, '✅');
  await react(story, 'Bob', question, '✅');
  await react(story, 'Bob', question, '🇧');
  await until(async () => expect((await story.shown(question)).text).toContain('✅ Person Q1: A, C'));
  expect((await story.shown(question)).text).toContain('Yes: Ann, Bob');
  expect(await verdicts()).toEqual(['match', 'open', 'match']);

  const alone = await story.asked();
  expect(alone.messageId).not.toBe(question.messageId);
  expect(alone.faceIds).toEqual([b]);
  for (const name of ['Ann', 'Bob'] as const) await react(story, name, alone, '❌');
  await until(async () => expect((await story.shown(alone)).text).toContain('❌ This is not Person Q1.'));
  expect(await verdicts()).toEqual(['match', 'no_match', 'match']);
  expect(await answersAbout(store, b)).toMatchObject({ [accounts.Ann]: 'no', [accounts.Bob]: 'no' });
}

async function write(story: Story): Promise<void> {
  const { stage, store, wiki } = story;
  const preview = await story.answer('Ann', 'write');
  expect(preview).toContain('4 statements would be written under the name Ann');
  expect(preview).toContain('CC0');
  expect(await store.db.selectFrom('runs').selectAll().execute()).toEqual([]);

  const progress = await start(story, 'write yes');
  expect((await story.shown(progress)).text).toMatch(
    /Writing to the wiki as Ann.*⏳ waiting · 0 of 4 files/s,
  );
  wiki.onSaved = async () => {
    wiki.onSaved = () => {};
    story.deps.nudges.nudge('runs');
    await until(async () => expect((await story.shown(progress)).text).toContain('✍️ working'));
  };
  await story.write();
  await ended(story, progress, '✅ done · 4 of 4 files');
  expect(wiki.edits.map(({ kind, as }) => `${kind} ${as}`)).toEqual(Array(4).fill('add Ann'));
  expect(new Set(wiki.edits.map((edit) => edit.pageId)).size).toBe(4);
  expect(await claims(story)).toEqual(Array(4).fill('written'));
  expect(await newestRun(story)).toMatchObject({ kind: 'write', state: 'done' });
  expect(await story.answer('Ann', 'write')).toContain('There is nothing to write');
  // Nothing was said to anybody else.
  expect(await stage.toldTo('Zoe')).toHaveLength(1);
}

async function stop(story: Story): Promise<void> {
  const { stage, store, projectId, wiki } = story;
  await story.addPictures(12, async (faceIds) => {
    for (const face_id of faceIds)
      await store.db
        .insertInto('verdicts')
        .values({
          project_id: projectId,
          face_id,
          person: 'Q1',
          verdict: 'match',
          source: 'votes',
          changed_at: 1,
        })
        .execute();
  });
  const before = wiki.edits.length;
  const progress = await start(story, 'write yes');
  wiki.onSaved = async () => {
    if (wiki.edits.length < before + 2) return;
    wiki.onSaved = () => {};
    // A stranger stops nobody.
    await stage.react('Zoe', progress.channel, progress.messageId, '🛑');
    await stage.react('Ann', progress.channel, progress.messageId, '🛑');
    await until(async () => expect((await newestRun(story)).stop_requested_at).not.toBeNull());
  };
  await story.write();
  const written = wiki.edits.length - before;
  expect(written).toBeGreaterThanOrEqual(2);
  expect(written).toBeLessThanOrEqual(2 + 5);
  await ended(story, progress, `🛑 stopped · ${written} files before it ended`);
  expect(await newestRun(story)).toMatchObject({ kind: 'write', state: 'stopped' });
  expect((await claims(story)).filter((state) => state === 'written')).toHaveLength(4 + written);
  expect(await story.answer('Ann', 'stop')).toContain('Nothing is being written now.');
}

async function undo(story: Story): Promise<void> {
  const { stage, wiki } = story;
  const last = wiki.edits.length;
  const written = wiki.edits.slice(4);
  const progress = await start(story, 'undo yes');
  expect((await story.shown(progress)).text).toContain('Taking statements back as Ann');
  const before = (await stage.shown(stage.questions)).length;
  await story.leave();
  await story.write();
  expect((await story.shown(progress)).text).toContain('⏳ waiting');
  await story.arrive();
  await ended(story, progress, `✅ done · ${written.length} of ${written.length} statements taken back`);
  expect(wiki.edits.slice(last).map(({ kind, as }) => `${kind} ${as}`)).toEqual(
    Array(written.length).fill('remove Ann'),
  );
  for (const { pageId } of written) expect(wiki.persons(pageId)).toEqual([]);
  expect((await claims(story)).filter((state) => state === 'written')).toHaveLength(4);
  await story.leave();
  await story.arrive();
  // The desk has looked at everything when it answers and asks.
  await story.addPictures(1);
  const question = await story.asked();
  expect((await stage.shown(stage.questions)).map(({ id }) => id).slice(before)).toHaveLength(2);
  for (const name of ['Ann', 'Bob'] as const) await react(story, name, question, '❌');
  await until(async () => expect((await story.shown(question)).text).toContain('❌ This is not Person Q1.'));
}

async function restart(story: Story): Promise<void> {
  const { stage, store, accounts } = story;
  const votesBefore = await countVotes(store);
  const [faceId = 0] = await story.addPictures(1);
  const question = await story.asked();
  const answers = () => answersAbout(store, faceId);
  await react(story, 'Ann', question, '🤷');
  await until(async () => expect(await answers()).toEqual({ [accounts.Ann]: 'unsure' }));
  const messages = async () => (await stage.shown(stage.questions)).map(({ id }) => id);
  const there = await messages();

  await story.leave();
  await takeBack(story, 'Ann', question, '🤷');
  await react(story, 'Bob', question, '✅');
  await react(story, 'Zoe', question, '✅');
  await story.arrive();
  // Where the platform does not say what was taken back, a reaction that is missing changes nothing.
  const expected = { [accounts.Ann]: stage.repeats ? null : 'unsure', [accounts.Bob]: 'yes' };
  await until(async () => expect(await answers()).toEqual(expected));
  await story.leave();
  await story.arrive();
  const [next = 0] = await story.addPictures(1);
  await until(async () => expect(await messages()).toHaveLength(there.length + 1));
  expect((await messages()).slice(0, -1)).toEqual(there);
  expect(await answers()).toEqual(expected);
  expect(await countVotes(store)).toBe(votesBefore + (stage.repeats ? 3 : 2));
  expect((await story.shown(question)).seeds).toEqual(['✅', '❌', '🤷']);
  // A day has not passed.
  expect(await stage.toldTo('Zoe')).toHaveLength(1);

  await react(story, 'Ann', question, '✅');
  await until(async () => expect((await story.shown(question)).text).toContain('✅ This is Person Q1.'));
  const last = await story.asked();
  expect(last.faceIds).toEqual([next]);
}

function react(story: Story, name: Name, { channel, messageId }: Asked, emoji: string): Promise<void> {
  return story.stage.react(name, channel, messageId, emoji);
}

function takeBack(story: Story, name: Name, { channel, messageId }: Asked, emoji: string): Promise<void> {
  return story.stage.takeBack(name, channel, messageId, emoji);
}

type Progress = Pick<Asked, 'channel' | 'messageId'>;

/** Ann starts a run. @returns the message that shows how it gets on, as soon as it can be stopped there */
async function start({ stage }: Story, command: string): Promise<Progress> {
  const channel = stage.questions;
  const before = (await stage.shown(channel)).length;
  await stage.say('Ann', channel, command);
  return until(async () => {
    const [message, ...more] = (await stage.shown(channel)).slice(before);
    expect(message?.seeds).toEqual(['🛑']);
    expect(more).toEqual([]);
    return { channel, messageId: message?.id ?? '' };
  });
}

/** The progress says how it ended, and so does one new message, which mentions Ann. */
async function ended(story: Story, progress: Progress, words: string): Promise<void> {
  const { stage } = story;
  await until(async () => {
    const messages = await stage.shown(progress.channel);
    const place = messages.findIndex(({ id }) => id === progress.messageId);
    const [shown, end, ...more] = messages.slice(place);
    expect(shown).toMatchObject({ text: expect.stringContaining(words), mentions: [] });
    expect(end).toMatchObject({ text: expect.stringContaining(words), mentions: [stage.idOf('Ann')] });
    expect(more).toEqual([]);
  });
  // There is nothing to stop any more.
  await until(async () => expect((await story.shown(progress)).seeds).toEqual([]));
}

async function newestRun({ store }: Story) {
  return store.db.selectFrom('runs').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirstOrThrow();
}

async function claims({ store }: Story): Promise<string[]> {
  const rows = await store.db.selectFrom('sdc_claims').select('state').orderBy('id').execute();
  return rows.map(({ state }) => state);
}
