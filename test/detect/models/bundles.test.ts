import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelsCommand } from '../../../src/cli/models.ts';
import { loadConfig } from '../../../src/config.ts';
import { BUNDLE_NAMES, BUNDLES, type DownloadArtifact } from '../../../src/detect/models/catalogue.ts';
import { downloadArtifact } from '../../../src/detect/models/download.ts';
import { sha256Of } from '../../../src/detect/models/fetch.ts';
import { modelStatus, prepareModels, readModels } from '../../../src/detect/models/prepare.ts';
import { dataDir } from '../prepared.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'visavis-bundles-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const yunet = BUNDLES.yunet.files.detect as DownloadArtifact;

describe('bundles', () => {
  it('have ids of their own, because their embeddings never mix', () => {
    const ids = BUNDLE_NAMES.map((name) => BUNDLES[name].model);
    expect(new Set(ids).size).toBe(BUNDLE_NAMES.length);
    // They are stored with every embedding.
    expect(ids).toEqual(['ultraface-320/landmarks-68/dlib-128', 'yunet-640/points-5/dlib-128']);
  });

  it('are chosen by settings', () => {
    expect(loadConfig({}, '/root').models).toEqual({ bundle: 'default', yunetFile: null });
    const given = { VISAVIS_MODELS: 'yunet', VISAVIS_YUNET_FILE: 'models/y.onnx' };
    expect(loadConfig(given, '/root').models).toEqual({ bundle: 'yunet', yunetFile: '/root/models/y.onnx' });
    expect(() => loadConfig({ VISAVIS_MODELS: 'other' }, '/root')).toThrow(/VISAVIS_MODELS is neither/);
  });
});

describe('a file of the operator’s own', () => {
  it('is refused when it is another one, and never replaced', async () => {
    const yunetFile = join(folder, 'own.onnx');
    const choice = { bundle: 'yunet', yunetFile } as const;
    await writeFile(yunetFile, 'something else');
    expect((await modelStatus(dataDir, choice)).map(({ step, state }) => [step, state])).toEqual([
      ['detect', 'damaged'],
      ['embed', 'ready'],
    ]);
    await expect(readModels(dataDir, choice)).rejects.toThrow(/VISAVIS_YUNET_FILE names is damaged/);
    await expect(prepareModels(dataDir, () => {}, choice)).rejects.toThrow(/VISAVIS_YUNET_FILE/);
    expect(await readdir(folder)).toEqual(['own.onnx']);
    await rm(yunetFile);
    await expect(prepareModels(dataDir, () => {}, choice)).rejects.toMatchObject({
      code: 'model_unavailable',
    });
  });

  it('is named in the list, with the bundle', async () => {
    const out: string[] = [];
    const models = { bundle: 'yunet', yunetFile: join(folder, 'own.onnx') } as const;
    const context = { dataDir, models, isTty: false, out: (line: string) => out.push(line), err: () => {} };
    expect(await modelsCommand(['check'], context)).toBe(1);
    expect(out[0]).toBe('bundle yunet (VISAVIS_MODELS), embeddings yunet-640/points-5/dlib-128');
    expect(out.join('\n')).toMatch(/detect {5}missing\n.*own\.onnx\n.*from VISAVIS_YUNET_FILE, MIT/);
  });
});

describe('a download', () => {
  const bytes = Buffer.from('a model');
  const artifact = { ...yunet, sha256: sha256Of(bytes), alsoSha256: [] };
  const answering = (response: () => Response) => (async () => response()) as typeof fetch;

  it('is asked for at its https address, and checked', async () => {
    const asked: unknown[] = [];
    const fetch = (async (url: string) => {
      asked.push(url);
      return new Response(bytes);
    }) as typeof globalThis.fetch;
    expect(Buffer.from(await downloadArtifact(artifact, fetch))).toEqual(bytes);
    expect(asked).toEqual([artifact.url]);
    expect(artifact.url).toMatch(/^https:/);
  });

  it.each([
    ['something else', () => new Response('a page that says sorry'), /wrong checksum/],
    ['an error', () => new Response('', { status: 404 }), /HTTP 404/],
    ['far too much', () => new Response(Buffer.alloc(10_000_001)), /much larger/],
    [
      'nothing',
      () => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ENOTFOUND' }) });
      },
      /ENOTFOUND/,
    ],
  ])('that gives %s is refused, and says what to do instead', async (_, response, reason) => {
    const failure = await downloadArtifact(artifact, answering(response)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'model_unavailable' });
    expect(String(failure)).toMatch(reason);
    expect(String(failure)).toMatch(/VISAVIS_YUNET_FILE.*visavis models prepare/);
  });
});
