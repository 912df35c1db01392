/** Fetches, checks and converts the models and practice photos, and keeps them in the data folder. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { VisavisError } from '../../core/platform/errors.ts';
import {
  type Artifact,
  artifactsOf,
  BUNDLES,
  DEFAULT_CHOICE,
  type DownloadArtifact,
  type ModelChoice,
  type PackageArtifact,
  PRACTICE_PHOTOS,
} from './catalogue.ts';
import { downloadArtifact } from './download.ts';
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
  /** NAME@VERSION of a package, an https address, or the setting that names the file. */
  readonly source: string;
  /** `damaged` is a file with another checksum; preparing replaces it. */
  readonly state: 'ready' | 'missing' | 'damaged';
}

/** Model files by step, as their bytes. */
export type ModelBytes = Readonly<Record<string, Uint8Array>>;

/**
 * Makes sure that all models of the bundle are there. Does nothing when they are. Several processes may do this at the same
 * time: each writes the same bytes and renames them into place.
 * Throws VisavisError `model_unavailable` with what to do.
 */
export async function prepareModels(
  dataDir: string,
  onProgress: (step: PrepareStep) => void = () => {},
  choice: ModelChoice = DEFAULT_CHOICE,
): Promise<void> {
  await prepare(dataDir, wantedBy(choice), onProgress);
}

/** Makes sure that `<dataDir>/practice/sample1.jpg` to `sample6.jpg` are there; gives their paths. */
export async function preparePracticePhotos(dataDir: string): Promise<string[]> {
  await prepare(dataDir, PRACTICE_PHOTOS, () => {});
  return PRACTICE_PHOTOS.map(({ path }) => join(dataDir, path));
}

export async function modelStatus(
  dataDir: string,
  choice: ModelChoice = DEFAULT_CHOICE,
): Promise<ModelStatus[]> {
  return Promise.all(
    Object.entries(BUNDLES[choice.bundle].files).map(async ([step, given]) => {
      const artifact = placed(given, choice);
      return {
        step,
        path: isAbsolute(artifact.path) ? artifact.path : join(dataDir, artifact.path),
        sha256: artifact.sha256,
        licence: artifact.licence,
        source: sourceOf(artifact),
        state: await stateOf(dataDir, artifact),
      };
    }),
  );
}

/** Reads a bundle that was prepared; throws `model_unavailable` when a file is missing or damaged. */
export async function readModels(dataDir: string, choice: ModelChoice = DEFAULT_CHOICE): Promise<ModelBytes> {
  const entries = Object.entries(BUNDLES[choice.bundle].files).map(async ([step, given]) => {
    const artifact = placed(given, choice);
    const bytes = await read(dataDir, artifact);
    if (bytes && isRight(bytes, artifact)) return [step, bytes] as const;
    const state = bytes ? 'damaged' : 'missing';
    throw new VisavisError(
      'model_unavailable',
      isAbsolute(artifact.path)
        ? `The file that ${sourceOf(artifact)} names is ${state}.`
        : `${artifact.path} is ${state}. Run "visavis models prepare".`,
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
  const notThere = await notReady(dataDir, wanted);
  const missing = notThere.filter((artifact) => 'package' in artifact);
  const downloads = notThere.filter((artifact) => 'url' in artifact);
  // A package is unpacked once: whatever else the catalogue takes from it is kept too.
  const packages = [...new Set(missing.map((artifact) => artifact.package))].map((spec) => ({
    spec,
    artifacts: artifactsOf(spec),
  }));
  const total = packages.reduce((sum, { artifacts }) => sum + 1 + artifacts.length, downloads.length);
  let done = 0;
  for (const artifact of downloads) {
    if (isAbsolute(artifact.path)) throw notUsable(artifact);
    onProgress({ done: done++, total, text: `downloading ${artifact.path}` });
    await write(dataDir, artifact, await downloadArtifact(artifact));
  }
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

/** Never replaced by a download: the operator said which file it is to be. */
function notUsable(artifact: DownloadArtifact): VisavisError {
  return new VisavisError(
    'model_unavailable',
    `The file that ${artifact.setting} names is missing, or it is no file of this model (wrong checksum).`,
  );
}

/** A file of the operator's own is looked at where it is; everything else is kept in the data folder. */
function placed(artifact: Artifact, { yunetFile }: ModelChoice): Artifact {
  return 'url' in artifact && yunetFile !== null ? { ...artifact, path: yunetFile } : artifact;
}

function wantedBy(choice: ModelChoice): Artifact[] {
  return Object.values(BUNDLES[choice.bundle].files).map((artifact) => placed(artifact, choice));
}

function sourceOf(artifact: Artifact): string {
  if ('package' in artifact) return artifact.package;
  return isAbsolute(artifact.path) ? artifact.setting : artifact.url;
}

function isRight(bytes: Uint8Array, artifact: Artifact): boolean {
  const sum = sha256Of(bytes);
  return sum === artifact.sha256 || ('url' in artifact && artifact.alsoSha256.includes(sum));
}

async function keep(dataDir: string, artifact: PackageArtifact, sources: Buffer[]): Promise<void> {
  const bytes = artifact.convert ? artifact.convert(...sources) : sources[0];
  if (!bytes || !isRight(bytes, artifact))
    throw new VisavisError('model_unavailable', `${artifact.path} came out with a wrong checksum.`);
  await write(dataDir, artifact, bytes);
}

async function write(dataDir: string, artifact: Artifact, bytes: Uint8Array): Promise<void> {
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
  return isRight(bytes, artifact) ? 'ready' : 'damaged';
}

async function read(dataDir: string, artifact: Artifact): Promise<Buffer | null> {
  try {
    return await readFile(isAbsolute(artifact.path) ? artifact.path : join(dataDir, artifact.path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new VisavisError('model_unavailable', `${artifact.path} could not be read.`, { cause });
  }
}
