import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDesk } from '../../src/bots/desk.ts';
import { followRenames, writingAccount } from '../../src/core/accounts/writing-account.ts';
import { startRun } from '../../src/core/depicts/runs.ts';
import { type WriterDeps, writeStep } from '../../src/core/depicts/writer.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { ADA } from '../../src/sandbox/wiki.ts';
import { addMatch } from '../core/depicts/support.ts';
import { fakeStudio, heldClock, messages } from '../support/desk.ts';
import { fakePlatform } from '../support/fake-chat.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { Person } from './person.ts';
import { type Product, startProduct, textOf } from './product.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const ANNA = 'Practice Anna';
const FILES = 6;

let product: Product;
let person: Person;
let pages: number[];
let projectId: number;
let account: number;
let writer: WriterDeps;

beforeEach(async () => {
  product = await startProduct();
  person = new Person();
  await product.signIn(person, ANNA);
  account = await product.accountId(ANNA);
  const { store, clock, nudges, oauth, wiki, pocket } = product;
  pages = await pocket.hands.addManyFiles(FILES, 'Category:Runs', 'Run');
  const project = await addProject(store, {}, [ADA.item]);
  projectId = project.id;
  await addMember(store, projectId, { accountId: account });
  for (const page of pages) {
    const fileId = await addFile(store, projectId, { page_id: page });
    await addMatch(store, projectId, { fileId, person: ADA.item });
  }
  const deps = { store, clock, fernet: product.site.deps.fernet, oauth, wiki, log: silentLog };
  writer = {
    store,
    clock,
    nudges,
    log: silentLog,
    wiki: followRenames(wiki),
    wikiAccount: (who) => writingAccount(deps, who),
    workerId: 'worker one',
    editsPerMinute: null,
  };
});
afterEach(() => product.close());

const start = () => startRun({ ...product.site.deps, ...product }, { projectId, accountId: account });
const work = () => writeStep(writer);
const run = (id: number) =>
  product.store.db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const claimStates = async () => {
  const rows = await product.store.db.selectFrom('sdc_claims').select('state').orderBy('id').execute();
  return rows.map((row) => row.state);
};
const statements = () => pages.map((page) => product.pocket.hands.statements(page).length);
/** Does something before the write number `n` (from 1) reaches the wiki. */
const beforeWrite = (n: number, act: () => void) => {
  let writes = 0;
  const stop = product.pocket.misbehave.always({
    kind: 'slow',
    ms: 0,
    match: {
      action: 'wbsetclaim',
      params: () => {
        writes += 1;
        if (writes === n) {
          stop();
          act();
        }
        return false;
      },
    },
  });
};
const expectAllWrittenOnce = async () => {
  expect(await claimStates()).toEqual(pages.map(() => 'written'));
  expect(statements()).toEqual(pages.map(() => 1));
  for (const page of pages) {
    const edits = product.pocket.hands.revisions(page).filter((one) => one.comment.includes('wbsetclaim'));
    expect(edits).toHaveLength(1);
  }
};

describe('a link that breaks in the middle of a run', () => {
  it('pauses the run, loses no claim, and goes on by itself after the person signed in again', async () => {
    beforeWrite(3, () => product.pocket.hands.revokeGrant(ANNA));
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({
      state: 'paused',
      reason: expect.stringContaining('Sign in again'),
    });
    expect(statements()).toEqual([1, 1, 0, 0, 0, 0]);
    expect(await claimStates()).toEqual(['written', 'written', 'writing', 'queued', 'queued', 'queued']);
    // Nothing moves while it waits.
    expect(await work()).toBe(false);

    const page = await person.open(`${product.site.deps.publicUrl}/projects/${projectId}`);
    expect(textOf(page)).toContain(`no longer accepts the link to your account ${ANNA}`);
    const again = await person.consent(
      await person.open(`${product.site.deps.publicUrl}/sign-in?next=/projects/${projectId}`),
    );
    expect(textOf(again)).not.toContain('no longer accepts');
    expect(await run(id)).toMatchObject({ state: 'waiting', reason: null });
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
  });

  it('is told privately in the chat, once for each break', async () => {
    const chat = fakePlatform();
    const clock = heldClock(product.clock.now());
    await product.store.db
      .insertInto('identities')
      .values({
        account_id: account,
        platform: 'room',
        external_id: 'anna',
        display_name: 'Anna',
        linked_at: 0,
      })
      .execute();
    const { pictures, detector } = fakeStudio();
    const desk = createDesk(
      {
        ...product.site.deps,
        clock,
        pictures,
        detector,
        translate: (language) => messages.translator(language),
        languages: messages.languages,
        itemUrl: (item) => `http://wiki.localhost/${item}`,
        workerId: 'desk one',
      },
      chat.connect(),
    );
    await desk.start();
    try {
      for (const times of [1, 2]) {
        product.pocket.hands.revokeGrant(ANNA);
        await expect((await product.account(ANNA)).refresh()).rejects.toThrow('Sign in again');
        product.nudges.nudge('posts');
        await expect.poll(() => chat.toldTo('anna').length, PATIENT).toBe(times);
        const [told] = chat.toldTo('anna').slice(-1);
        expect(told?.text).toContain(`the link to your account ${ANNA}`);
        expect(told?.links?.[0]?.url).toBe(`${product.site.deps.publicUrl}/sign-in?next=%2Faccount`);
        for (let look = 0; look < 3; look++) {
          await clock.sleeping(5_000);
          clock.advance(5_000);
        }
        expect(chat.toldTo('anna')).toHaveLength(times);
        await person.consent(await person.open(`${product.site.deps.publicUrl}/sign-in`));
        clock.advance(1);
        product.clock.advance(60_000);
      }
    } finally {
      await desk.stop();
    }
  });

  it('leaves the runs of a blocked account paused', async () => {
    beforeWrite(2, () => product.pocket.hands.revokeGrant(ANNA));
    const id = await start();
    await work();
    product.pocket.hands.block(ANNA);
    await person.consent(await person.open(`${product.site.deps.publicUrl}/sign-in`));
    expect(await run(id)).toMatchObject({ state: 'paused' });
  });
});

describe('an account that changes during a run', () => {
  it('is renamed: the run goes on under the new name', async () => {
    beforeWrite(3, () => product.pocket.hands.renameUser(ANNA, 'Anna Renamed'));
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
    expect(product.pocket.hands.revisions(pages[5] ?? 0)[0]?.user).toBe('Anna Renamed');
    expect(await product.accountId('Anna Renamed')).toBe(account);
  });

  it('was renamed before the run: its name is brought up to date', async () => {
    product.pocket.hands.renameUser(ANNA, 'Anna Renamed');
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
  });

  it('was blocked more than a day after anybody looked: the run pauses before it writes', async () => {
    product.pocket.hands.block(ANNA);
    product.clock.advance(25 * 60 * 60_000);
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'paused', reason: expect.stringContaining('blocked') });
    expect(statements()).toEqual(pages.map(() => 0));
    expect(product.pocket.requests.count('wbsetclaim')).toBe(0);
    // From now on it is known, and the account starts nothing more.
    const page = await person.open(`${product.site.deps.publicUrl}/account`);
    expect(textOf(page)).toContain('blocked on the wiki');
  });

  it('is blocked in the middle: the run pauses, nothing is lost', async () => {
    beforeWrite(3, () => product.pocket.hands.block(ANNA));
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'paused' });
    product.pocket.hands.unblock(ANNA);
    await person
      .open(`${product.site.deps.publicUrl}/language`)
      .then((page) => person.send(page, '/sign-out'));
    await person.consent(await person.open(`${product.site.deps.publicUrl}/sign-in`));
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
  });
});

describe('tokens that end during a run', () => {
  it('are renewed, and the edit token with them', async () => {
    beforeWrite(3, () => product.clock.advance(5 * 60 * 60_000));
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
    expect(product.refreshes()).toBe(1);
    const csrf = product.pocket.requests.entries.filter((entry) => entry.params.meta === 'tokens');
    // One for each access token that was in use.
    expect(csrf.length).toBe(2);
  });

  it('cannot be renewed while the wiki is read-only: the run waits, and goes on', async () => {
    product.clock.advance(5 * 60 * 60_000);
    const trouble = product.pocket.misbehave.always({ kind: 'readonly' });
    const id = await start();
    await work();
    expect(await run(id)).toMatchObject({ state: 'waiting' });
    trouble();
    product.clock.advance(60_000);
    await work();
    expect(await run(id)).toMatchObject({ state: 'done' });
    await expectAllWrittenOnce();
  });
});
