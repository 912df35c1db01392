/** Pictures with the answer beside them: a folder for each person, or a list of pairs. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { VisavisError } from '../core/platform/errors.ts';

export interface Labelled {
  /** Every picture once. */
  readonly files: readonly string[];
  readonly pairs: readonly { readonly a: string; readonly b: string; readonly same: boolean }[];
}

export const PICTURE = /\.(jpe?g|png|gif|webp|tiff?)$/i;

/** @throws VisavisError `file_unreadable` in words about what was expected */
export async function readLabelled(path: string): Promise<Labelled> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new VisavisError('file_unreadable', `${path} cannot be read`, { cause });
  });
  return found.isDirectory() ? readFolders(path) : readPairs(path);
}

async function readFolders(root: string): Promise<Labelled> {
  const persons = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const files: { file: string; person: string }[] = [];
  for (const person of persons.map(({ name }) => name).sort()) {
    const names = (await readdir(join(root, person))).filter((name) => PICTURE.test(name)).sort();
    files.push(...names.map((name) => ({ file: join(root, person, name), person })));
  }
  if (files.length < 2)
    throw new VisavisError('file_unreadable', `${root} has no folders with pictures, one for each person`);
  const pairs = files.flatMap((a, i) =>
    files.slice(0, i).map((b) => ({ a: b.file, b: a.file, same: a.person === b.person })),
  );
  return { files: files.map(({ file }) => file), pairs };
}

const YES = /^(1|true|yes|same)$/i;
const NO = /^(0|false|no|different)$/i;

async function readPairs(path: string): Promise<Labelled> {
  const folder = dirname(path);
  const lines = (await readFile(path, 'utf8')).split(/\r?\n/);
  const pairs = lines.flatMap((line, i) => {
    if (line.trim() === '' || (i === 0 && /^\s*a\s*,\s*b\s*,\s*same\s*$/i.test(line))) return [];
    const [a = '', b = '', same = '', ...more] = line
      .split(',')
      .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    if (a === '' || b === '' || more.length > 0 || !(YES.test(same) || NO.test(same)))
      throw new VisavisError(
        'file_unreadable',
        `${path}, line ${i + 1}: expected "a,b,same" with same 1 or 0`,
      );
    return [{ a: resolve(folder, a), b: resolve(folder, b), same: YES.test(same) }];
  });
  if (pairs.length === 0) throw new VisavisError('file_unreadable', `${path} has no pairs`);
  return { files: [...new Set(pairs.flatMap(({ a, b }) => [a, b]))], pairs };
}
