import { describe, expect, it } from 'vitest';
import { VisavisError } from '../../src/core/platform/errors.ts';
import { setHidden } from '../../src/core/statistics/leaderboard.ts';
import { addPicture, deskWorld, suggest, verdictOf } from '../support/desk.ts';

const PORTRAIT = {
  portrait_title: 'File:Ada, drawn.jpg',
  portrait_url: 'https://pictures.example/portrait.jpg',
  portrait_page_url: 'https://wiki.example/File:Ada,_drawn.jpg',
  portrait_author: 'A. Painter',
  portrait_licence: 'CC0',
};

const files = (world: Awaited<ReturnType<typeof deskWorld>>) =>
  world.store.db.selectFrom('files').select(['id', 'state', 'reason']).orderBy('id').execute();
const openQuestions = (world: Awaited<ReturnType<typeof deskWorld>>) =>
  world.store.db.selectFrom('questions').selectAll().where('state', '=', 'open').execute();

describe('a question about one face', () => {
  it('shows the picture, the person, the credit and the ways to answer', async () => {
    const world = await deskWorld();
    const { store, projectId, studio } = world;
    await store.db
      .updateTable('project_persons')
      .set({
        label: 'Ada Lovelace',
        description: 'mathematician',
        ...PORTRAIT,
      })
      .execute();
    const picture = await addPicture(store, projectId, 1, { title: 'File:A lady.jpg' });
    await world.open();
    const { card, seeds, key } = world.question();
    const [question] = await openQuestions(world);
    expect(seeds).toEqual(['✅', '❌', '🤷']);
    expect(key).toMatch(/^post-\d+$/);
    expect(card.title).toBe('Is this Ada Lovelace?');
    expect(card.text).toBe(
      'mathematician\nThe framed portrait is Ada Lovelace, for comparison.\n✅ yes · ❌ no · 🤷 not sure',
    );
    expect(card.footer).toBe(
      `#${question?.id} · A lady · A. Photographer · CC BY-SA 4.0 · Portrait: Ada, drawn · A. Painter · CC0`,
    );
    expect(card.picture).toEqual({
      bytes: Buffer.from('question'),
      type: 'image/jpeg',
      width: 800,
      height: 600,
      alt: 'Photo “A lady” with one face marked; the question is whether it is Ada Lovelace; beside it, in a frame, a portrait of Ada Lovelace for comparison',
    });
    expect(card.links).toEqual([
      { text: 'File page', url: expect.stringMatching(/^https:\/\/wiki\.example\/File:\d+$/) },
      { text: 'About Ada Lovelace', url: 'https://items.example/wiki/Q1' },
      { text: 'Page of the portrait', url: PORTRAIT.portrait_page_url },
    ]);
    expect(studio.drawings).toEqual([
      {
        kind: 'question',
        picture: Buffer.from(picture.thumbUrl),
        marks: [{ box: [0.1, 0.1, 0.2, 0.2], label: '1' }],
        portrait: Buffer.from(PORTRAIT.portrait_url),
      },
    ]);
  });

  it('is asked in the language of the project, and names no author as such', async () => {
    const world = await deskWorld({ language: 'fr' });
    await addPicture(world.store, world.projectId, 1, { author: '' });
    await world.open();
    const french = world.deps.translate('fr');
    expect(world.question().card.title).toBe(french('bot-ask-single', 'Person Q1'));
    expect(world.question().card.title).not.toBe(world.deps.translate('en')('bot-ask-single', 'Person Q1'));
    expect(world.question().card.footer).toContain(french('bot-author-unknown'));
  });
});

it('numbers the faces of a picture from left to right', async () => {
  const world = await deskWorld();
  await addPicture(world.store, world.projectId, 3, { title: 'File:Group.jpg' });
  await world.open();
  const { card, seeds } = world.question();
  expect(seeds).toEqual(['1️⃣', '2️⃣', '3️⃣', '🚫', '🤷']);
  expect(card.title).toBe('Which of these is Person Q1?');
  expect(card.picture?.alt).toBe(
    'Photo “Group” with 3 numbered faces; the question is which of them is Person Q1',
  );
  expect(card.footer).toMatch(/^#\d+ · Group · A\. Photographer · CC BY-SA 4\.0$/);
  const [drawing] = world.studio.drawings;
  expect(drawing?.kind === 'question' && drawing.marks.map((mark) => [mark.label, mark.box[0]])).toEqual([
    ['1', 0.1],
    ['2', expect.closeTo(0.15)],
    ['3', 0.2],
  ]);
});

it('letters the suggestions of a batch, with a credit and a link for each file', async () => {
  const world = await deskWorld();
  const { store, projectId } = world;
  const faces: number[] = [];
  for (const title of ['File:One.jpg', 'File:Two.jpg', 'File:Three.jpg'])
    faces.push(...(await addPicture(store, projectId, 1, { title })).faceIds);
  await suggest(store, projectId, faces);
  await world.open();
  const { card, seeds } = world.question();
  expect(seeds).toEqual(['✅', '❌', '🇦', '🇧', '🇨', '🤷']);
  expect(card.title).toBe('Are all of these Person Q1?');
  expect(card.text).toContain('✅ and a letter: all but that one');
  const [question] = await openQuestions(world);
  const credit = 'A. Photographer · CC BY-SA 4.0';
  expect(card.footer).toBe(
    `#${question?.id} · A: One · ${credit} · B: Two · ${credit} · C: Three · ${credit}`,
  );
  expect(card.links?.map((link) => link.text)).toEqual(['A', 'B', 'C', 'About Person Q1']);
  const [drawing] = world.studio.drawings;
  expect(drawing?.kind === 'sheet' && drawing.tiles.map((tile) => tile.label)).toEqual(['A', 'B', 'C']);
});

describe('the desk', () => {
  it('has as many open questions in a channel as it wants, and asks the next when one is answered', async () => {
    const world = await deskWorld({ maxOpen: 2, votes_needed: 1 });
    for (let i = 0; i < 4; i++) await addPicture(world.store, world.projectId);
    await world.open();
    expect(world.platform.shown()).toHaveLength(2);
    await world.round();
    expect(world.platform.shown()).toHaveLength(2);
    const [first] = world.platform.shown();
    if (!first) throw new Error('nothing asked');
    await world.platform.react(first, await world.member('Ann'), '✅');
    await world.round();
    expect(world.platform.shown()).toHaveLength(3);
  });

  it('asks nothing in a channel that is unbound, or while the project is paused', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    await world.store.db.updateTable('projects').set({ state: 'paused' }).execute();
    await world.open();
    expect(world.platform.messages).toEqual([]);
    await world.store.db.updateTable('projects').set({ state: 'active' }).execute();
    await world.store.db.updateTable('channels').set({ project_id: null }).execute();
    await world.round();
    expect(world.platform.messages).toEqual([]);
  });

  it('does not let cards that cannot be drawn now hold up the others', async () => {
    const world = await deskWorld({ maxOpen: 6 });
    const pictures = [];
    for (let i = 0; i < 6; i++) pictures.push(await addPicture(world.store, world.projectId));
    const away = new Set(pictures.slice(0, 4).map((picture) => picture.thumbUrl));
    world.studio.onDownload = (url) => {
      if (away.has(url)) throw new VisavisError('wiki', 'no answer', { details: { kind: 'later' } });
    };
    await world.open();
    expect(world.platform.shown()).toHaveLength(2);
    expect((await files(world)).map((file) => file.state)).toEqual(Array(6).fill('detected'));
    away.clear();
    await world.round();
    expect(world.platform.shown()).toHaveLength(2);
    await world.round();
    expect(world.platform.shown()).toHaveLength(6);
  });

  it('waits longer each time before it tries a failing card again', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    let tries = 0;
    world.studio.onDraw = () => {
      tries++;
      throw new VisavisError('detector_unavailable', 'It has died.');
    };
    await world.open();
    const seen = [tries];
    for (let i = 0; i < 12; i++) {
      await world.round();
      seen.push(tries);
    }
    // After 10 s, 20 s more, and then not for 40 s.
    expect(seen).toEqual([1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3]);
  });

  it.each([
    ['cannot be decoded', 'broken_picture'],
    ['is not there', 'file_unreadable'],
  ] as const)('sets a file aside whose picture %s, and asks something else', async (_why, code) => {
    const world = await deskWorld({ maxOpen: 1 });
    const bad = await addPicture(world.store, world.projectId);
    await addPicture(world.store, world.projectId, 1, { title: 'File:Good.jpg' });
    if (code === 'broken_picture') world.studio.broken.add(bad.thumbUrl);
    else
      world.studio.onDownload = (url) => {
        if (url === bad.thumbUrl) throw new VisavisError(code, 'There is no picture there.');
      };
    await world.open();
    expect(world.question().card.footer).toContain('Good');
    const [first] = await files(world);
    expect(first).toMatchObject({ id: bad.fileId, state: 'set_aside' });
    expect(first?.reason).toMatch(/picture/);
    expect(await openQuestions(world)).toHaveLength(1);
  });

  it('sets aside the one broken file of a batch, and asks about the others', async () => {
    const world = await deskWorld();
    const pictures = [];
    for (let i = 0; i < 3; i++) pictures.push(await addPicture(world.store, world.projectId));
    await suggest(
      world.store,
      world.projectId,
      pictures.flatMap((picture) => picture.faceIds),
    );
    world.studio.broken.add(pictures[1]?.thumbUrl ?? '');
    await world.open();
    expect((await files(world)).map((file) => file.state)).toEqual(['detected', 'set_aside', 'detected']);
    expect(world.question().seeds).toEqual(['✅', '❌', '🇦', '🇧', '🤷']);
  });

  it('does without a portrait that is broken or away', async () => {
    const world = await deskWorld();
    const portrait = PORTRAIT.portrait_url;
    await world.store.db.updateTable('project_persons').set(PORTRAIT).execute();
    await addPicture(world.store, world.projectId);
    await addPicture(world.store, world.projectId);
    world.studio.broken.add(portrait);
    let asked = 0;
    world.studio.onDownload = (url) => {
      if (url === portrait && ++asked === 2) throw new VisavisError('file_unreadable', 'gone');
    };
    await world.open();
    expect(world.platform.shown()).toHaveLength(2);
    expect(asked).toBe(2);
    expect((await files(world)).map((file) => file.state)).toEqual(['detected', 'detected']);
    for (const drawing of world.studio.drawings) expect(drawing).not.toHaveProperty('portrait');
    for (const { card } of world.platform.shown()) {
      expect(`${card.text}${card.footer}${card.picture?.alt}`).not.toMatch(/portrait/i);
    }
  });

  it('shows no portrait of which it is not known yet whose it is', async () => {
    const world = await deskWorld();
    const portrait_url = PORTRAIT.portrait_url;
    await world.store.db.updateTable('project_persons').set({ portrait_url }).execute();
    await addPicture(world.store, world.projectId);
    await world.open();
    const { card } = world.question();
    expect(world.studio.drawings).toHaveLength(1);
    expect(world.studio.drawings[0]).not.toHaveProperty('portrait');
    expect(`${card.text}${card.footer}${card.picture?.alt}`).not.toMatch(/portrait/i);
  });

  it('shows the verdict and who voted by an edit that keeps the picture', async () => {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    await world.open();
    const message = world.question();
    const [ann, bob, cleo] = [
      await world.member('Ann'),
      await world.member('Bob'),
      await world.member('Cleo'),
    ];
    await world.platform.react(message, ann, '✅');
    await world.platform.react(message, cleo, '🤷');
    await world.round();
    // Nobody sees how others voted before there is a verdict.
    expect(message.card.text).not.toContain('Ann');
    await world.platform.react(message, bob, '✅');
    await world.round();
    expect(await verdictOf(world.store, world.projectId, faceIds[0] ?? 0)).toBe('match');
    expect(message.card.text).toBe('✅ This is Person Q1.\nYes: Ann, Bob');
    expect(message.card.picture?.bytes).toEqual(Buffer.from('question'));
    expect(message.card.footer).toMatch(/^#\d+ · /);
    await world.platform.react(message, cleo, '❌');
    await world.round();
    expect(message.card.text).toBe(
      '⚖️ Opinions differ: an owner of the project decides.\nYes: Ann, Bob · No: Cleo',
    );
    await world.platform.takeBack(message, cleo, '❌');
    await world.round();
    expect(message.card.text).toContain('✅ This is Person Q1.');
    await world.platform.takeBack(message, bob, '✅');
    await world.round();
    expect(message.card.text).toContain('✅ yes · ❌ no');
    expect(message.card.text).not.toMatch(/(Yes|No): /);
    const edits = message.edits;
    await world.round();
    expect(message.edits).toBe(edits);
  });

  it('names the verdicts of several faces by their numbers', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    await addPicture(world.store, world.projectId, 3);
    await world.open();
    await world.platform.react(world.question(), await world.member('Ann'), '2️⃣');
    await world.round();
    expect(world.question().card.text?.split('\n')).toEqual([
      '✅ Person Q1: 2',
      '❌ not Person Q1: 1, 3',
      '1, 3 – No: Ann',
      '2 – Yes: Ann',
    ]);
  });

  it('says who was of another opinion, and which owner decided', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    await world.open();
    const own = await world.member('Olga', { role: 'owner' });
    const [ann, bob, cleo] = [
      await world.member('Ann'),
      await world.member('Bob'),
      await world.member('Cleo'),
    ];
    await world.platform.react(world.question(), ann, '❌');
    await world.platform.react(world.question(), bob, '✅');
    await world.platform.react(world.question(), cleo, '✅');
    await world.platform.react(world.question(), own, '✅');
    await world.round();
    const lines = () => world.question().card.text?.split('\n');
    expect(lines()).toEqual([
      '✅ This is Person Q1.',
      'Yes: Bob, Cleo · No: Ann · Decided by the owner Olga',
    ]);
    for (const { accountId } of [bob, own]) await setHidden(world.store, accountId, true);
    await world.platform.takeBack(world.question(), ann, '❌');
    await world.round();
    expect(lines()).toEqual(['✅ This is Person Q1.', 'Yes: Cleo, one without a name · Decided by an owner']);
  });

  it('names nobody any more who was forgotten', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    await addPicture(world.store, world.projectId);
    await world.open();
    const ann = await world.member('Ann');
    await world.platform.react(world.question(), ann, '✅');
    await world.round();
    expect(world.question().card.text).toContain('Ann');
    await world.platform.say(null, ann, 'forget-me yes');
    await world.round();
    expect(world.question().card.text).toBe('✅ This is Person Q1.\nYes: one without a name');
  });

  it('goes on when an edit fails, and tries it again', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    for (let i = 0; i < 2; i++) await addPicture(world.store, world.projectId);
    await world.open();
    const [first, second] = world.platform.shown();
    if (!first || !second) throw new Error('nothing asked');
    const ann = await world.member('Ann');
    world.platform.before = (method, target) => {
      if (method === 'edit' && target === first.id) throw new Error('the chat is in a bad mood');
    };
    await world.platform.react(first, ann, '✅');
    await world.platform.react(second, ann, '✅');
    await world.round();
    expect([first.edits, second.edits]).toEqual([0, 1]);
    world.platform.before = () => {};
    await world.round();
    await world.round();
    await world.round();
    expect(first.card.text).toContain('This is Person Q1');
  });

  it('adds the reactions that it could not add at first', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    world.platform.before = (method) => {
      if (method === 'seed') throw new Error('too fast');
    };
    await world.open();
    expect(world.question().seeds).toEqual([]);
    // People can answer all the same.
    await world.platform.react(world.question(), await world.member('Ann'), '✅');
    world.platform.before = () => {};
    for (let i = 0; i < 3; i++) await world.round();
    expect(world.question().seeds).toEqual(['✅', '❌', '🤷']);
  });
});
