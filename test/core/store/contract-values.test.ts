import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';

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

describe.each(engines())('values in the store on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  let count = 0;
  const key = () => `key-${++count}`;

  const oneFace = async () => {
    const { id: project } = await addProject(store);
    const { faceId: face } = await addPortrait(store, project);
    return { project, face };
  };

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

  it.each([...NUMBERS, ...TIMES])('keeps the time or number %d', async (value) => {
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
    const { project, face } = await oneFace();
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
    const { face } = await oneFace();
    await store.db.insertInto('embeddings').values({ face_id: face, model: 'm', vector: bytes }).execute();
    const row = await other.db
      .selectFrom('embeddings')
      .select('vector')
      .where('face_id', '=', face)
      .executeTakeFirstOrThrow();
    expect(row.vector).toBeInstanceOf(Uint8Array);
    expect(Buffer.compare(row.vector, bytes)).toBe(0);
  });
});
