/** Fetches, checks and converts the models and practice photos, and keeps them in the data folder. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VisavisError } from '../../core/platform/errors.ts';
import { type Artifact, artifactsOf, BUNDLES, type BundleName, PRACTICE_PHOTOS } from './catalogue.ts';
import { fetchEntries, sha256Of } from './fetch.ts';

/** Step `done` of `total` begins, or the end when they are equal. */
export interface PrepareStep {
  readonly done: number;
  readonly total: number;
  /** English, for a terminal or a log. */
  readonly text: string;
}

export interface ModelStatus {
  /** The step that uses it: detect, landmarks, embed. */
  readonly step: string;
  readonly path: string;
  readonly sha256: string;
  readonly licence: string;
  readonly package: string;
  /** `damaged` is a file with another checksum; preparing replaces it. */
  readonly state: 'ready' | 'missing' | 'damaged';
}

/** Model files by step, as their bytes. */
export type ModelBytes = Readonly<Record<string, Uint8Array>>;

/**
 * Makes sure that all models are there. Does nothing when they are. Several processes may do this at the same
 * time: each writes the same bytes and renames them into place.
 * Throws VisavisError `model_unavailable` with what to do.
 */
export async function prepareModels(
  dataDir: string,
  onProgress: (step: PrepareStep) => void = () => {},
): Promise<void> {
  await prepare(dataDir, Object.values(BUNDLES.default.files), onProgress);
}

/** Makes sure that `<dataDir>/practice/sample1.jpg` to `sample6.jpg` are there; gives their paths. */
export async function preparePracticePhotos(
  dataDir: string,
  onProgress: (step: PrepareStep) => void = () => {},
): Promise<string[]> {
  await prepare(dataDir, PRACTICE_PHOTOS, onProgress);
  return PRACTICE_PHOTOS.map(({ path }) => join(dataDir, path));
}

export async function modelStatus(dataDir: string): Promise<ModelStatus[]> {
  return Promise.all(
    Object.entries(BUNDLES.default.files).map(async ([step, artifact]) => ({
      step,
      path: join(dataDir, artifact.path),
      sha256: artifact.sha256,
      licence: artifact.licence,
      package: artifact.package,
      state: await stateOf(dataDir, artifact),
    })),
  );
}

/** Reads a bundle that was prepared; throws `model_unavailable` when a file is missing or damaged. */
export async function readModels(dataDir: string, bundle: BundleName): Promise<ModelBytes> {
  const entries = Object.entries(BUNDLES[bundle].files).map(async ([step, artifact]) => {
    const bytes = await read(dataDir, artifact);
    if (bytes && sha256Of(bytes) === artifact.sha256) return [step, bytes] as const;
    throw new VisavisError(
      'model_unavailable',
      `${artifact.path} is ${bytes ? 'damaged' : 'missing'}. Run "visavis models prepare".`,
    );
  });
  return Object.fromEntries(await Promise.all(entries));
}

// Within this process one preparation follows the other, so that the second finds what the first one kept.
let previous: Promise<unknown> = Promise.resolve();

function prepare(
  dataDir: string,
  wanted: readonly Artifact[],
  onProgress: (step: PrepareStep) => void,
): Promise<void> {
  const mine = previous.then(() => prepareNow(dataDir, wanted, onProgress));
  previous = mine.catch(() => {});
  return mine;
}

async function prepareNow(
  dataDir: string,
  wanted: readonly Artifact[],
  onProgress: (step: PrepareStep) => void,
): Promise<void> {
  const missing = await notReady(dataDir, wanted);
  // A package is unpacked once: whatever else the catalogue takes from it is kept too.
  const packages = [...new Set(missing.map((artifact) => artifact.package))].map((spec) => ({
    spec,
    artifacts: artifactsOf(spec),
  }));
  const total = packages.reduce((sum, { artifacts }) => sum + 1 + artifacts.length, 0);
  let done = 0;
  for (const { spec, artifacts } of packages) {
    onProgress({ done: done++, total, text: `downloading ${spec}` });
    const entries = artifacts.flatMap((artifact) => artifact.entries);
    const found = await fetchEntries(spec, entries, join(dataDir, 'models'));
    for (const artifact of artifacts) {
      onProgress({
        done: done++,
        total,
        text: `${artifact.convert ? 'converting' : 'keeping'} ${artifact.path}`,
      });
      const sources = artifact.entries.map(({ path }) => found.get(path) ?? Buffer.alloc(0));
      await keep(dataDir, artifact, sources);
    }
  }
  onProgress({ done: total, total, text: 'ready' });
}

async function keep(dataDir: string, artifact: Artifact, sources: Buffer[]): Promise<void> {
  const bytes = artifact.convert ? artifact.convert(...sources) : sources[0];
  if (!bytes || sha256Of(bytes) !== artifact.sha256)
    throw new VisavisError('model_unavailable', `${artifact.path} came out with a wrong checksum.`);
  const path = join(dataDir, artifact.path);
  const unfinished = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new VisavisError('model_unavailable', `${path} could not be written.`, { cause });
  }
}

async function notReady(dataDir: string, wanted: readonly Artifact[]): Promise<Artifact[]> {
  const states = await Promise.all(wanted.map((artifact) => stateOf(dataDir, artifact)));
  return wanted.filter((_, i) => states[i] !== 'ready');
}

async function stateOf(dataDir: string, artifact: Artifact): Promise<ModelStatus['state']> {
  const bytes = await read(dataDir, artifact);
  if (!bytes) return 'missing';
  return sha256Of(bytes) === artifact.sha256 ? 'ready' : 'damaged';
}

async function read(dataDir: string, artifact: Artifact): Promise<Buffer | null> {
  try {
    return await readFile(join(dataDir, artifact.path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new VisavisError('model_unavailable', `${artifact.path} could not be read.`, { cause });
  }
}
