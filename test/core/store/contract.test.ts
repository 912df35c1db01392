import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { forUpdate, isDuplicate, openStore } from '../../../src/core/store/store.ts';
import { engines, freshStore } from '../../support/stores.ts';

/** Values that databases like to change on the way: each must come back as it went in. */
const TEXTS = [
  '',
  ' ',
  ' leading and trailing ',
  'plain',
  "O'Brien",
  '"quoted"',
  'back\\slash',
  '%',
  '_',
  '100%_sure',
  '--comment',
  ';drop table votes',
  'é',
  'e\u0301',
  'Ångström',
  'ß',
  'ẞ',
  'İ',
  'ı',
  'Ελληνικά',
  'русский',
  'עברית',
  'العربية',
  '日本語',
  '한국어',
  'हिन्दी',
  '✅',
  '❌',
  '🤷',
  '🤷🏽‍♀️',
  '1️⃣',
  '9️⃣',
  '🇦',
  '🇮',
  '👨‍👩‍👧',
  '\u{1F600}',
  '\u200d',
  '\ufe0f',
  'tab\tnew\nline',
  '\r\n',
  '\u0001',
  'NULL',
  '0',
  'true',
  'a'.repeat(255),
  '€'.repeat(255),
  '😀'.repeat(255),
];
const NUMBERS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
const TIMES = [0, 1, 1_600_000_000_000, 1_763_784_000_123, 2 ** 52];
const REALS = [0, 1, -1, 0.1, 1 / 3, 1e-12, 0.6, 123456.789, Math.PI, 5e-324, 1.7e308];
const BYTES = [
  new Uint8Array(0),
  new Uint8Array([0]),
  new Uint8Array([255]),
  new Uint8Array([0, 1, 2, 39, 92, 34, 26]),
  new Uint8Array(512).map((_, i) => i),
  new Uint8Array(100_000).map((_, i) => i * 7),
];
/** Pairs that a careless collation holds to be equal. */
const DIFFERENT = [
  ['a', 'A'],
  ['e', 'é'],
  ['ss', 'ß'],
  ['i', 'İ'],
  ['Straße', 'Strasse'],
  ['x', 'x '],
  ['👍', '👎'],
  ['1️⃣', '2️⃣'],
  ['✅', '✅\ufe0f'],
  ['か', 'が'],
  ['カ', 'か'],
  ['é', 'e\u0301'],
] as const;

describe.each(engines())('the store on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;

  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
    dispose = async () => {
      await other.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());

  let count = 0;
  const key = () => `key-${++count}`;

  it.each(TEXTS)('keeps the text %j as it is', async (text) => {
    const name = key();
    await store.db.insertInto('settings').values({ name, value: text }).execute();
    const row = await other.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.value).toBe(text);
  });

  it.each(TEXTS)('finds an indexed word %j by itself and nothing else', async (text) => {
    const channel = { platform: key().slice(0, 20), name: text, max_open: 1 };
    await store.db
      .insertInto('channels')
      .values({ ...channel, external_id: text })
      .execute();
    await store.db
      .insertInto('channels')
      .values({ ...channel, external_id: `${text.slice(0, 100)}x` })
      .execute();
    const rows = await store.db
      .selectFrom('channels')
      .select(['external_id', 'name'])
      .where('platform', '=', channel.platform)
      .where('external_id', '=', text)
      .execute();
    expect(rows).toEqual([{ external_id: text, name: text }]);
  });

  it.each(DIFFERENT)('holds %j and %j apart, in values and in unique keys', async (left, right) => {
    const platform = key().slice(0, 20);
    for (const external_id of [left, right]) {
      await store.db
        .insertInto('channels')
        .values({ platform, external_id, name: 'x', max_open: 1 })
        .execute();
    }
    const rows = await store.db
      .selectFrom('channels')
      .select('external_id')
      .where('platform', '=', platform)
      .where('external_id', '=', left)
      .execute();
    // MariaDB ignores trailing blanks in comparisons under PAD SPACE collations; ours must not.
    expect(rows).toEqual([{ external_id: left }]);
  });

  it.each([...NUMBERS, ...TIMES.map((time) => time)])('keeps the time or number %d', async (value) => {
    const name = key();
    await store.db
      .insertInto('leases')
      .values({ name, owner: null, expires_at: value, fence: Math.min(value, 7) })
      .execute();
    const row = await other.db
      .selectFrom('leases')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.expires_at).toBe(value);
    expect(row.owner).toBeNull();
  });

  it.each(REALS)('keeps the real number %d', async (value) => {
    const { project, face } = await oneFace(store, key());
    await store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: face, person: 'Q1', distance: value, suggested: 1 })
      .execute();
    const row = await other.db
      .selectFrom('suggestions')
      .select(['distance', 'suggested'])
      .where('face_id', '=', face)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ distance: value, suggested: 1 });
  });

  it.each(BYTES)('keeps %#: bytes as they are', async (bytes) => {
    const { face } = await oneFace(store, key());
    await store.db.insertInto('embeddings').values({ face_id: face, model: 'm', vector: bytes }).execute();
    const row = await other.db
      .selectFrom('embeddings')
      .select('vector')
      .where('face_id', '=', face)
      .executeTakeFirstOrThrow();
    expect(row.vector).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(row.vector, bytes)).toBe(0);
  });

  it('counts ids up and never gives one out twice, not even after a deletion', async () => {
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { id } = await store.db
        .insertInto('audit')
        .values({ at: i, account_id: null, action: 'a', subject: 's', detail: '{}', hash: key() })
        .returning('id')
        .executeTakeFirstOrThrow();
      seen.push(id);
      await store.db.deleteFrom('audit').where('id', '=', id).execute();
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('answers counts and sums as numbers', async () => {
    const project = await oneProject(store, key());
    const row = await store.db
      .selectFrom('projects')
      .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.sum<number>('votes_needed').as('votes')])
      .where('id', '=', project)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ n: 1, votes: 2 });
  });

  it('says so when a unique key is there already, and changes nothing', async () => {
    const name = key();
    await store.db.insertInto('settings').values({ name, value: 'first' }).execute();
    const error = await store.db
      .insertInto('settings')
      .values({ name, value: 'second' })
      .execute()
      .catch((e) => e);
    expect(isDuplicate(error)).toBe(true);
    const row = await store.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.value).toBe('first');
  });

  it('refuses a row that points nowhere', async () => {
    await expect(
      store.db
        .insertInto('account_tokens')
        .values({
          account_id: 999_999_999,
          access_token: new Uint8Array([1]),
          refresh_token: null,
          token_expires_at: 0,
          broken_at: null,
          broken_reason: null,
        })
        .execute(),
    ).rejects.toThrow();
  });

  it('counts rows that an update found, changed or not', async () => {
    const name = key();
    await store.db.insertInto('settings').values({ name, value: 'same' }).execute();
    const again = await store.db
      .updateTable('settings')
      .set({ value: 'same' })
      .where('name', '=', name)
      .executeTakeFirst();
    expect(again.numUpdatedRows).toBe(1n);
    const none = await store.db
      .updateTable('settings')
      .set({ value: 'x' })
      .where('name', '=', key())
      .executeTakeFirst();
    expect(none.numUpdatedRows).toBe(0n);
  });

  it('forgets everything of a transaction that fails', async () => {
    const name = key();
    await expect(
      store.transaction(async (trx) => {
        await trx.insertInto('settings').values({ name, value: 'x' }).execute();
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(await store.db.selectFrom('settings').selectAll().where('name', '=', name).execute()).toEqual([]);
  });

  it('keeps queries beside a transaction out of it', async () => {
    const [inside, beside] = [key(), key()];
    const failing = store.transaction(async (trx) => {
      await trx.insertInto('settings').values({ name: inside, value: 'x' }).execute();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('stop');
    });
    const other = store.db.insertInto('settings').values({ name: beside, value: 'y' }).execute();
    await expect(failing).rejects.toThrow('stop');
    await other;
    const rows = await store.db
      .selectFrom('settings')
      .select('name')
      .where('name', 'in', [inside, beside])
      .execute();
    expect(rows).toEqual([{ name: beside }]);
  });

  it('loses no step of two stores that count one number up 100 times', async () => {
    const name = key();
    await store.db.insertInto('leases').values({ name, owner: null, expires_at: 0, fence: 0 }).execute();
    const count = (which: Store) =>
      which.transaction(async (trx) => {
        const row = await forUpdate(
          which,
          trx.selectFrom('leases').select('fence').where('name', '=', name),
        ).executeTakeFirstOrThrow();
        await trx
          .updateTable('leases')
          .set({ fence: row.fence + 1 })
          .where('name', '=', name)
          .execute();
      });
    await Promise.all(Array.from({ length: 100 }, (_, i) => count(i % 2 ? store : other)));
    const row = await store.db
      .selectFrom('leases')
      .select('fence')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.fence).toBe(100);
  });

  it('treats what looks like SQL as text', async () => {
    const name = key();
    const value = "'; delete from settings; --";
    await store.db.insertInto('settings').values({ name, value }).execute();
    const found = await store.db.selectFrom('settings').select('name').where('value', '=', value).execute();
    expect(found).toEqual([{ name }]);
  });

  it('has every table that the code knows, with its columns', async () => {
    const tables = await store.db.introspection.getTables();
    const names = tables
      .map((table) => table.name)
      .filter((name) => !name.startsWith('kysely_'))
      .sort();
    expect(names).toEqual(
      [
        'account_notices',
        'account_pace',
        'account_profiles',
        'account_tokens',
        'accounts',
        'administrators',
        'audit',
        'ballots',
        'block_list',
        'channels',
        'check_answers',
        'crawl_members',
        'crawl_queue',
        'csp_allowed',
        'csp_approvals',
        'csp_changes',
        'csp_denied',
        'csp_own_violations',
        'csp_pending',
        'csp_shared_hosts',
        'csp_source_details',
        'csp_sources',
        'csp_violations',
        'embeddings',
        'face_boxes',
        'faces',
        'files',
        'identities',
        'import_ids',
        'invitations',
        'item_redirects',
        'kept_counts',
        'kept_votes',
        'leases',
        'link_requests',
        'matched_persons',
        'matrix_handled',
        'matrix_messages',
        'matrix_reactions',
        'matrix_state',
        'passkeys',
        'portraits',
        'posts',
        'project_exclusions',
        'project_files',
        'project_members',
        'project_origins',
        'project_persons',
        'project_references',
        'projects',
        'question_faces',
        'questions',
        'reactions',
        'reopenings',
        'room_events',
        'room_messages',
        'room_reactions',
        'runs',
        'sdc_claims',
        'sessions',
        'settings',
        'skips',
        'suggestions',
        'verdicts',
        'votes',
        'workers',
      ].sort(),
    );
  });

  it('answers at all', async () => {
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(store.db);
    expect(rows).toEqual([{ one: 1 }]);
  });
});

async function oneProject(store: Store, word: string): Promise<number> {
  const account = await store.db
    .insertInto('accounts')
    .values({ central_hash: Buffer.from(`${word}-${Math.random()}`), created_at: 0, forgotten_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  const project = await store.db
    .insertInto('projects')
    .values({
      title: word,
      category: word,
      state: 'active',
      language: 'en',
      votes_needed: 2,
      threshold: 0.6,
      min_confirmed: 2,
      open: 0,
      matching: 1,
      depth: 3,
      file_cap: 9000,
      created_by: account.id,
      created_at: 0,
      crawled_at: null,
      crawl_wanted_at: null,
      bootstrapped_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return project.id;
}

let pageId = 1000;
async function oneFace(store: Store, word: string): Promise<{ project: number; face: number }> {
  const project = await oneProject(store, word);
  const file = await store.db
    .insertInto('files')
    .values({
      page_id: ++pageId,
      title: `File:${word}.jpg`,
      sha1: 'a'.repeat(40),
      width: 10,
      height: 10,
      mime: 'image/jpeg',
      thumb_url: 'x',
      page_url: 'x',
      author: '',
      licence: '',
      licence_url: null,
      state: 'detected',
      reason: null,
      retry_at: null,
      detected_at: 1,
      lease_owner: null,
      lease_expires_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const face = await store.db
    .insertInto('faces')
    .values({
      file_id: file.id,
      sha1: 'a'.repeat(40),
      x: 0,
      y: 0,
      w: 0.1,
      h: 0.1,
      score: 0.9,
      landmarks: '[]',
      model: 'm',
      seen_width: 10,
      seen_height: 10,
      source: 'detector',
      created_at: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { project, face: face.id };
}
