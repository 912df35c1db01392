import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrations } from '../../migrations/index.ts';
import { createFernet } from '../../src/core/accounts/fernet.ts';
import { storeTokens } from '../../src/core/accounts/tokens.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { addAccount } from '../support/people.ts';
import { type Ran, visavis } from './visavis.ts';

const [OLD = '', NEW = '', OTHER = ''] = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString('base64url'));
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-tokens-'));
  const store = openStore({ kind: 'sqlite', path: join(folder, 'visavis.sqlite') });
  await migrate(store, migrations);
  const fernet = createFernet([`${OLD}=`], systemClock, randomBytes);
  for (let i = 0; i < 3; i++) {
    const id = await addAccount(store);
    const tokens = { accessToken: 'access-secret', refreshToken: 'refresh-secret', expiresAt: 1 };
    await store.transaction((trx) => storeTokens(trx, fernet, id, tokens));
  }
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tokens(action: string[], keys: string): Promise<Ran> {
  return visavis(['tokens', ...action], { VISAVIS_DATA_DIR: folder, VISAVIS_TOKEN_KEY: keys });
}

it('says under which keys the tokens are, rotates them, and shows no secret', async () => {
  const before = await tokens(['status'], `${NEW},${OLD}`);
  expect(before.status).toBe(0);
  expect(before.out).toMatch(/under key 1 +0\nunder key 2 +3\n/);
  const rotated = await tokens(['rotate'], `${NEW},${OLD}`);
  expect(rotated.status).toBe(0);
  expect(rotated.out).toMatch(/under the first key now +3/);
  const after = await tokens(['status'], NEW);
  expect(after).toMatchObject({ status: 0, err: '' });
  expect(after.out).toMatch(/under key 1 +3/);
  for (const { out, err } of [before, rotated, after]) expect(out + err).not.toMatch(/secret|gAAAA/);
  for (const key of [OLD, NEW]) expect(before.out + rotated.out + rotated.err).not.toContain(key);
});

it('fails when no key opens the tokens, and when it is asked for something else', async () => {
  const unreadable = await tokens(['status'], OTHER);
  expect(unreadable.status).toBe(1);
  expect(unreadable.out).toMatch(/unreadable +3/);
  expect((await tokens([], NEW)).status).toBe(2);
  expect((await tokens(['--help'], NEW)).status).toBe(0);
});
