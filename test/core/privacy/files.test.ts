import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { vectorToBytes } from '../../../src/core/faces/vectors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { eraseEmbeddings } from '../../../src/core/privacy/embeddings.ts';
import { retentionStep } from '../../../src/core/privacy/retention.ts';
import { retentionReports } from '../../../src/core/privacy/retention-report.ts';
import type { DatabaseAddress, Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const DAY = 24 * 60 * 60_000;
/** More than one page of any engine. */
const FACES = 200;

describe.each(engines())('what is deleted leaves the files of %s', (kind) => {
  let store: Store;
  let address: DatabaseAddress;
  let dispose: () => Promise<void>;
  let clock: ReturnType<typeof fakeClock>;
  beforeEach(async () => {
    clock = fakeClock();
    ({ store, address, dispose } = await freshStore(kind));
  });
  afterEach(() => dispose());

  /** An embedding that nothing else looks like. */
  const vector = (n: number) => new Float32Array(128).fill(0.1234567 + n / 10);
  const bytes = (n: number) => Buffer.from(vector(n).buffer);
  const run = () => retentionStep({ store, clock, log: silentLog, workerId: 'w' });

  async function embedded(project: number, n: number): Promise<number[]> {
    const file = await addFile(store, project);
    const faces: number[] = [];
    for (let i = 0; i < FACES; i++) faces.push(await addFace(store, file, { vector: vector(n) }));
    return faces;
  }

  async function found(n: number): Promise<boolean> {
    return (await files(address, ['embeddings', 'portraits'])).some((file) => file.includes(bytes(n)));
  }

  test('embeddings and measured portraits, after the daily job', async () => {
    const { id: over } = await addProject(store, {
      state: 'completed',
      completed_at: clock.now() - 91 * DAY,
    });
    const { id: standing } = await addProject(store);
    await embedded(over, 1);
    await embedded(standing, 2);
    const portrait = (person: string, n: number) => ({
      person,
      url_hash: 'a'.repeat(64),
      model: 'm',
      state: 'usable' as const,
      vector: vectorToBytes(vector(n)),
      attempts: 0,
      retry_at: null,
      looked_at: 0,
    });
    const [theirs] = await store.db
      .selectFrom('project_persons')
      .select('person')
      .where('project_id', '=', standing)
      .execute();
    await store.db
      .insertInto('portraits')
      .values([portrait('Q999999', 3), portrait(theirs?.person ?? '', 4)])
      .execute();
    for (const n of [1, 2, 3, 4]) expect(await found(n), `before, ${n}`).toBe(true);
    await run();
    expect((await retentionReports(store))[0]).toMatchObject({ embeddings: FACES, portraits: 1 });
    expect(await found(1)).toBe(false);
    expect(await found(2)).toBe(true);
    expect(await found(3)).toBe(false);
    expect(await found(4)).toBe(true);
  });

  test('what somebody else deleted since, too', async () => {
    const { id: project } = await addProject(store);
    await run();
    const faces = await embedded(project, 1);
    await embedded(project, 2);
    await store.transaction((trx) => eraseEmbeddings(trx, faces));
    clock.advance(DAY + 1);
    await run();
    expect((await retentionReports(store))[0]).toMatchObject({ embeddings: 0, at: clock.now() });
    expect(await found(1)).toBe(false);
    expect(await found(2)).toBe(true);
  });
});

/** The bytes on the disk: SQLite's file and its log; MariaDB's files of these tables, written out for it. */
async function files(address: DatabaseAddress, tables: readonly string[]): Promise<Buffer[]> {
  if (address.kind === 'sqlite')
    return ['', '-wal']
      .map((end) => `${address.path}${end}`)
      .filter((path) => existsSync(path))
      .map((path) => readFileSync(path));
  const connection = await createConnection(address.url);
  try {
    const [[row]] = await connection.query<never[]>('select @@datadir as folder');
    const { folder } = row as unknown as { folder: string };
    await connection.query(`flush tables ${tables.join(', ')} for export`);
    const database = new URL(address.url).pathname.slice(1);
    return tables.map((table) => readFileSync(join(folder, database, `${table}.ibd`)));
  } finally {
    await connection.end();
  }
}
