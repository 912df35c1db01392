import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VisavisError } from '../../../src/core/platform/errors.ts';
import type { Duplicate } from '../../../src/core/projects/duplicates.ts';
import { roleOf } from '../../../src/core/projects/members.ts';
import { createProject, listProjects, type ProjectInput } from '../../../src/core/projects/projects.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { CategoryInfo } from '../../../src/core/wiki/categories.ts';
import type { Item } from '../../../src/core/wiki/items.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount } from '../../support/people.ts';
import { addPortrait, wikiFile } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const ITEMS: Readonly<Record<string, Partial<Item>>> = {
  Q42: { label: 'Douglas Adams', description: 'English writer', portrait: 'File:Adams.jpg' },
  Q7: { label: 'Ada Lovelace', portrait: null },
  Q8: { label: null, description: null },
  Q9: { label: 'x'.repeat(300), description: 'y'.repeat(600) },
  Q10: { label: 'A chair', isHuman: false },
  Q11: { isHuman: false, label: null },
  Q12: { label: 'Hypatia', dead: true },
};
const ADAMS = { thumbUrl: 'https://p.example/5.jpg', licenceUrl: 'https://licences.example/by-sa' };
/** Q100 was merged into Q42. */
const MERGED: Readonly<Record<string, string>> = { Q100: 'Q42' };

const CATEGORIES: Readonly<Record<string, Omit<CategoryInfo, 'title'>>> = {
  'Category:Writers': { exists: true, files: 12, subcategories: 0 },
  'Category:Only subcategories': { exists: true, files: 0, subcategories: 3 },
  'Category:Without a page': { exists: false, files: 4, subcategories: 0 },
  'Category:Empty': { exists: true, files: 0, subcategories: 0 },
};

describe('projects', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  let account: number;
  const clock = fakeClock();
  const nudges = notedNudges();
  const asked: { ids: readonly string[]; language: string }[] = [];
  const deps = () => ({
    store,
    clock,
    nudges,
    wiki: {
      items: async (ids: readonly string[], language: string) => {
        asked.push({ ids, language });
        return new Map(
          ids.map((id) => {
            const found = MERGED[id] ?? id;
            const known = ITEMS[found];
            const item: Item | null = known
              ? {
                  id: found,
                  label: null,
                  description: null,
                  isHuman: true,
                  dead: false,
                  portrait: null,
                  ...known,
                }
              : null;
            return [id, item];
          }),
        );
      },
      categoryInfo: async (title: string): Promise<CategoryInfo> => {
        const full = title.startsWith('Category:') ? title : `Category:${title}`;
        return { title: full, ...(CATEGORIES[full] ?? { exists: false, files: 0, subcategories: 0 }) };
      },
      thumbnails: async (titles: readonly string[]) =>
        new Map(titles.map((title) => [title, wikiFile(5, { title, ...ADAMS })])),
    },
  });
  const input = (given: Partial<ProjectInput> = {}): ProjectInput => ({
    persons: ['Q42'],
    category: 'Writers',
    votesNeeded: 2,
    threshold: 0.6,
    minConfirmed: 2,
    open: false,
    matching: true,
    depth: 3,
    acknowledged: true,
    ...given,
  });
  const create = (given: Partial<ProjectInput> = {}, by = account) => createProject(deps(), by, input(given));
  const row = (id: number) =>
    store.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const personsOf = (id: number) =>
    store.db
      .selectFrom('project_persons')
      .selectAll()
      .where('project_id', '=', id)
      .orderBy('position')
      .execute();

  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    account = await addAccount(store);
  });
  afterAll(() => dispose());

  it('names projects for the same person in the same category, with their owners, when it is asked to', async () => {
    const owner = await addAccount(store, { username: 'First Owner' });
    const first = await create({ title: 'The first' }, owner);
    const again = (given: Partial<ProjectInput> = {}) => create({ refuseDuplicates: true, ...given });
    const refusal = await again().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'conflict' });
    const { duplicates } = (refusal as VisavisError).details as { duplicates: readonly Duplicate[] };
    expect(duplicates).toContainEqual({ id: first, title: 'The first', owners: ['First Owner'] });
    await create();
    await again({ persons: ['Q12'] });
    await store.db
      .updateTable('projects')
      .set({ state: 'deleted' })
      .where('category', '=', 'Writers')
      .execute();
    expect(await row(await again())).toMatchObject({ state: 'active' });
  });

  it('about living people need an owner who has read the rules; a date of death is enough without', async () => {
    await expect(create({ acknowledged: false })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('Douglas Adams'),
    });
    const dead = await create({ persons: ['Q12'], acknowledged: false });
    expect(await row(dead)).toMatchObject({ acknowledged_by: null, acknowledged_at: null });
    expect(await personsOf(dead)).toMatchObject([{ living: 0 }]);
    const living = await create({ persons: ['Q42', 'Q12'] });
    expect(await row(living)).toMatchObject({ acknowledged_by: account, acknowledged_at: clock.now() });
    expect(await personsOf(living)).toMatchObject([{ living: 1 }, { living: 0 }]);
  });

  it('look for nobody who is on the block list', async () => {
    await store.db
      .insertInto('block_list')
      .values({
        kind: 'person',
        subject: 'Q7',
        label: 'Ada Lovelace',
        reason: 'asked',
        blocked_by: account,
        blocked_at: 0,
      })
      .execute();
    await expect(create({ persons: ['Q42', 'Q7'] })).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('Ada Lovelace (Q7)'),
    });
    await store.db.deleteFrom('block_list').execute();
  });

  it('makes a project that waits for its crawl, with its creator as the owner', async () => {
    nudges.topics.length = 0;
    const id = await create({ title: '  My writers ', language: 'nb', open: true, matching: false });
    expect(await row(id)).toMatchObject({
      title: 'My writers',
      category: 'Writers',
      state: 'active',
      language: 'nb',
      votes_needed: 2,
      threshold: 0.6,
      min_confirmed: 2,
      open: 1,
      matching: 0,
      depth: 3,
      file_cap: 9000,
      created_by: account,
      created_at: clock.now(),
      crawl_wanted_at: clock.now(),
      crawled_at: null,
      bootstrapped_at: null,
      change_number: 1,
      matched_change: 0,
    });
    expect(await personsOf(id)).toMatchObject([
      {
        person: 'Q42',
        label: 'Douglas Adams',
        description: 'English writer',
        portrait_title: 'File:Adams.jpg',
        portrait_url: 'https://p.example/5.jpg',
        portrait_page_url: 'https://wiki.example/wiki/File:5',
        portrait_author: 'A photographer',
        portrait_licence: 'CC BY-SA 4.0',
        portrait_licence_url: 'https://licences.example/by-sa',
      },
    ]);
    expect(await roleOf(store, id, account)).toBe('owner');
    expect(asked.at(-1)).toEqual({ ids: ['Q42'], language: 'nb' });
    expect(nudges.topics).toEqual(['work']);
    const entry = await store.db
      .selectFrom('audit')
      .selectAll()
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    expect(entry).toMatchObject({
      account_id: account,
      action: 'project created',
      subject: `project ${id}`,
    });
    expect(JSON.parse(entry.detail)).toEqual({ persons: ['Q42'], category: 'Writers' });
  });

  it('is named after its persons when no title is given', async () => {
    expect((await row(await create({ persons: ['Q42', 'Q7'], title: '  ' }))).title).toBe(
      'Douglas Adams, Ada Lovelace',
    );
  });

  it('reads Q-ids as people write them, each person once', async () => {
    const id = await create({ persons: [' q42 ', '', 'Q7', 'Q42'] });
    expect((await personsOf(id)).map(({ person, position }) => [person, position])).toEqual([
      ['Q42', 0],
      ['Q7', 1],
    ]);
  });

  it('follows a merged item, and does not take both for two people', async () => {
    const id = await create({ persons: ['Q100', 'Q42'] });
    expect((await personsOf(id)).map((person) => person.person)).toEqual(['Q42']);
  });

  it('stores what is longer than the columns, and what has no label', async () => {
    const [long] = await personsOf(await create({ persons: ['Q9'] }));
    expect([long?.label.length, long?.description.length]).toEqual([255, 500]);
    const [bare] = await personsOf(await create({ persons: ['Q8'] }));
    expect(bare).toMatchObject({ label: 'Q8', description: '', portrait_title: null, portrait_url: null });
    expect((await row(await create({ title: 't'.repeat(300) }))).title).toHaveLength(255);
  });

  it('accepts a category of subcategories alone, and one without a page', async () => {
    expect((await row(await create({ category: 'Category:Only subcategories' }))).category).toBe(
      'Only subcategories',
    );
    expect((await row(await create({ category: 'Without a page' }))).category).toBe('Without a page');
  });

  it.each<[string, Partial<ProjectInput>, string]>([
    ['no votes', { votesNeeded: 0 }, 'The number of votes needed is a whole number from 1 to 5.'],
    ['six votes', { votesNeeded: 6 }, 'The number of votes needed is a whole number from 1 to 5.'],
    ['half a vote', { votesNeeded: 1.5 }, 'The number of votes needed is a whole number from 1 to 5.'],
    ['votes that are no number', { votesNeeded: Number.NaN }, 'The number of votes needed is a whole'],
    ['a low threshold', { threshold: 0.09 }, 'The threshold is a number from 0.1 to 1; 0.6 is usual.'],
    ['a high threshold', { threshold: 1.01 }, 'The threshold is a number from 0.1 to 1; 0.6 is usual.'],
    ['no threshold', { threshold: Number.NaN }, 'The threshold is a number from 0.1 to 1; 0.6 is usual.'],
    ['no minimum', { minConfirmed: 0 }, 'The number of confirmed faces before suggestions is a whole'],
    ['a huge minimum', { minConfirmed: 101 }, 'The number of confirmed faces before suggestions is a whole'],
    ['a negative depth', { depth: -1 }, 'The depth of subcategories is a whole number from 0 to 10.'],
    ['a deep depth', { depth: 11 }, 'The depth of subcategories is a whole number from 0 to 10.'],
    ['nobody', { persons: [] }, 'Name at least one person, by Wikidata item (like Q42).'],
    ['blank persons', { persons: [' ', ''] }, 'Name at least one person, by Wikidata item (like Q42).'],
    [
      'too many persons',
      { persons: Array.from({ length: 51 }, (_, i) => `Q${i + 1}`) },
      'A project looks for at most 50 persons.',
    ],
    ['a property', { persons: ['P180'] }, '"P180" is not a Wikidata item like Q42.'],
    ['a name', { persons: ['Ada'] }, '"ADA" is not a Wikidata item like Q42.'],
    ['Q0', { persons: ['Q0'] }, '"Q0" is not a Wikidata item like Q42.'],
    ['a missing item', { persons: ['Q404'] }, 'There is no item Q404.'],
    ['a chair', { persons: ['Q42', 'Q10'] }, 'A chair (Q10) is not a human (instance of Q5).'],
    ['a thing without a name', { persons: ['Q11'] }, 'Q11 (Q11) is not a human (instance of Q5).'],
    ['no category', { category: ' ' }, 'Name the category that holds the files.'],
    ['a missing category', { category: 'Nothing' }, 'There is no category "Nothing".'],
    ['an empty category', { category: 'Empty' }, 'The category "Empty" holds no files.'],
  ])('refuses %s', async (_, given, message) => {
    const before = await store.db.selectFrom('projects').select('id').execute();
    await expect(create(given)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(message),
    });
    expect(await store.db.selectFrom('projects').select('id').execute()).toEqual(before);
  });

  it.each([
    { votesNeeded: 1, threshold: 0.1, minConfirmed: 1, depth: 0 },
    { votesNeeded: 5, threshold: 1, minConfirmed: 100, depth: 10 },
  ])('accepts the limits %j', async (given) => {
    await expect(create(given)).resolves.toBeGreaterThan(0);
  });

  it('refuses a blocked account and a stranger', async () => {
    const blocked = await addAccount(store, { blocked: true });
    await expect(create({}, blocked)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(create({}, 999_999)).rejects.toMatchObject({ code: 'not_signed_in' });
  });

  it('lists what is not deleted, the newest first, with counts', async () => {
    const [first, second, gone] = [await create(), await create({ persons: ['Q7'] }), await create()];
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', gone).execute();
    const { faceId } = await addPortrait(store, first);
    await addPortrait(store, first);
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: first,
        face_id: faceId,
        person: 'Q42',
        verdict: 'match',
        source: 'votes',
        changed_at: 0,
      })
      .execute();
    const list = await listProjects(store);
    expect(list.slice(0, 2)).toMatchObject([
      { id: second, files: 0, faces: 0, matches: 0, written: 0, portraitUrl: null },
      {
        id: first,
        files: 2,
        faces: 2,
        matches: 1,
        persons: [{ person: 'Q42', label: 'Douglas Adams' }],
        portraitUrl: 'https://p.example/5.jpg',
      },
    ]);
    expect(list.map((project) => project.id)).not.toContain(gone);
  });
});
