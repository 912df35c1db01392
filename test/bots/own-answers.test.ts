import { describe, expect, it } from 'vitest';
import {
  addPicture,
  answer,
  answersAbout,
  deskWorld,
  nth,
  numberOf,
  type Person,
  verdictOf,
  type World,
} from '../support/desk.ts';

async function texts(world: World, user: Person, command: string): Promise<string[]> {
  return (await answer(world, user, command)).map((card) => card.text ?? '');
}

describe('retract', () => {
  it('takes back the last answer of the member, wherever it was given', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    const pictures = [
      await addPicture(world.store, world.projectId),
      await addPicture(world.store, world.projectId, 3),
    ];
    await world.open();
    const [single, several] = world.platform.shown();
    if (!single || !several) throw new Error('nothing asked');
    const titles = (await world.store.db.selectFrom('files').select('title').orderBy('id').execute()).map(
      ({ title }) => title.replace('File:', ''),
    );
    const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
    await world.platform.react(single, ann, '✅');
    await world.platform.react(several, ann, '2️⃣');
    await world.platform.react(single, bob, '✅');
    expect(await texts(world, ann, 'retract')).toEqual([
      `Your answer to question #${numberOf(several)} is taken back (Person Q1 in “${titles[1]}”).`,
    ]);
    const verdicts = () =>
      Promise.all(
        pictures.flatMap(({ faceIds }) => faceIds.map((id) => verdictOf(world.store, world.projectId, id))),
      );
    expect(await verdicts()).toEqual(['match', 'open', 'open', 'open']);
    await world.round();
    expect(several.card.text).toContain('Choose the number of the face');
    await texts(world, ann, 'retract');
    expect(await verdicts()).toEqual(['match', 'open', 'open', 'open']);
    await texts(world, bob, 'retract');
    expect(await verdicts()).toEqual(['open', 'open', 'open', 'open']);
    expect(await texts(world, ann, 'retract')).toEqual([
      'There is no answer of yours in this project to take back.',
    ]);
  });

  it('leaves the reaction without a meaning, until it is given again', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    const { faceIds } = await addPicture(world.store, world.projectId);
    await world.open();
    const ann = await world.member('Ann');
    const message = world.question();
    await world.platform.react(message, ann, '✅');
    await texts(world, ann, 'retract');
    const verdict = () => verdictOf(world.store, world.projectId, nth(faceIds, 0));
    await world.platform.takeBack(message, ann, '✅');
    expect(await verdict()).toBe('open');
    await world.platform.react(message, ann, '✅');
    expect(await verdict()).toBe('match');
    expect(await answersAbout(world.store, nth(faceIds, 0))).toEqual({ [ann.accountId]: 'yes' });
  });

  it('is for members', async () => {
    const world = await deskWorld();
    await world.open();
    const stranger = await world.member('Zoe');
    await world.store.db.deleteFrom('project_members').where('account_id', '=', stranger.accountId).execute();
    expect(await texts(world, stranger, 'retract')).toEqual([expect.stringMatching(/Only members/)]);
  });
});

describe('skip', () => {
  it('is for the member alone: the newest question, or the one with that number', async () => {
    const world = await deskWorld();
    for (let i = 0; i < 3; i++) await addPicture(world.store, world.projectId);
    await world.open();
    const [first = 0, second = 0, third = 0] = world.platform.shown().map(numberOf);
    const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
    const next = async (person: Person) =>
      /#(\d+)/.exec((await texts(world, person, 'next')).join())?.[1] ?? null;
    expect(await next(ann)).toBe(String(first));
    expect(await texts(world, ann, `skip #${first}`)).toEqual([
      `You will not be asked question #${first} again. Others still are.`,
    ]);
    expect(await next(ann)).toBe(String(second));
    expect(await next(bob)).toBe(String(first));
    expect(await texts(world, ann, 'skip')).toEqual([expect.stringContaining(`#${third}`)]);
    await texts(world, ann, `skip ${second}`);
    expect(await next(ann)).toBeNull();
    expect(world.platform.shown()).toHaveLength(3);
    for (const text of ['skip x', 'skip 999'])
      expect(await texts(world, ann, text)).toEqual([expect.stringMatching(/^Which question\?/)]);
  });
});
