import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { BUNDLES, PRACTICE_PHOTOS } from '../../../src/detect/models/catalogue.ts';
import { fetchEntries, sha256Of } from '../../../src/detect/models/fetch.ts';
import { modelStatus, prepareModels, readModels } from '../../../src/detect/models/prepare.ts';
import { dataDir, preparedPhotos } from '../prepared.ts';

let folder = '';
beforeAll(async () => {
  await preparedPhotos();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'visavis-prepare-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** npm that can reach nothing, whatever it has cached. */
function cutOff(): void {
  vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
  vi.stubEnv('npm_config_fetch_retries', '0');
  vi.stubEnv('npm_config_cache', join(folder, 'npm-cache'));
}

const states = async (dir: string) => (await modelStatus(dir)).map(({ state }) => state);

describe('prepared models', () => {
  it('are ready, and named by one id', async () => {
    expect(await states(dataDir)).toEqual(['ready', 'ready', 'ready']);
    expect((await modelStatus(dataDir)).map(({ step }) => step)).toEqual(['detect', 'landmarks', 'embed']);
    expect(BUNDLES.default.model).toMatch(/dlib-128/);
  });

  it('are not fetched again', async () => {
    cutOff();
    const steps: string[] = [];
    await prepareModels(dataDir, ({ text }) => steps.push(text));
    expect(steps).toEqual(['ready']);
  });

  it('are checked: a damaged file is told, refused, and fetched again', async () => {
    await cp(join(dataDir, 'models'), join(folder, 'models'), { recursive: true });
    const [, landmarks] = await modelStatus(folder);
    if (!landmarks) throw new Error('no landmarks model');
    const bytes = await readFile(landmarks.path);
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    await writeFile(landmarks.path, bytes);
    expect(await states(folder)).toEqual(['ready', 'damaged', 'ready']);
    await expect(readModels(folder)).rejects.toMatchObject({ code: 'model_unavailable' });
    await prepareModels(folder);
    expect(await states(folder)).toEqual(['ready', 'ready', 'ready']);
    expect(sha256Of(await readFile(landmarks.path))).toBe(landmarks.sha256);
  });
});

describe('without the registry', () => {
  it('says what is missing and what to do, and leaves nothing behind', async () => {
    cutOff();
    const failure = await prepareModels(folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VisavisError);
    expect(failure).toMatchObject({ code: 'model_unavailable' });
    expect(String(failure)).toMatch(/could not be fetched.*visavis models prepare/);
    expect(await readdir(join(folder, 'models'))).toEqual([]);
    expect(await states(folder)).toEqual(['missing', 'missing', 'missing']);
  });

  it('does not spoil the next attempt of the same process', async () => {
    vi.stubEnv('PATH', folder);
    await expect(prepareModels(folder)).rejects.toThrow(/npm could not be started/);
    vi.unstubAllEnvs();
    await expect(prepareModels(dataDir)).resolves.toBeUndefined();
  });
});

describe('fetching', () => {
  const [wanted] = PRACTICE_PHOTOS;
  if (!wanted) throw new Error('no practice photos');

  it('refuses an entry with another checksum, and one that is not there', async () => {
    const path = wanted.entries[0]?.path ?? '';
    const wrong = fetchEntries(wanted.package, [{ path, sha256: '0'.repeat(64) }], folder);
    await expect(wrong).rejects.toThrow(/sample1.jpg has a wrong checksum/);
    const absent = fetchEntries(wanted.package, [{ path: 'nothing.bin', sha256: '0'.repeat(64) }], folder);
    await expect(absent).rejects.toThrow(/nothing.bin is not in it/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets two processes prepare the same folder at once', async () => {
    const module = new URL('../../../src/detect/models/prepare.ts', import.meta.url).href;
    const script =
      `const { preparePracticePhotos } = await import(${JSON.stringify(module)});` +
      `await preparePracticePhotos(${JSON.stringify(folder)});`;
    const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    await Promise.all([start(), start()]);
    const names = PRACTICE_PHOTOS.map(({ path }) => path.replace('practice/', ''));
    expect((await readdir(join(folder, 'practice'))).sort()).toEqual(names);
    for (const { path, sha256 } of PRACTICE_PHOTOS)
      expect(sha256Of(await readFile(join(folder, path)))).toBe(sha256);
    // What else the package holds was kept on the way; no unfinished file stays.
    expect((await readdir(join(folder, 'models'))).sort()).toEqual([
      'dlib-face-recognition.onnx',
      'face-landmark-68.onnx',
    ]);
  });
});
