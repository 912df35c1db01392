import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { keepAccount } from '../../../src/core/accounts/accounts.ts';
import { createFernet, newFernetKey } from '../../../src/core/accounts/fernet.ts';
import { readTokens, storeTokens } from '../../../src/core/accounts/token-rows.ts';
import { pairsToWrite } from '../../../src/core/depicts/ledger.ts';
import { bytesToVector } from '../../../src/core/faces/vectors.ts';
import { OLD_MODEL } from '../../../src/core/import/boxes.ts';
import { reportLines } from '../../../src/core/import/report.ts';
import { openSource } from '../../../src/core/import/source.ts';
import { importWikiVisage } from '../../../src/core/import/wikivisage.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { Item } from '../../../src/core/wiki/items.ts';
import { fakeWiki } from '../../support/fake-wiki.ts';
import { wikiFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { encoding, type OldDatabase, oldDatabase } from '../../support/wikivisage.ts';
import { fakeClock } from '../wiki/fakes.ts';

const SECRET = 'a secret that is long enough for a test';
const OLD_KEY = newFernetKey(randomBytes);
const THEN = new Date('2025-03-01T12:00:00Z');
const LATER = new Date('2025-03-05T12:00:00Z');

describe.skipIf(!inject('mariadb')).each(engines())('the import of a WikiVisage database into %s', (kind) => {
  const clock = fakeClock();
  const fernet = createFernet([newFernetKey(randomBytes)], clock, randomBytes);
  const oldFernet = createFernet([OLD_KEY], clock, randomBytes);
  let statements: ReturnType<typeof fakeWiki>;
  let old: OldDatabase;
  let store: Store;
  let dispose: () => Promise<void>;
  let asked: number[];

  beforeEach(async () => {
    old = await oldDatabase();
    ({ store, dispose } = await freshStore(kind));
    asked = [];
    statements = fakeWiki();
  });
  afterEach(async () => {
    await dispose();
    await old.drop();
  });

  /** 103 is gone, 107 is no picture, 110 has a new version. */
  const wiki = {
    filesByPageId: async (pageIds: readonly number[]) => {
      asked.push(pageIds.length);
      return new Map(
        pageIds.map((id) => [
          id,
          id === 103
            ? null
            : wikiFile(id, {
                uploadedAt: id === 110 ? Date.UTC(2026, 0) : Date.UTC(2020, 0),
                ...(id === 107 ? { mime: 'video/webm' } : {}),
              }),
        ]),
      );
    },
    readStatements: (pageIds: readonly number[]) => statements.readStatements(pageIds),
    items: async (ids: readonly string[]) =>
      new Map(
        ids.map((id): [string, Item | null] => [
          id,
          id === 'Q404'
            ? null
            : {
                id: id === 'Q3' ? 'Q33' : id,
                label: `Label of ${id}`,
                description: 'a person',
                isHuman: true,
                dead: false,
                diedAt: null,
                portrait: 'File:Portrait.jpg',
                redirectedTo: id === 'Q3' ? 'Q33' : null,
              },
        ]),
      ),
    thumbnails: async (titles: readonly string[]) =>
      new Map(titles.map((title) => [title, wikiFile(9000, { title })])),
  };
  const run = async (options: Parameters<typeof importWikiVisage>[2] = {}, withKey = true) => {
    const source = await openSource(old.url);
    try {
      return await importWikiVisage(
        { store, clock, wiki, log: silentLog, secret: SECRET, fernet, oldFernet: withKey ? oldFernet : null },
        source,
        options,
      );
    } finally {
      await source.close();
    }
  };

  let central = 5000;
  const user = (name: string, more: Record<string, unknown> = {}) =>
    old.add('users', {
      wiki_user_id: ++central,
      wiki_username: name,
      access_token: Buffer.from(oldFernet.encrypt(`access of ${name}`)),
      refresh_token: Buffer.from(oldFernet.encrypt(`refresh of ${name}`)),
      token_expires_at: LATER,
      ...more,
    });
  const project = (userId: number, qid: string, category: string, more: Record<string, unknown> = {}) =>
    old.add('projects', {
      user_id: userId,
      wikidata_qid: qid,
      commons_category: category,
      created_at: THEN,
      ...more,
    });
  const image = (projectId: number, pageId: number, more: Record<string, unknown> = {}) =>
    old.add('images', {
      project_id: projectId,
      commons_page_id: pageId,
      file_title: `File:Old title ${pageId}.jpg`,
      status: 'processed',
      detection_width: 500,
      detection_height: 400,
      created_at: THEN,
      updated_at: THEN,
      ...more,
    });
  /** A square of 100 pixels at the place, unless something else is said. */
  const face = (imageId: number, left: number, more: Record<string, unknown> = {}) =>
    old.add('faces', {
      image_id: imageId,
      encoding: encoding(left),
      bbox_left: left,
      bbox_top: 100,
      bbox_right: left + 100,
      bbox_bottom: 200,
      created_at: THEN,
      updated_at: LATER,
      ...more,
    });
  const saidBy = (userId: number | null, yes = true) => ({
    is_target: yes ? 1 : 0,
    classified_by: 'human',
    classified_by_user_id: userId,
  });

  /** A database with everything in it that can go wrong. */
  async function fill() {
    const [ada, ben] = [
      await user('Ada'),
      await user('Ben', { access_token: 'plain access', refresh_token: 'plain refresh' }),
    ];
    const banned = await user('Banned', { leaderboard_opt_out: 1 });
    const portraits = await project(ada, 'Q1', 'Portraits_of__ada', {
      distance_threshold: 0.55,
      label: 'Ada L.',
    });
    const twin = await project(ada, 'Q1', 'Portraits of ada');
    const done = await project(ben, 'Q2', 'Done', {
      status: 'completed',
      distance_threshold: 7,
      min_confirmed: 500,
    });
    await project(ada, 'Q1', 'Deleted', { status: 'deleted' });
    await project(ada, 'Q404', 'No such item');
    await project(ada, 'nonsense', 'No item at all');
    const merged = await project(ben, 'Q3', 'Merged', { status: 'paused' });
    await old.add('project_members', { project_id: portraits, user_id: ben, joined_at: THEN });
    await old.add('project_members', { project_id: portraits, user_id: ada, role: 'owner' });
    await old.add('project_members', { project_id: portraits, user_id: banned, status: 'banned' });

    const i101 = await image(portraits, 101);
    const written = await face(i101, 10, { ...saidBy(ada), sdc_written: 1 });
    await face(i101, 300, saidBy(ben, false));
    await old.add('sdc_claims', {
      commons_page_id: 101,
      wikidata_qid: 'Q1',
      project_id: portraits,
      face_id: written,
      written_at: LATER,
    });
    const standing = statements.record(101, 'Q1');
    await face(await image(portraits, 102, { bootstrapped: 1 }), 10, {
      is_target: 1,
      classified_by: 'bootstrap',
    });
    statements.record(102, 'Q1');
    await face(await image(portraits, 103), 10, saidBy(ada));
    await face(
      await image(portraits, 104, { detection_width: null, detection_height: null }),
      10,
      saidBy(ada),
    );
    const i105 = await image(portraits, 105);
    const redrawn = await face(i105, 20, {
      ...saidBy(ada),
      bbox_bottom: 190,
      sdc_written: 1,
      created_at: LATER,
    });
    await face(i105, 10, { ...saidBy(ada), superseded_by: redrawn });
    const i106 = await image(portraits, 106);
    await face(i106, 10, { is_target: 1, classified_by: 'model' });
    await face(i106, 200, saidBy(null));
    await face(i106, 350, { is_target: 1, classified_by: 'bootstrap' });
    await image(portraits, 107);
    await image(portraits, 108, { status: 'pending' });
    const removed = await face(await image(portraits, 109), 10, { ...saidBy(banned), sdc_written: 1 });
    await old.add('sdc_claims', {
      commons_page_id: 109,
      wikidata_qid: 'Q1',
      project_id: portraits,
      face_id: removed,
      written_at: LATER,
    });
    const i110 = await image(portraits, 110);
    await face(i110, 10, saidBy(ada));
    await face(i110, 300);
    const i111 = await image(portraits, 111);
    await face(i111, 10, saidBy(ada));
    await face(i111, 11, saidBy(ben));
    await face(await image(portraits, 112), 450, { encoding: Buffer.alloc(10), bbox_right: 520 });
    await face(await image(twin, 101), 10, saidBy(ben));
    await face(await image(done, 120), 10, saidBy(ben));
    // Approved in the old gallery: the matcher's name stayed.
    await face(await image(merged, 101), 12, { ...saidBy(ben), classified_by: 'model' });
    return { standing };
  }

  const rows = {
    projects: () => store.db.selectFrom('projects').selectAll().orderBy('id').execute(),
    faces: (pageId: number) =>
      store.db
        .selectFrom('faces')
        .innerJoin('files', 'files.id', 'faces.file_id')
        .selectAll('faces')
        .where('page_id', '=', pageId)
        .orderBy('faces.id')
        .execute(),
    verdicts: () =>
      store.db
        .selectFrom('verdicts')
        .innerJoin('faces', 'faces.id', 'verdicts.face_id')
        .innerJoin('files', 'files.id', 'faces.file_id')
        .select(['files.page_id', 'verdicts.person', 'verdicts.verdict', 'verdicts.source'])
        .orderBy('files.page_id')
        .orderBy('faces.id')
        .orderBy('person')
        .execute(),
  };
  /** Everything that an import may change, for comparing. */
  const everything = async () => {
    const tables = [
      'accounts',
      'account_profiles',
      'account_tokens',
      'projects',
      'project_members',
      'project_persons',
      'files',
      'project_files',
      'faces',
      'embeddings',
      'votes',
      'verdicts',
      'runs',
      'sdc_claims',
      'import_ids',
      'audit',
    ] as const;
    const found: Record<string, unknown> = {};
    for (const table of tables) found[table] = await store.db.selectFrom(table).selectAll().execute();
    return found;
  };

  it('takes over people, with their tokens', async () => {
    await fill();
    await user('Locked', {
      access_token: Buffer.from(createFernet([newFernetKey(randomBytes)], clock, randomBytes).encrypt('x')),
    });
    const { taken, leftOut } = await run();
    expect(taken).toMatchObject({ users: 4, tokens: 2, 'tokens (plain text until their next refresh)': 1 });
    expect(leftOut).toContainEqual({ kind: 'tokens', reason: 'the old key does not open them', count: 1 });
    expect(leftOut).toContainEqual(expect.objectContaining({ kind: 'settings', count: 1 }));
    const people = await store.db
      .selectFrom('account_profiles')
      .leftJoin('account_tokens', 'account_tokens.account_id', 'account_profiles.account_id')
      .select(['account_profiles.account_id', 'username', 'scheme'])
      .orderBy('account_profiles.account_id')
      .execute();
    expect(people.map(({ username, scheme }) => [username, scheme])).toEqual([
      ['Ada', 'fernet'],
      ['Ben', 'plain'],
      ['Banned', 'fernet'],
      ['Locked', null],
    ]);
    for (const [i, words] of [
      ['access of Ada', 'refresh of Ada'],
      ['plain access', 'plain refresh'],
    ].entries()) {
      const tokens = await readTokens({ store, fernet }, people[i]?.account_id ?? 0);
      expect([tokens.accessToken, tokens.refreshToken, tokens.expiresAt]).toEqual([
        ...words,
        LATER.getTime(),
      ]);
    }
  });

  it('leaves alone who has an account here, and who asked to be forgotten', async () => {
    await fill();
    const here = await store.transaction(async (trx) => {
      const profile = {
        centralId: String(central - 2),
        username: 'Ada, renamed',
        editCount: 900,
        groups: [],
        registeredAt: null,
        blocked: false,
      };
      const account = await keepAccount(store, trx, { secret: SECRET, now: 1, profile });
      await storeTokens(trx, fernet, account.id, { accessToken: 'new', refreshToken: null, expiresAt: 5 });
      const gone = await keepAccount(store, trx, {
        secret: SECRET,
        now: 1,
        profile: { ...profile, centralId: String(central - 1) },
      });
      await trx.deleteFrom('account_profiles').where('account_id', '=', gone.id).execute();
      await trx.updateTable('accounts').set({ forgotten_at: 2 }).where('id', '=', gone.id).execute();
      return { account, gone };
    });
    const { leftOut } = await run();
    const profiles = await store.db
      .selectFrom('account_profiles')
      .select(['account_id', 'username', 'edit_count'])
      .orderBy('account_id')
      .execute();
    expect(profiles[0]).toEqual({ account_id: here.account.id, username: 'Ada, renamed', edit_count: 900 });
    expect(profiles.map((row) => row.account_id)).not.toContain(here.gone.id);
    expect((await readTokens({ store, fernet }, here.account.id)).accessToken).toBe('new');
    expect(leftOut.filter((row) => row.kind === 'tokens')).toHaveLength(2);
    const { created_by } = (await rows.projects())[0] ?? {};
    expect(created_by).toBe(here.account.id);
  });

  it('leaves tokens out when they are not wanted, or cannot be opened', async () => {
    await fill();
    const { leftOut } = await run({}, false);
    expect(leftOut).toContainEqual(
      expect.objectContaining({ kind: 'tokens', reason: expect.stringContaining('--old-key'), count: 2 }),
    );
    await store.db.deleteFrom('account_tokens').execute();
    await store.db.deleteFrom('import_ids').where('kind', '=', 'token').execute();
    expect((await run({ withTokens: false })).leftOut).toContainEqual({
      kind: 'tokens',
      reason: 'not asked for',
      count: 3,
    });
    expect(await store.db.selectFrom('account_tokens').selectAll().execute()).toEqual([]);
  });

  it('takes over projects with their person, category, numbers and members', async () => {
    await fill();
    const { taken, leftOut } = await run();
    expect(taken).toMatchObject({
      projects: 3,
      'projects that are another one in a different spelling': 1,
      members: 2,
    });
    expect(leftOut.filter((row) => row.kind === 'projects')).toEqual([
      { kind: 'projects', reason: 'deleted there', count: 1 },
      { kind: 'projects', reason: 'there is no item Q404', count: 1 },
      { kind: 'projects', reason: 'there is no item nonsense', count: 1 },
    ]);
    const projects = await rows.projects();
    expect(projects).toMatchObject([
      {
        title: 'Ada L.',
        category: 'Portraits of ada',
        state: 'paused',
        votes_needed: 1,
        min_confirmed: 5,
        created_at: THEN.getTime(),
      },
      { title: 'Label of Q2', category: 'Done', state: 'completed', threshold: 1, min_confirmed: 100 },
      { title: 'Label of Q3', state: 'paused' },
    ]);
    expect(projects[0]?.threshold).toBeCloseTo(0.55);
    const persons = await store.db.selectFrom('project_persons').selectAll().orderBy('project_id').execute();
    expect(persons.map((row) => row.person)).toEqual(['Q1', 'Q2', 'Q33']);
    const members = await store.db
      .selectFrom('project_members')
      .innerJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
      .select(['username', 'role', 'status'])
      .where('project_id', '=', projects[0]?.id ?? 0)
      .orderBy('username')
      .execute();
    expect(members).toEqual([
      { username: 'Ada', role: 'owner', status: 'active' },
      { username: 'Banned', role: 'member', status: 'banned' },
      { username: 'Ben', role: 'member', status: 'active' },
    ]);
  });

  it('takes over files as the wiki has them now, and faces as fractions', async () => {
    await fill();
    const { taken, leftOut } = await run();
    expect(taken.files).toBe(13);
    expect(leftOut).toContainEqual({ kind: 'files', reason: 'not on the wiki any more', count: 1 });
    expect(leftOut).toContainEqual({ kind: 'files', reason: 'no picture', count: 1 });
    const files = await store.db
      .selectFrom('files')
      .select(['page_id', 'title', 'state'])
      .orderBy('page_id')
      .execute();
    expect(files.map((row) => [row.page_id, row.state])).toEqual([
      [101, 'detected'],
      [102, 'detected'],
      // A face was lost on the way, nothing was found yet, another picture: our detector looks.
      [104, 'waiting'],
      [105, 'detected'],
      [106, 'detected'],
      [108, 'waiting'],
      [109, 'detected'],
      [110, 'waiting'],
      [111, 'detected'],
      [112, 'detected'],
      [120, 'detected'],
    ]);
    expect(files[0]?.title).toBe('File:Picture 101.jpg');
    const [first, second] = await rows.faces(101);
    expect(first).toMatchObject({
      x: 0.02,
      y: 0.25,
      w: 0.2,
      h: 0.25,
      source: 'detector',
      model: OLD_MODEL,
      seen_width: 500,
    });
    expect(second).toMatchObject({ x: 0.6 });
    // Over the edge.
    expect(await rows.faces(112)).toMatchObject([{ x: 0.9, w: expect.closeTo(0.1) }]);
    expect(await rows.faces(104)).toEqual([]);
    // The replaced box is left out, the new one is a person's.
    expect(await rows.faces(105)).toMatchObject([{ x: 0.04, source: 'drawn' }]);
    // Of an earlier version: kept for its vote, and never taken for the present one.
    expect(await rows.faces(110)).toMatchObject([{ x: 0.02, sha1: '' }]);
    expect(await rows.faces(111)).toHaveLength(1);
    expect(leftOut).toContainEqual({ kind: 'faces', reason: 'replaced by a newer box', count: 1 });
  });

  it('keeps encodings under a name of their own, and none of drawn boxes or completed projects', async () => {
    await fill();
    const { leftOut } = await run();
    const kept = await store.db
      .selectFrom('embeddings')
      .innerJoin('faces', 'faces.id', 'embeddings.face_id')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select(['page_id', 'embeddings.model', 'vector'])
      .orderBy('embeddings.face_id')
      .execute();
    expect(new Set(kept.map((row) => row.model))).toEqual(new Set([OLD_MODEL]));
    const pages = kept.map((row) => row.page_id);
    for (const pageId of [105, 110, 112, 120]) expect(pages).not.toContain(pageId);
    const expected = Float32Array.from({ length: 128 }, (_, i) => encoding(10).readDoubleLE(i * 8));
    expect(bytesToVector(kept[0]?.vector ?? new Uint8Array())).toEqual(expected);
    expect(leftOut.filter((row) => row.kind === 'encodings').map((row) => row.count)).toEqual([1, 1, 1]);
  });

  it('makes votes of what people said, and verdicts of those', async () => {
    await fill();
    const { leftOut } = await run();
    expect(await rows.verdicts()).toEqual([
      { page_id: 101, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 101, person: 'Q33', verdict: 'match', source: 'votes' },
      { page_id: 101, person: 'Q1', verdict: 'no_match', source: 'votes' },
      { page_id: 102, person: 'Q1', verdict: 'match', source: 'bootstrap' },
      { page_id: 105, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 110, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 111, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 120, person: 'Q2', verdict: 'match', source: 'votes' },
    ]);
    const votes = await store.db
      .selectFrom('votes')
      .innerJoin('account_profiles', 'account_profiles.account_id', 'votes.account_id')
      .select(['username', 'answer', 'voted_at', 'platform'])
      .where('face_id', '=', (await rows.faces(111))[0]?.id ?? 0)
      .orderBy('username')
      .execute();
    const vote = { answer: 'yes', voted_at: LATER.getTime(), platform: 'import' };
    expect(votes).toEqual([
      { username: 'Ada', ...vote },
      { username: 'Ben', ...vote },
    ]);
    expect(leftOut.filter((row) => row.kind === 'labels')).toEqual(
      expect.arrayContaining([
        { kind: 'labels', reason: 'of the old matcher, not of a person', count: 1 },
        { kind: 'labels', reason: 'of a person whose account is not there any more', count: 1 },
        { kind: 'labels', reason: 'the wiki does not say it any more', count: 1 },
        { kind: 'labels', reason: 'about a face or file that is left out', count: 2 },
      ]),
    );
  });

  it('believes the wiki about what was written', async () => {
    const { standing } = await fill();
    const { taken, leftOut } = await run();
    const claims = await store.db.selectFrom('sdc_claims').selectAll().orderBy('page_id').execute();
    expect(claims).toMatchObject([
      { page_id: 101, person: 'Q1', state: 'present', statement_id: standing },
      { page_id: 109, person: 'Q1', state: 'removed' },
    ]);
    expect(claims[0]?.reason).toContain('not ours to remove');
    expect(taken).toMatchObject({
      'written statements': 1,
      'written statements that somebody has removed since': 1,
    });
    expect(leftOut).toContainEqual({
      kind: 'written statements',
      reason: 'marked as written, but the wiki does not have them',
      count: 1,
    });
    const [first] = await rows.projects();
    // 101 stands, 109 was removed; what was only marked as written can be written now.
    const pairs = await pairsToWrite(store.db, first?.id ?? 0);
    expect(pairs.map((pair) => pair.pageId)).toEqual([105, 110, 111]);
    const depicts = await store.db
      .selectFrom('project_files')
      .innerJoin('files', 'files.id', 'project_files.file_id')
      .select(['page_id', 'depicts', 'depicts_read_at'])
      .where('depicts', 'is not', null)
      .execute();
    expect(depicts).toMatchObject([{ page_id: 102, depicts: 'Q1' }]);
  });

  it('changes nothing the second time, and says so', async () => {
    await fill();
    await run();
    const before = await everything();
    clock.advance(1000);
    const again = await run();
    expect(await everything()).toEqual(before);
    expect(again).toMatchObject({ nothingNew: true, taken: {} });
    expect(again.before).toMatchObject({ users: 3, projects: 4, tokens: 3 });
    expect(reportLines(again)[1]).toContain('nothing');
  });

  it('takes what has come since', async () => {
    await fill();
    await run();
    await old.query(`update faces set is_target = 1, classified_by = 'human', classified_by_user_id = 1
      where is_target is null and bbox_left = 450`);
    const { taken } = await run();
    expect(taken).toEqual({ labels: 1 });
  });

  it('rehearses without changing anything', async () => {
    await fill();
    const before = await everything();
    const rehearsed = await run({ dryRun: true });
    expect(await everything()).toEqual(before);
    const real = await run();
    expect({ ...rehearsed, dryRun: false }).toEqual(real);
    expect(reportLines(rehearsed)[0]).toContain('nothing was changed');
  });

  it('keeps the projects before one that fails, and goes on from there', async () => {
    await fill();
    const failing = { ...wiki };
    const { items } = wiki;
    wiki.items = async (ids) => {
      if (ids.includes('Q2')) throw new Error('the wiki has trouble');
      return items(ids);
    };
    try {
      await expect(run()).rejects.toThrow('the wiki has trouble');
    } finally {
      wiki.items = failing.items;
    }
    expect(await rows.projects()).toHaveLength(1);
    const { taken } = await run();
    expect(taken.projects).toBe(2);
    const votes = await store.db.selectFrom('votes').select('id').execute();
    expect(votes).toHaveLength(10);
  });

  it('uses the faces that our own detector has found', async () => {
    await fill();
    await run();
    // As if these had been looked at by us before the import.
    await store.db.deleteFrom('import_ids').where('kind', 'in', ['face', 'vote']).execute();
    await store.db.updateTable('faces').set({ model: 'our own' }).execute();
    await store.db
      .updateTable('faces')
      .set((eb) => ({ x: eb('x', '+', 0.02) }))
      .execute();
    const count = (await store.db.selectFrom('faces').select('id').execute()).length;
    const { taken, leftOut } = await run();
    expect(taken['faces that were here already']).toBeGreaterThan(8);
    expect(taken.faces).toBeUndefined();
    expect(await store.db.selectFrom('faces').select('id').execute()).toHaveLength(count);
    expect(leftOut.filter((row) => row.reason.includes('own detector'))).toEqual([]);
  });

  it('asks the wiki 50 files at a time', async () => {
    const ada = await user('Ada');
    const id = await project(ada, 'Q1', 'Many');
    for (let i = 0; i < 101; i++) await image(id, 1000 + i, { status: 'pending' });
    await run();
    expect(asked).toEqual([50, 50, 1]);
  });

  it('knows when it is no such database', async () => {
    await expect(openSource('sqlite:/nowhere')).rejects.toMatchObject({ code: 'bad_input' });
    await expect(openSource('mysql://nobody:hush@127.0.0.1:9/none')).rejects.toThrow(
      /^(?!.*hush).*ECONNREFUSED/,
    );
    await old.query('drop table faces');
    await expect(openSource(old.url)).rejects.toThrow('no table faces');
  });

  it('does without the tables and columns of newer versions', async () => {
    await fill();
    await old.query('drop table sdc_claims');
    await old.query('drop table project_members');
    await old.query('alter table users drop column leaderboard_opt_out');
    const { taken } = await run();
    expect(taken).toMatchObject({ users: 3, projects: 3, 'written statements': 1 });
  });
});
