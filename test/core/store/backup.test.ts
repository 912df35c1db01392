import { execFile, spawn } from 'node:child_process';
import { copyFileSync, createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { audit, firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { migrate } from '../../../src/core/store/migrate.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { visavis } from '../../cli/visavis.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { emptyDatabase, freshStore, type TestDatabase } from '../../support/stores.ts';

const VECTOR = Float32Array.from({ length: 128 }, (_, n) => n / 128);
/** What the log is about; a text that a wrong character set would spoil. */
const SUBJECT = 'Åse Ødegård’s 🇳🇴 project';

let folder: string;
let store: Store;
let source: TestDatabase['address'];
let dispose: () => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-backup-'));
});
afterEach(async () => {
  await dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(kind: 'sqlite' | 'mariadb'): Promise<void> {
  ({ store, address: source, dispose } = await freshStore(kind));
  const { id } = await addProject(store, { title: SUBJECT });
  await addMember(store, id);
  for (let n = 0; n < 20; n++) {
    const file = await addFile(store, id);
    await addFace(store, file, { vector: VECTOR });
    await note(n);
  }
}

const note = (at: number) =>
  store.transaction((trx) =>
    audit(store, trx, { at, accountId: null, action: 'test', subject: SUBJECT, detail: { at } }),
  );

/** People go on while the copy is made. */
async function whilePeopleGoOn<T>(work: () => Promise<T>): Promise<T> {
  let over = false;
  const others = (async () => {
    for (let at = 1000; !over; at++) {
      await note(at);
      // SQLite answers at once: without this nothing else of this process would have its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  try {
    return await work();
  } finally {
    over = true;
    await others;
  }
}

/** How many rows each table has. */
async function sizes(of: Store): Promise<Record<string, number>> {
  const tables = await of.db.introspection.getTables({ withInternalKyselyTables: true });
  const counted: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}`.execute(of.db);
    counted[name] = Number(rows[0]?.n);
  }
  return counted;
}

/** The copy is a whole product: its log verifies and can be written on, and nothing was lost. */
async function expectWhole(address: TestDatabase['address'], before: Record<string, number>): Promise<void> {
  const restored = openStore(address, { connections: 2 });
  try {
    expect((await migrate(restored, migrations)).ran).toEqual([]);
    expect(await firstBrokenAuditRow(restored)).toBe(null);
    const { audit: logged = 0, ...others } = await sizes(restored);
    const { audit: loggedBefore = 0, ...othersBefore } = before;
    expect(logged).toBeGreaterThanOrEqual(loggedBefore);
    expect(others).toEqual(othersBefore);
    const { vector } = await restored.db.selectFrom('embeddings').select('vector').executeTakeFirstOrThrow();
    expect(new Float32Array(Uint8Array.from(vector).buffer)).toEqual(VECTOR);
    const { title } = await restored.db.selectFrom('projects').select('title').executeTakeFirstOrThrow();
    expect(title).toBe(SUBJECT);
    await restored.transaction((trx) =>
      audit(restored, trx, { at: 1, accountId: null, action: 'restored', subject: SUBJECT }),
    );
    expect(await firstBrokenAuditRow(restored)).toBe(null);
    await restored.db.updateTable('audit').set({ subject: 'forged' }).where('id', '=', 3).execute();
    expect(await firstBrokenAuditRow(restored)).toBe(3);
  } finally {
    await restored.close();
  }
}

describe('the embedded database', () => {
  it('is copied by "visavis backup" while people go on, and restored by putting the file in its place', async () => {
    await fill('sqlite');
    if (source.kind !== 'sqlite') throw new Error('not SQLite');
    const { path } = source;
    const before = await sizes(store);
    const copy = join(folder, 'copy.sqlite');
    const made = await whilePeopleGoOn(() => visavis(['backup', copy], { DATABASE_URL: path }));
    expect(made).toMatchObject({ status: 0, err: '' });
    const again = await visavis(['backup', copy], { DATABASE_URL: path });
    expect(again.status).toBe(1);
    expect(again.err).toContain('is there already');
    const place = join(folder, 'data.sqlite');
    copyFileSync(copy, place);
    await expectWhole({ kind: 'sqlite', path: place }, before);
    const doctor = await visavis(['doctor'], { DATABASE_URL: copy, VISAVIS_DATA_DIR: folder });
    expect(doctor.out).toMatch(/ok +audit log +its chain is whole/);
  });
});

describe.runIf(inject('mariadb'))('a database of MariaDB', () => {
  let target: TestDatabase;
  beforeEach(async () => {
    target = await emptyDatabase('mariadb');
  });
  afterEach(() => target.drop());

  it('is copied by mariadb-dump while people go on, and restored by mariadb', async () => {
    await fill('mariadb');
    if (source.kind !== 'mariadb' || target.address.kind !== 'mariadb') throw new Error('not MariaDB');
    const before = await sizes(store);
    const copy = join(folder, 'copy.sql');
    // The line of docs/operating.md.
    const options = ['--single-transaction', '--default-character-set=utf8mb4', '--hex-blob'];
    const { url } = source;
    const dump = await whilePeopleGoOn(() =>
      promisify(execFile)('mariadb-dump', [...options, ...where(url)], { maxBuffer: 1e9 }),
    );
    writeFileSync(copy, dump.stdout);
    await restore(copy, target.address.url);
    await expectWhole(target.address, before);
    const refused = await visavis(['backup', join(folder, 'x.sqlite')], { DATABASE_URL: url });
    expect(refused.err).toContain('mariadb-dump --single-transaction');
    expect(existsSync(join(folder, 'x.sqlite'))).toBe(false);
  });
});

function where(address: string): string[] {
  const { hostname, port, username, pathname } = new URL(address);
  return ['-h', hostname, '-P', port, '-u', username, pathname.slice(1)];
}

function restore(file: string, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('mariadb', ['--default-character-set=utf8mb4', ...where(address)], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    createReadStream(file).pipe(child.stdin);
    child.once('error', reject);
    child.once('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`mariadb ended with ${status}`)),
    );
  });
}
