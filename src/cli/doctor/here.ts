import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config.ts';
import { survey } from '../../detect/limits/survey.ts';
import { modelStatus } from '../../detect/models/prepare.ts';
import { ask, bad, type Finding, note, ok, reasonOf } from './report.ts';

/** The database grows by about 2 KB a face, and a copy of it needs as much again. */
const LITTLE_SPACE = 1024 ** 3;

/** The folder for the models and the embedded database. */
export async function checkDataFolder({
  dataDir,
  database,
}: Pick<Config, 'dataDir' | 'database'>): Promise<Finding[]> {
  const existing = nearest(dataDir);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return database.kind === 'sqlite'
      ? [
          bad(
            'data folder',
            `${dataDir} cannot be written, and the embedded database is there; set VISAVIS_DATA_DIR`,
          ),
        ]
      : [note('data folder', `${dataDir} cannot be written; that is well when the models are ready`)];
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const text = `${dataDir}, ${(free / 1024 ** 3).toFixed(1)} GiB free`;
  return [free < LITTLE_SPACE ? note('data folder', `${text}; that is little`) : ok('data folder', text)];
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
