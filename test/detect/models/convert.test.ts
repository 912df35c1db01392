import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLES, type PackageArtifact } from '../../../src/detect/models/catalogue.ts';
import { fetchEntries, sha256Of } from '../../../src/detect/models/fetch.ts';
import { only, openNetwork } from '../../../src/detect/steps/session.ts';
import golden from './golden.json' with { type: 'json' };

const { landmarks, embed } = BUNDLES.default.files as { landmarks: PackageArtifact; embed: PackageArtifact };
let folder = '';
let sources = new Map<string, Buffer>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'visavis-convert-'));
  sources = await fetchEntries(embed.package, [...landmarks.entries, ...embed.entries], folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function convert({ convert, entries }: PackageArtifact): Uint8Array {
  if (!convert) throw new Error('nothing to convert');
  return convert(...entries.map(({ path }) => sources.get(path) ?? Buffer.alloc(0)));
}

/** The synthetic picture that the golden values were computed for, as planes. */
function syntheticPicture(size: number): Float32Array {
  const planes = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        planes[(c * size + y) * size + x] = (7 * x + 13 * y + 29 * c + 5 * ((x * y) % 31)) % 256;
  return planes;
}

describe.each([
  { name: 'face_recognition', artifact: embed, expected: golden.models.face_recognition },
  { name: 'face_landmark_68', artifact: landmarks, expected: golden.models.face_landmark_68 },
])('converted $name', ({ artifact, expected }) => {
  it('gives the reference outputs to 1e-4', async () => {
    const network = await openNetwork(convert(artifact));
    const { size } = expected;
    const output = only(await network(syntheticPicture(size), [1, 3, size, size]));
    expect(output.length).toBe(expected.output.length);
    const errors = expected.output.map((value, i) => Math.abs(value - (output[i] ?? Number.NaN)));
    expect(Math.max(...errors)).toBeLessThan(1e-4);
  });

  it('gives each of a batch what it gives it alone', async () => {
    const network = await openNetwork(convert(artifact));
    const { size } = expected;
    const picture = syntheticPicture(size);
    const pair = new Float32Array(picture.length * 2);
    pair.set(picture.map((value) => value / 3));
    pair.set(picture, picture.length);
    const both = only(await network(pair, [2, 3, size, size]));
    const alone = only(await network(picture, [1, 3, size, size]));
    const second = both.slice(alone.length);
    expect(Math.max(...second.map((value, i) => Math.abs(value - (alone[i] ?? 0))))).toBeLessThan(1e-4);
    expect(Math.max(...second.map((value, i) => Math.abs(value - (both[i] ?? 0))))).toBeGreaterThan(1e-3);
  });

  it('is the same bytes each time, and those of the catalogue', () => {
    const first = convert(artifact);
    expect(Buffer.compare(first, convert(artifact))).toBe(0);
    expect(sha256Of(first)).toBe(artifact.sha256);
  });

  it('refuses weights that do not fill the manifest', () => {
    const [manifest, shard] = artifact.entries.map(({ path }) => sources.get(path) ?? Buffer.alloc(0));
    if (!manifest || !shard) throw new Error('no sources');
    expect(() => artifact.convert?.(manifest, Buffer.concat([shard, Buffer.alloc(1)]))).toThrow(
      /weights end at/,
    );
  });
});
