/** Labelled pictures of an operator: a folder for each person. */
import { readdir, readFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import type { Box } from '../../core/faces/detector.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { PICTURE } from '../labelled.ts';
import type { Found, LabelledPicture } from './labels.ts';

/** The largest face of a picture is the person. @throws VisavisError `file_unreadable` in words about what was expected */
export async function folderPictures(root: string): Promise<LabelledPicture[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((cause: unknown) => {
    throw new VisavisError('file_unreadable', `${root} cannot be read`, { cause });
  });
  const persons = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const pictures: LabelledPicture[] = [];
  for (const person of persons.sort()) {
    const names = (await readdir(join(root, person))).filter((name) => PICTURE.test(name)).sort();
    pictures.push(
      ...names.map((name) => ({
        ...(parse(name).name.toLowerCase() === 'portrait' ? { portraitOf: person } : {}),
        bytes: () => readFile(join(root, person, name)),
        personOf: (face: Box, found: Found) => (isLargest(face, found) ? person : null),
      })),
    );
  }
  if (pictures.length < 2)
    throw new VisavisError('file_unreadable', `${root} has no folders with pictures, one for each person`);
  return pictures;
}

function isLargest(face: Box, { faces }: Found): boolean {
  const area = ([, , w, h]: Box) => w * h;
  return faces.every(({ box }) => area(box) <= area(face));
}
