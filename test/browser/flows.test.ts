import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startLink } from '../../src/core/accounts/linking.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { castBallot } from '../../src/core/review/votes.ts';
import { addMember } from '../support/people.ts';
import { accountOf, buildWorld, PERSON, type World } from '../web/attacks/world.ts';
import { type Hands, keyboard, plain } from './access/hands.ts';
import { openChromium } from './browser.ts';

/** Every flow of the site, played once by somebody without a mouse and once without scripts. */
describe.skipIf(!inject('chromium')).each([
  ['with the keyboard alone', true],
  ['without JavaScript', false],
])('%s', { timeout: 240_000 }, (_name, scripts) => {
  let browser: Browser;
  let world: World;
  let picture: Buffer;
  const people = new Map<string, Hands>();

  beforeAll(async () => {
    const colours = { create: { width: 320, height: 240, channels: 3, background: '#8aa0b8' } } as const;
    picture = await sharp(colours).jpeg().toBuffer();
    world = await buildWorld('sqlite', {
      crops: { crop: async () => ({ bytes: new Uint8Array(picture), type: 'image/jpeg' }) },
    });
    browser = await openChromium();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await world?.dispose();
  });

  /** Somebody with a browser that nobody has signed in with. */
  async function visitor(name: string): Promise<Hands> {
    const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en-GB' });
    await context.route(
      (url) => url.origin !== world.site.url,
      (route) => {
        const url = new URL(route.request().url());
        if (url.pathname !== '/authorize') return route.fulfill({ body: picture, contentType: 'image/jpeg' });
        // The wiki's own question; its answer leads back.
        const back = `${world.site.url}/oauth/callback?code=${encodeURIComponent(name)}&state=${url.searchParams.get('state')}`;
        return route.fulfill({ contentType: 'text/html', body: `<a href="${back}">Allow</a>` });
      },
    );
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    return scripts ? keyboard(page) : plain(page);
  }
  /** Somebody who has signed in, by hand. */
  async function person(name: string): Promise<Hands> {
    const known = people.get(name);
    if (known) return known;
    const hands = await visitor(name);
    await hands.page.goto(`${world.site.url}/projects`);
    await hands.press('Sign in');
    await hands.press('Allow');
    await hands.page.getByRole('link', { name }).waitFor();
    people.set(name, hands);
    return hands;
  }
  const go = async (hands: Hands, path: string) => void (await hands.page.goto(world.site.url + path));
  const see = (hands: Hands, text: string | RegExp) => hands.page.getByText(text).first().waitFor();
  const project = () => `/projects/${world.ours.project}`;
  const answerOf = async (name: string) => {
    const account = await accountOf(world.store, name);
    const row = await world.store.db
      .selectFrom('votes')
      .innerJoin('ballots', 'ballots.id', 'votes.ballot_id')
      .select(['votes.answer', 'votes.face_id'])
      .where('ballots.account_id', '=', account)
      .orderBy('votes.id', 'desc')
      .executeTakeFirst();
    return row ?? null;
  };

  const skipped = async (name: string) => {
    const account = await accountOf(world.store, name);
    const rows = await world.store.db
      .selectFrom('skips')
      .select('face_id')
      .where('account_id', '=', account)
      .execute();
    return rows.length;
  };

  it('signs in, links a chat name, and takes it off again', async () => {
    const token = await startLink(
      { store: world.store, clock: systemClock },
      { platform: 'room', externalId: `flow-${scripts}`, displayName: 'Anna in the chat' },
    );
    const anna = await visitor('Anna');
    await go(anna, `/link/${token}`);
    await anna.press('Sign in to go on');
    await anna.press('Allow');
    await see(anna, 'Confirm only if this is your own chat name');
    await anna.press('Yes, that is me: link it');
    await see(anna, 'Linked. The bot will tell you');
    people.set('Anna', anna);
    await go(anna, '/account');
    await see(anna, 'Anna in the chat');
    await anna.press('Unlink');
    await see(anna, 'The chat name is no longer linked.');
    await anna.press('Hide me');
    await see(anna, 'You do not stand on the leaderboard.');
  });

  it('sets up a project', async () => {
    const anna = await person('Anna');
    await go(anna, '/projects');
    await anna.press('Set up a project');
    await anna.type('Wikidata items', 'Q5');
    await anna.type('Category on Commons', 'Practice photos');
    await anna.type('Title of the project', 'Made by hand');
    await anna.tick('I have read the rules for photographs of identifiable people');
    await anna.press('Set up the project');
    await see(anna, 'The project is set up.');
    expect(await anna.page.locator('h1').innerText()).toBe('Made by hand');
  });

  it('changes the rules, a channel, and what is left out', async () => {
    const owner = await person('owner');
    await go(owner, `${project()}/settings`);
    await owner.type('Title of the project', 'Named by hand');
    await owner.choose('Language of the questions', 'français');
    await owner.press(/^Save$/);
    await see(owner, 'Saved.');
    await owner.unfold('Settings of this channel');
    await owner.unfold('Unbind');
    await owner.press('Yes: Unbind');
    await see(owner, /Saved\.|Done\.|no channel|No channel/);
    await owner.type('Categories to leave out', 'Statues');
    await owner.press('Save, and read the category again');
    await see(owner, 'Saved.');
    const { title } = await world.store.db
      .selectFrom('projects')
      .select('title')
      .where('id', '=', world.ours.project)
      .executeTakeFirstOrThrow();
    expect(title).toBe('Named by hand');
  });

  it('invites somebody, who joins with the code', async () => {
    const owner = await person('owner');
    await go(owner, `${project()}/members`);
    await owner.press('Make a code');
    const code = await owner.page.locator('.code__value').innerText();
    const anna = await person('Anna');
    await go(anna, '/join');
    await anna.type('Invitation code', code.toLowerCase());
    await anna.press('Look it up');
    await anna.press('Yes, join as Anna');
    await see(anna, 'You are a member now.');
  });

  it('answers, takes an answer back, skips, and draws a missing face', async () => {
    const anna = await person('Anna');
    await go(anna, `${project()}/review`);
    await anna.press(/^Yes/);
    await see(anna, 'Your last answer:');
    expect(await answerOf('Anna')).toMatchObject({ answer: 'yes' });
    await anna.press(/^Undo/);
    await anna.page.getByText('Your last answer:').waitFor({ state: 'detached' });
    // The next question looks much the same: only the page tells that it is another one.
    await Promise.all([anna.page.waitForNavigation(), anna.press(/^Skip/)]);
    expect(await skipped('Anna')).toBe(1);
    await go(anna, `${project()}/files/${world.ours.file}`);
    if (scripts) {
      await anna.press(/^Draw a missing face/);
      await anna.page
        .getByText(/arrow keys/i)
        .first()
        .waitFor();
      for (let steps = 0; steps < 3; steps++) await anna.page.keyboard.press('ArrowRight');
      await anna.page.keyboard.press('Enter');
    } else {
      for (const [side, value] of [
        ['From the left', '60'],
        ['From the top', '60'],
        ['Width', '20'],
        ['Height', '20'],
      ] as const)
        await anna.type(side, value);
      await anna.press('Show it in the picture');
      await anna.press('Keep this box');
    }
    await see(anna, /The face was added\.|box at this place already/);
  });

  it('approves and rejects in the gallery', async () => {
    const owner = await person('owner');
    await go(owner, project());
    const face = () => owner.page.locator(`#face-${world.ours.face}`).first();
    await owner.press(/^This is not Person Q1/, face());
    await owner.page.locator(`#face-${world.ours.face} .answer__no[aria-pressed=true]`).waitFor();
    expect(await answerOf('owner')).toEqual({ answer: 'no', face_id: world.ours.face });
    await owner.press(/^This is Person Q1/, face());
    await owner.page.locator(`#face-${world.ours.face} .answer__yes[aria-pressed=true]`).waitFor();
    expect(await answerOf('owner')).toEqual({ answer: 'yes', face_id: world.ours.face });
  });

  it('decides a dispute', async () => {
    const faceId = await disagreement();
    const owner = await person('owner');
    await go(owner, project());
    await owner.press('Disputes');
    await owner.press(/^This is Person Q1/, owner.page.locator(`#face-${faceId}`));
    await owner.page.locator(`#face-${faceId}`).waitFor({ state: 'detached' });
    expect(await answerOf('owner')).toEqual({ answer: 'yes', face_id: faceId });
  });

  it('looks at what would be written, begins, stops, and takes a run back', async () => {
    await world.store.db.deleteFrom('sdc_claims').where('id', '=', world.theirs.claim).execute();
    const other = await person('other owner');
    await go(other, `/projects/${world.theirs.project}`);
    await other.press('Look at what would be written');
    await other.press(/^Write \d+ statement/);
    await see(other, 'Writing has begun.');
    await other.press('Stop writing');
    await see(other, 'Stopping: at most five more faces');
    const owner = await person('owner');
    await go(owner, `${project()}/runs/${world.ours.run}`);
    await owner.unfold('Take this run back');
    await owner.press('Yes: Take this run back');
    await see(owner, 'Taking the statements back.');
  });

  it('blocks a person and takes the entry off again', async () => {
    const administrator = await person('administrator');
    await go(administrator, '/');
    await administrator.press('Administration');
    await administrator.press('Block list');
    await administrator.type('Wikidata item', 'Q77');
    await administrator.type('Reason', 'asked for it');
    await administrator.press('Block a person');
    await see(administrator, 'It is on the list.');
    const row = administrator.page.locator('li', { hasText: 'Q77' });
    await administrator.press('Take off the list', row);
    await row.waitFor({ state: 'detached' });
  });

  it('takes the own data along, and has it deleted', async () => {
    const anna = await person('Anna');
    await go(anna, project());
    await anna.press('Members');
    await anna.press('Leave the project');
    await see(anna, 'You have left the project.');
    // The project that Anna made needs another owner.
    const account = await accountOf(world.store, 'Anna');
    await world.store.db
      .updateTable('projects')
      .set({ state: 'deleted' })
      .where('created_by', '=', account)
      .execute();
    await go(anna, '/account');
    const [download] = await Promise.all([
      anna.page.waitForEvent('download'),
      anna.press('Download my data'),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.json$/);
    await anna.press('Delete my data');
    await anna.tick('Yes, delete my data; this cannot be undone');
    await anna.press('Delete my data', anna.page.locator('form.form'));
    await see(anna, 'Your data was deleted.');
    expect(await anna.page.getByRole('link', { name: 'Sign in' }).count()).toBe(1);
  });

  /** Two members who do not agree, and nobody who has decided. */
  async function disagreement(): Promise<number> {
    const { store, ours } = world;
    const { id: faceId } = await store.db
      .selectFrom('faces')
      .select('id')
      .where('id', 'not in', [ours.face, ours.matched, ours.disputed])
      .where('source', '=', 'drawn')
      .executeTakeFirstOrThrow();
    for (const answer of ['yes', 'no'] as const) {
      const accountId = await addMember(store, ours.project);
      await castBallot(
        { store, clock: systemClock, nudges: memoryNudges() },
        {
          projectId: ours.project,
          accountId,
          answers: [{ faceId, person: PERSON, answer }],
          questionId: null,
          platform: 'web',
        },
      );
    }
    return faceId;
  }
});
