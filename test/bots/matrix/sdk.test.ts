import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { loadSdk } from '../../../src/bots/matrix/sdk.ts';

test('the SDK is there without its native library, and without modules that it does not need', async () => {
  const { MatrixClient } = await loadSdk();
  expect(new MatrixClient('http://localhost', 'token')).toHaveProperty('doSync');
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  expect(loaded.some((path) => path.includes('matrix-bot-sdk'))).toBe(true);
  expect(loaded.filter((path) => /\/node_modules\/(request|htmlencode)\//.test(path))).toEqual([]);
  expect(await loadSdk()).toBe(await loadSdk());
});
