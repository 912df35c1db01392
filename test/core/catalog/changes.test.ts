import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bootstrapStep } from '../../../src/core/catalog/bootstrap.ts';
import { type CrawlDeps, crawlStep } from '../../../src/core/catalog/crawl.ts';
import { categoryName, listExclusions, setExclusions } from '../../../src/core/catalog/exclusions.ts';
import { crawlCounts } from '../../../src/core/catalog/pictures.ts';
import { nextQuestion } from '../../../src/core/faces/next.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { assertFileLease, claimFiles } from '../../../src/core/store/leases.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { WikiFile } from '../../../src/core/wiki/file-page.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { fakeCategories, type Tree } from '../../support/category-wiki.ts';
import { fakeWiki } from '../../support/fake-wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, sha1Of, wikiFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

const DAY = 24 * 3_600_000;

describe.each(engines())('what changes on the wiki, on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let clock: FakeClock;
  const nudges = notedNudges();
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    clock = fakeClock();
    await store.db.updateTable('projects').set({ state: 'completed' }).execute();
  });

  let pages = 500_000;
  const file = (given: Partial<WikiFile> = {}) => wikiFile(++pages, given);
  type Fake = ReturnType<typeof fakeCategories>;
  const step = (wiki: Fake, more: Partial<CrawlDeps> = {}) =>
    crawlStep({ store, clock, wiki, nudges, log: silentLog, workerId: 'worker 1', ...more });
  const start = async (tree: Tree, given: Parameters<typeof addProject>[1] = {}) => {
    const wiki = fakeCategories(tree);
    const project = await addProject(store, { category: 'Root', crawl_wanted_at: clock.now(), ...given });
    expect(await step(wiki)).toBe(true);
    wiki.calls.length = 0;
    return { wiki, ...project };
  };
  const again = async (wiki: Fake, id: number) => {
    clock.advance(1000);
    await store.db
      .updateTable('projects')
      .set({ crawl_wanted_at: clock.now() })
      .where('id', '=', id)
      .execute();
    expect(await step(wiki)).toBe(true);
  };
  const filesOf = (projectId: number) =>
    store.db
      .selectFrom('project_files')
      .innerJoin('files', 'files.id', 'project_files.file_id')
      .selectAll('files')
      .where('project_id', '=', projectId)
      .orderBy('page_id')
      .execute();
  const states = async (projectId: number) => (await filesOf(projectId)).map((row) => row.state);
  const fileOf = async (one: WikiFile) =>
    store.db.selectFrom('files').selectAll().where('page_id', '=', one.pageId).executeTakeFirstOrThrow();
  const detected = async (one: WikiFile) => {
    const { id } = await fileOf(one);
    await store.db
      .updateTable('files')
      .set({ state: 'detected', detected_at: 1 })
      .where('id', '=', id)
      .execute();
    return { fileId: id, faceId: await addFace(store, id) };
  };
  const ask = async (projectId: number, kindOf: 'single' | 'batch', faceIds: number[]) => {
    const channel = await addChannel(store, projectId);
    return store.transaction((trx) =>
      openQuestion(trx, { projectId, kind: kindOf, person: 'Q1', faceIds }, channel, clock.now()),
    );
  };
  const question = (id: number) =>
    store.db.selectFrom('questions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  it('asks about nothing in particular when nothing has changed', async () => {
    const { wiki, id } = await start({ Root: { files: [file(), file(), file()], categories: ['A'] }, A: {} });
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0', 'members Root 2', 'members A 0']);
    const { crawl_requests } = await store.db
      .selectFrom('projects')
      .select('crawl_requests')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(crawl_requests).toBe(3);
  });

  it('keeps a deleted file as gone, withdraws its open question, and refuses a detection under way', async () => {
    const [stays, goes] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [stays, goes] } });
    const { faceId, fileId } = await detected(goes);
    const { questionId, postId } = await ask(id, 'single', [faceId]);
    await store.db.updateTable('files').set({ state: 'waiting' }).where('id', '=', fileId).execute();
    const leases = await claimFiles(store, { owner: 'x', now: clock.now(), ttl: 1e6, limit: 10 });
    const lease = leases.find((one) => one.fileId === fileId);
    if (!lease) throw new Error('not claimed');

    wiki.tree.Root = { files: [stays] };
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0', 'details of 1']);
    expect(await states(id)).toEqual(['waiting', 'gone']);
    expect((await fileOf(goes)).gone_at).toBe(clock.now());
    expect(await question(questionId)).toMatchObject({ state: 'withdrawn', closed_at: clock.now() });
    const post = await store.db.selectFrom('posts').selectAll().where('id', '=', postId).executeTakeFirst();
    expect(post?.wanted).toBe(2);
    await expect(store.transaction((trx) => assertFileLease(store, trx, lease))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    // It is not asked about again at every crawl.
    wiki.calls.length = 0;
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0']);
  });

  it('has a file back as it was, with its faces, and asks about them anew', async () => {
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [file(), goes] } });
    const { faceId } = await detected(goes);
    const { questionId } = await ask(id, 'single', [faceId]);
    wiki.tree.Root = { files: [file()] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'gone' });
    wiki.tree.Root = { files: [goes] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'detected', gone_at: null });
    expect((await question(questionId)).state).toBe('decided');
    const next = await store.transaction((trx) => nextQuestion(trx, id));
    expect(next?.faceIds).toEqual([faceId]);
  });

  it('leaves withdrawn what an owner had withdrawn', async () => {
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [goes] } });
    const { faceId } = await detected(goes);
    const { questionId } = await ask(id, 'single', [faceId]);
    await store.db
      .updateTable('questions')
      .set({ state: 'withdrawn', closed_at: 7 })
      .where('id', '=', questionId)
      .execute();
    wiki.tree.Root = {};
    await again(wiki, id);
    wiki.tree.Root = { files: [goes] };
    await again(wiki, id);
    expect((await fileOf(goes)).state).toBe('detected');
    expect((await question(questionId)).state).toBe('withdrawn');
  });

  it('looks at a new version of a restored file again', async () => {
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [goes] } });
    await detected(goes);
    wiki.tree.Root = {};
    await again(wiki, id);
    wiki.tree.Root = { files: [{ ...goes, sha1: sha1Of(3) }] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'waiting', sha1: sha1Of(3), gone_at: null });
  });

  it('closes a batch about a deleted file, so that the others are asked again', async () => {
    const [stays, goes] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [stays, goes] } });
    const [one, two] = [await detected(stays), await detected(goes)];
    const { questionId } = await ask(id, 'batch', [one.faceId, two.faceId]);
    wiki.tree.Root = { files: [stays] };
    await again(wiki, id);
    expect((await question(questionId)).state).toBe('decided');
    const next = await store.transaction((trx) => nextQuestion(trx, id));
    expect(next?.faceIds).toEqual([one.faceId]);
  });

  it('takes a file that is deleted between the list and the details for gone', async () => {
    const [one, two] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [one, two] } });
    wiki.tree.Root = { files: [{ ...one, title: 'File:Moved.jpg' }, two, file()] };
    wiki.gone.add(one.pageId);
    await again(wiki, id);
    expect(await states(id)).toEqual(['gone', 'waiting', 'waiting']);
    expect(await crawlCounts(store, id)).toEqual({ leftOut: 0, beyondCap: 0, away: 0 });
  });

  it('lets go of a file that left the category, at the second look, when nothing was said about it', async () => {
    const [stays, leaves, voted] = [file(), file(), file()];
    const { wiki, id, owner } = await start({ Root: { files: [stays, leaves, voted] } });
    await detected(leaves);
    const { faceId } = await detected(voted);
    await store.db
      .insertInto('votes')
      .values({
        project_id: id,
        face_id: faceId,
        person: 'Q1',
        account_id: owner,
        answer: 'yes',
        decides: 0,
        question_id: null,
        platform: 'web',
        voted_at: 1,
      })
      .execute();
    wiki.tree.Root = { files: [stays] };
    wiki.elsewhere.push({ ...leaves, title: 'File:Renamed on the way.jpg' }, voted);
    await again(wiki, id);
    expect(await filesOf(id)).toHaveLength(3);
    expect((await fileOf(leaves)).title).toBe('File:Renamed on the way.jpg');
    expect(await crawlCounts(store, id)).toMatchObject({ away: 2 });
    await again(wiki, id);
    expect((await filesOf(id)).map((row) => row.page_id)).toEqual([stays.pageId, voted.pageId]);
    expect(await crawlCounts(store, id)).toMatchObject({ away: 1 });
    // Its faces are there for other projects.
    expect(await fileOf(leaves)).toMatchObject({ state: 'detected' });
  });

  it('does not let an empty category empty the project', async () => {
    const files = [file(), file(), file()];
    const { wiki, id } = await start({ Root: { files } });
    wiki.tree.Root = {};
    wiki.elsewhere.push(...files);
    for (let i = 0; i < 3; i++) await again(wiki, id);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('looks at known files of a full project too', async () => {
    const files = [file(), file(), file(), file()];
    const { wiki, id } = await start({ Root: { files } }, { file_cap: 3 });
    expect(await crawlCounts(store, id)).toMatchObject({ beyondCap: 1 });
    const [first] = files;
    if (!first) throw new Error('no file');
    wiki.tree.Root = { files: files.slice(1) };
    await again(wiki, id);
    // Then there is room for one more.
    expect(wiki.calls).toEqual(['members Root 0', 'details of 1', 'members Root 2']);
    expect(await states(id)).toEqual(['gone', 'waiting', 'waiting', 'waiting']);
  });

  it('counts what is left out', async () => {
    const sound = file({ mime: 'audio/ogg', width: 0, height: 0 });
    const odd = file({ thumbUrl: null });
    const { wiki, id } = await start({
      Root: { files: [sound, file(), odd], categories: ['A'] },
      A: { files: [sound, odd] },
    });
    expect(await crawlCounts(store, id)).toEqual({ leftOut: 2, beyondCap: 0, away: 0 });
    wiki.tree.Root = { files: [file()] };
    await again(wiki, id);
    expect(await crawlCounts(store, id)).toMatchObject({ leftOut: 0 });
  });

  it('does not enter categories that are excluded', async () => {
    const [in1, in2] = [file(), file()];
    const { wiki, id, owner } = await start({
      Root: { files: [in1], categories: ['A', 'B'] },
      A: { files: [in2], categories: ['B'] },
      B: { files: [file()], categories: ['C'] },
      C: { files: [file()] },
    });
    const deps = { store, clock, nudges };
    await setExclusions(deps, id, owner, [' category:b', '', 'Category:B']);
    expect(await listExclusions(store, id)).toEqual(['B']);
    expect(await step(wiki)).toBe(true);
    expect(wiki.calls.filter((call) => call.startsWith('members'))).toEqual([
      'members Root 0',
      'members Root 2',
      'members A 0',
    ]);
    await again(wiki, id);
    expect((await filesOf(id)).map((row) => row.page_id)).toEqual([in1.pageId, in2.pageId]);

    const member = await addMember(store, id);
    await expect(setExclusions(deps, id, member, [])).rejects.toMatchObject({ code: 'forbidden' });
    await expect(setExclusions(deps, id, owner, ['Root'])).rejects.toMatchObject({ code: 'bad_input' });
    await expect(setExclusions(deps, id, owner, ['a|b'])).rejects.toMatchObject({ code: 'bad_input' });
    await setExclusions(deps, id, owner, []);
    expect(await listExclusions(store, id)).toEqual([]);
  });

  it('passes over a category that is excluded while the crawl is under way', async () => {
    const wiki = fakeCategories({ Root: { categories: ['A'] }, A: { files: [file()] } });
    const { id, owner } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    const stop = new AbortController();
    wiki.onCall((call) => {
      if (call === 'members Root 0') stop.abort();
    });
    await crawlStep({ store, clock, wiki, nudges, log: silentLog, workerId: 'worker 1' }, stop.signal);
    await setExclusions({ store, clock, nudges }, id, owner, ['A']);
    wiki.onCall(() => {});
    await step(wiki);
    expect(wiki.calls).toEqual(['members Root 0']);
    expect(await filesOf(id)).toEqual([]);
  });

  it.each([
    ['portraits_by  year', 'Portraits by year'],
    [' Category:émile', 'Émile'],
    ['', ''],
  ])('writes %j as %j', (given, name) => expect(categoryName(given)).toBe(name));

  it('looks again after a day, at those that somebody waits for first', async () => {
    const { wiki, id } = await start({ Root: { files: [file()] }, Other: { files: [] } });
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(false);
    clock.advance(DAY);
    const other = await addProject(store, { category: 'Other', crawl_wanted_at: clock.now() });
    expect(await step(wiki)).toBe(true);
    expect(await step(wiki)).toBe(false);
    await store.db
      .updateTable('projects')
      .set({ crawl_wanted_at: clock.now(), crawled_at: null })
      .where('id', '=', other.id)
      .execute();
    wiki.calls.length = 0;
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(true);
    wiki.tree.Root = { files: [...(wiki.tree.Root?.files ?? []), file()] };
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(true);
    expect(wiki.calls).toEqual(['members Other 0', 'members Root 0', 'details of 1']);
    expect(await filesOf(id)).toHaveLength(2);
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(false);
  });

  it('goes on after it was stopped while it looked again', async () => {
    const { wiki, id } = await start({ Root: { files: [file(), file(), file()] } });
    clock.advance(DAY);
    wiki.onCall((call) => {
      if (call === 'members Root 2') throw new Error('the wiki has trouble');
    });
    await expect(step(wiki, { crawlEveryMs: DAY })).rejects.toThrow('the wiki has trouble');
    wiki.onCall(() => {});
    wiki.calls.length = 0;
    expect(await step(wiki)).toBe(true);
    expect(wiki.calls).toEqual(['members Root 2']);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('lets other projects have their turn when one cannot be read', async () => {
    const wiki = fakeCategories({ Root: {}, Fine: { files: [file()] } });
    await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    const fine = await addProject(store, { category: 'Fine', crawl_wanted_at: 2 });
    wiki.onCall((call) => {
      if (call.includes('Root')) throw new Error('the wiki has trouble');
    });
    await expect(step(wiki)).rejects.toThrow('the wiki has trouble');
    expect(await step(wiki)).toBe(true);
    expect(await filesOf(fine.id)).toHaveLength(1);
  });

  const refused = (code: string) =>
    wikiError('no', { kind: 'this_file', codes: [code], statement: 'refused' });

  it('begins a category anew when the wiki has forgotten the place', async () => {
    const files = [file(), file(), file()];
    const wiki = fakeCategories({ Root: { files } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    let refusals = 0;
    wiki.onCall((call) => {
      if (call === 'members Root 2' && refusals++ === 0) throw refused('badcontinue');
    });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(3);
    expect(wiki.calls.slice(0, 4)).toEqual([
      'members Root 0',
      'members Root 2',
      'members Root 0',
      'members Root 2',
    ]);
  });

  it('passes over a name that the wiki does not take', async () => {
    const wiki = fakeCategories({ Root: { categories: ['Odd'], files: [file()] } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    wiki.onCall((call) => {
      if (call.startsWith('members Odd')) throw refused('invalidcategory');
    });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(1);
  });

  it('stops when the project is paused meanwhile', async () => {
    const wiki = fakeCategories({ Root: { files: [file(), file(), file()] } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    wiki.onCall(async () => {
      await store.db.updateTable('projects').set({ state: 'paused' }).where('id', '=', id).execute();
    });
    await step(wiki);
    expect(wiki.calls).toEqual(['members Root 0']);
    wiki.onCall(() => {});
    await store.db.updateTable('projects').set({ state: 'active' }).where('id', '=', id).execute();
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('notes what files of a later crawl depict, and nothing twice', async () => {
    const [first, later] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [first] } });
    const statements = fakeWiki();
    const bootstrap = () =>
      bootstrapStep({ store, clock, log: silentLog, workerId: 'worker 1', wiki: statements });
    expect(await bootstrap()).toBe(true);
    // Written by us since: no bootstrap.
    statements.record(first.pageId, 'Q1');
    statements.record(later.pageId, 'Q1');
    wiki.tree.Root = { files: [first, later] };
    await again(wiki, id);
    expect(await bootstrap()).toBe(true);
    expect(await bootstrap()).toBe(false);
    expect(statements.reads).toEqual([[first.pageId], [later.pageId]]);
    const depicts = await store.db
      .selectFrom('project_files')
      .select('depicts')
      .where('project_id', '=', id)
      .orderBy('file_id')
      .execute();
    expect(depicts.map((row) => row.depicts)).toEqual([null, 'Q1']);
  });
});
