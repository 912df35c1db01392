/** Takes files out of an npm package as data: `npm pack`, so that the registry settings of npm are honoured. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tar from 'tar';
import { VisavisError } from '../../core/platform/errors.ts';
import type { SourceEntry } from './catalogue.ts';

/**
 * The bytes of the entries by path, each with the right checksum. Throws VisavisError `model_unavailable`.
 * @param workFolder is made when missing; the tarball lies there for as long as this takes.
 */
export async function fetchEntries(
  packageSpec: string,
  entries: readonly SourceEntry[],
  workFolder: string,
): Promise<Map<string, Buffer>> {
  await mkdir(workFolder, { recursive: true });
  const folder = await mkdtemp(join(workFolder, '.fetch-'));
  try {
    await npmPack(packageSpec, folder);
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (!tarball) throw unavailable(packageSpec, 'npm pack left no tarball');
    const found = await readEntries(join(folder, tarball), new Set(entries.map(({ path }) => path)));
    for (const { path, sha256 } of entries) {
      const bytes = found.get(path);
      if (!bytes) throw unavailable(packageSpec, `${path} is not in it`);
      if (sha256Of(bytes) !== sha256) throw unavailable(packageSpec, `${path} has a wrong checksum`);
    }
    return found;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function npmPack(packageSpec: string, folder: string): Promise<void> {
  const args = ['pack', packageSpec, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'];
  return new Promise((resolve, reject) => {
    const npm = spawn('npm', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    npm.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint = (complaint + chunk).slice(0, 4000);
    });
    npm.on('error', (cause) => reject(unavailable(packageSpec, 'npm could not be started', cause)));
    npm.on('close', (code) => {
      if (code === 0) resolve();
      else reject(unavailable(packageSpec, firstReason(complaint) || `npm pack ended with ${code}`));
    });
  });
}

/** npm's first line that is more than an error code; it may name the registry, so no whole log is shown. */
function firstReason(complaint: string): string {
  const lines = complaint.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  return lines.find((line) => line !== '' && !/^(code|errno|syscall)\b/.test(line)) ?? '';
}

async function readEntries(tarball: string, wanted: ReadonlySet<string>): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  await tar.t({
    file: tarball,
    onReadEntry: (entry) => {
      const path = entry.path.replace(/^[^/]+\//, '');
      if (!wanted.has(path)) return;
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => found.set(path, Buffer.concat(chunks)));
    },
  });
  return found;
}

function unavailable(packageSpec: string, reason: string, cause?: unknown): VisavisError {
  return new VisavisError(
    'model_unavailable',
    `The package ${packageSpec} could not be fetched (${reason}). Check the network and npm's registry ` +
      'setting (npm config get registry), then run "visavis models prepare".',
    cause === undefined ? {} : { cause },
  );
}
