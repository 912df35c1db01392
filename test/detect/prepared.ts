/** Models and practice photos for the tests, fetched once for all of them. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareModels, preparePracticePhotos } from '../../src/detect/models/prepare.ts';

export const dataDir = process.env.VISAVIS_TEST_DATA ?? join(tmpdir(), 'visavis-test-data');

/** The six practice photos, sample1 first, when the models are there too. */
export async function preparedPhotos(): Promise<Buffer[]> {
  await prepareModels(dataDir);
  const paths = await preparePracticePhotos(dataDir);
  return Promise.all(paths.map((path) => readFile(path)));
}

/** The photo of this number, 1 to 6. */
export function photo(photos: readonly Buffer[], number: number): Buffer {
  const bytes = photos[number - 1];
  if (!bytes) throw new Error(`there is no practice photo ${number}`);
  return bytes;
}
