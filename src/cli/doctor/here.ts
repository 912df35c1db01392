import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config.ts';
import { survey } from '../../detect/limits/survey.ts';
import { modelStatus } from '../../detect/models/prepare.ts';
import { ask, bad, type Finding, note, ok, reasonOf } from './report.ts';

/** The database grows by about 2 KB a face, and a copy of it needs as much again. */
const LITTLE_SPACE = 1024 ** 3;

/** The folder for the models, and the one of the embedded database. */
export async function checkDataFolder({
  dataDir,
  database,
}: Pick<Config, 'dataDir' | 'database'>): Promise<Finding[]> {
  const findings = [
    mayWrite(dataDir)
      ? ok('data folder', `${dataDir}, ${space(dataDir)}`)
      : note('data folder', `${dataDir} cannot be written; that is well when the models are ready`),
  ];
  if (database.kind === 'mariadb' || database.path === ':memory:') return findings;
  const folder = dirname(database.path);
  if (!mayWrite(folder))
    return [...findings, bad('data folder', `${folder} cannot be written, and the database is to be there`)];
  return free(folder) < LITTLE_SPACE
    ? [...findings, note('data folder', `${folder}, ${space(folder)} for the database; that is little`)]
    : findings;
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(nearest(folder), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function free(folder: string): number {
  const { bavail, bsize } = statfsSync(nearest(folder));
  return bavail * bsize;
}

function space(folder: string): string {
  return `${(free(folder) / 1024 ** 3).toFixed(1)} GiB free`;
}

function nearest(path: string): string {
  try {
    accessSync(path);
    return path;
  } catch {
    return nearest(dirname(path));
  }
}

export async function checkModels({
  dataDir,
  models,
}: Pick<Config, 'dataDir' | 'models'>): Promise<Finding[]> {
  return (await modelStatus(dataDir, models)).map(({ step, state }) =>
    state === 'ready'
      ? ok('model', `${step}: ready`)
      : note('model', `${step}: ${state}, fetched at the next start or by "visavis models prepare"`),
  );
}

/** What holds the process that decodes foreign pictures, and what of it this machine does not have. */
export async function checkLayers(): Promise<Finding[]> {
  return (await survey()).states.map(({ layer, on, text }) =>
    on ? ok('detector layer', `${layer}: on, ${text}`) : note('detector layer', `${layer}: OFF, ${text}`),
  );
}

/** Through everything that stands between people and the site. It may not run yet. */
export async function checkPublicAddress(publicUrl: string): Promise<Finding[]> {
  try {
    const { status } = await ask(`${publicUrl}/live`);
    return [
      status === 200
        ? ok('public address', `${publicUrl}/live answers`)
        : note(
            'public address',
            `${publicUrl}/live answers HTTP ${status}; does the site run, and does the proxy lead to it?`,
          ),
    ];
  } catch (error) {
    return [note('public address', `${publicUrl}: ${reasonOf(error)}; does the site run?`)];
  }
}
