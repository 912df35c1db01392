import { expect, test } from 'vitest';
import { createDesk, type Desk } from '../../../src/bots/desk.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import type { FakeMessage, FakeUser } from '../../fakes/discord/world.ts';
import { addPicture, answersAbout, countVotes, fakeStudio } from '../../support/desk.ts';
import { addAccount, addChannel, addMember, addProject } from '../../support/people.ts';
import { type Bench, bench, messages, until } from './harness.ts';

const POST = 'POST /channels/:channel/messages';
const PEOPLE = 6;

interface Person {
  readonly user: FakeUser;
  readonly accountId: number;
}

/** A project with pictures of one face each, bound to the channel, and members on Discord. */
async function project(made: Bench, pictures: number, given: { votes_needed: number }) {
  const { store, fake, channel } = made;
  const { id: projectId } = await addProject(store, { crawled_at: 1, check_every: 0, ...given });
  const channelId = await addChannel(store, projectId);
  await store.db
    .updateTable('channels')
    .set({ platform: 'discord', external_id: channel.id, max_open: pictures })
    .where('id', '=', channelId)
    .execute();
  const faceIds: number[] = [];
  for (let i = 0; i < pictures; i++) faceIds.push(...(await addPicture(store, projectId)).faceIds);
  const people: Person[] = [];
  for (let i = 0; i < PEOPLE; i++) {
    const user = fake.world.addUser(`Person ${i}`);
    const accountId = await addAccount(store, { username: user.name });
    await addMember(store, projectId, { accountId });
    await store.db
      .insertInto('identities')
      .values({
        account_id: accountId,
        platform: 'discord',
        external_id: user.id,
        display_name: user.name,
        linked_at: 0,
      })
      .execute();
    people.push({ user, accountId });
  }
  return { faceIds, people };
}

function openDesk(made: Bench, workerId = 'a desk'): Desk {
  const studio = fakeStudio();
  return createDesk(
    {
      store: made.store,
      clock: systemClock,
      nudges: memoryNudges(),
      log: silentLog,
      pictures: studio.pictures,
      detector: studio.detector,
      translate: (language) => messages.translator(language),
      languages: messages.languages,
      itemUrl: (person) => `https://items.example/wiki/${person}`,
      publicUrl: 'https://visavis.example',
      workerId,
    },
    made.connect(),
  );
}

/** The face that each message asks about, by the number of its question. */
async function facesOf({ store }: Bench): Promise<Map<string, number>> {
  const rows = await store.db
    .selectFrom('posts')
    .innerJoin('question_faces', 'question_faces.question_id', 'posts.question_id')
    .select(['posts.external_id', 'question_faces.face_id'])
    .execute();
  return new Map(rows.map((row) => [row.external_id ?? '', row.face_id]));
}

const seeded = ({ reactions }: FakeMessage) => reactions.map(({ emoji }) => emoji.name);

test('through every fault no vote is lost or doubled, and nothing is posted twice', async () => {
  const made = await bench();
  const { fake, channel, store } = made;
  const { people } = await project(made, 8, { votes_needed: 100 });
  const { world, gateway } = fake;
  const shown = () => world.shown(channel.id);

  // The answers to two posts are lost; a third is so often that only the next desk can find it.
  fake.fault(POST, { kind: 'lost answer' });
  fake.fault(POST, { kind: 'broken' });
  fake.limit(POST, 0.1);
  fake.limit('*', 0.1, 'global');
  let desk = openDesk(made);
  await desk.start();
  await until(() => expect(shown().length).toBeGreaterThanOrEqual(4));
  fake.fault(POST, { kind: 'lost answer' }, 2);
  await until(() => expect(shown().length).toBeGreaterThanOrEqual(6));
  const restart = async (meanwhile: () => void = () => {}) => {
    await desk.stop();
    meanwhile();
    desk = openDesk(made);
    await desk.start();
  };
  await restart();
  await until(() => {
    expect(shown()).toHaveLength(8);
    for (const message of shown()) expect(seeded(message)).toEqual(['✅', '❌', '🤷']);
  });

  const wanted = new Map<string, 'yes' | 'unsure'>();
  const faults: (() => void | Promise<void>)[] = [
    () => gateway.close(4000),
    () => gateway.close(1001),
    () => gateway.askToReconnect(),
    () => gateway.invalidate(true),
    () => gateway.close(1006),
    () => {
      gateway.dropBeforeHello = 2;
      gateway.close(4000);
    },
    // What comes now reaches nobody; it is read from the posts after the restart.
    async () => {
      await desk.stop();
      gateway.forgetSessions();
    },
  ];
  let step = 0;
  let votesCast = 0;
  for (const fault of faults) {
    const resumed = gateway.resumed + gateway.identified;
    await fault();
    for (const message of shown())
      for (const { user } of people) {
        // Each person answers below each post in one of the rounds, in one of three ways.
        step++;
        if (step % faults.length !== faults.indexOf(fault)) continue;
        const way = step % 3;
        if (way === 1) {
          world.react(message, user, '❌');
          world.takeBack(message, user, '❌');
        }
        world.react(message, user, '✅');
        // Not a “no”, which would make it a dispute and close the question.
        if (way === 2) world.react(message, user, '🤷');
        // What was taken back while nobody looked was never there.
        votesCast += way === 0 ? 1 : way === 2 ? 2 : fault === faults.at(-1) ? 1 : 3;
        wanted.set(`${message.id} ${user.id}`, way === 2 ? 'unsure' : 'yes');
      }
    if (fault === faults.at(-1)) await restart();
    await until(() => expect(gateway.resumed + gateway.identified).toBeGreaterThan(resumed));
    await until(async () => expect(await countVotes(store)).toBe(votesCast));
  }

  const faces = await facesOf(made);
  const expected: Record<number, Record<number, string>> = {};
  for (const message of shown())
    for (const { user, accountId } of people) {
      const answer = wanted.get(`${message.id} ${user.id}`);
      const faceId = faces.get(message.id);
      if (answer && faceId) expected[faceId] = { ...expected[faceId], [accountId]: answer };
    }
  for (const [faceId, answers] of Object.entries(expected))
    expect(await answersAbout(store, Number(faceId))).toEqual(answers);
  // Once more, and nothing is counted again.
  await restart();
  await until(() => expect(gateway.connected).toBe(1));
  const last = shown()[0];
  const [first] = people;
  if (!last || !first) throw new Error('no message');
  world.react(last, first.user, '❌');
  await until(async () => expect(await countVotes(store)).toBe(votesCast + 1));
  expect(shown()).toHaveLength(8);
  expect(new Set(shown().map(({ embeds }) => JSON.stringify(embeds[0]?.footer))).size).toBe(8);
  await desk.stop();
}, 90_000);

test('a verdict is shown in the post, which keeps its picture', async () => {
  const made = await bench();
  const { fake, channel } = made;
  const { people } = await project(made, 3, { votes_needed: 1 });
  const desk = openDesk(made);
  await desk.start();
  await until(() => {
    expect(fake.world.shown(channel.id)).toHaveLength(3);
    for (const message of fake.world.shown(channel.id)) expect(seeded(message)).toHaveLength(3);
  });
  const [message] = fake.world.shown(channel.id);
  const [person] = people;
  if (!message || !person) throw new Error('no message');
  fake.world.react(message, person.user, '✅');
  await until(() => expect(message.embeds[0]?.description).toContain('This is Person Q1.'));
  expect(message.embeds[0]?.image).toEqual({ url: `attachment://${[...message.files.keys()][0]}` });
  expect(message.embeds[0]?.description).toContain('Yes: Person 0');
  await desk.stop();
});

test('the bot answers commands of people on Discord, privately', async () => {
  const made = await bench();
  const { fake, channel, ada } = made;
  const { people } = await project(made, 1, { votes_needed: 2 });
  const desk = openDesk(made);
  await desk.start();
  await until(() => expect(fake.gateway.connected).toBe(1));
  const [person] = people;
  if (!person) throw new Error('nobody');
  fake.interactions.command(ada, channel, 'link');
  fake.interactions.command(person.user, channel, 'whoami');
  await until(() => {
    expect(fake.world.toldTo(ada)).toHaveLength(1);
    expect(fake.world.toldTo(person.user)).toHaveLength(1);
  });
  expect(fake.world.toldTo(ada)[0]?.embeds[0]?.description).toContain('(https://visavis.example/link/');
  expect(fake.world.toldTo(person.user)[0]?.embeds[0]?.description).toContain('Person 0');
  await desk.stop();
});
