/** One seed of the simulation: files, faces and portraits out of labelled pictures. */
import type { SeenFace, SeenPicture } from './labels.ts';
import { type Random, shuffled } from './random.ts';

export interface World {
  readonly persons: readonly string[];
  /** The faces of each file; a person without a name here is somebody whom nobody looks for. */
  readonly files: readonly (readonly SeenFace[])[];
  readonly portraits: ReadonlyMap<string, SeenFace>;
}

/** A person is in so many files with others at most, where there are enough pictures of the person alone. */
const WITH_OTHERS = 3;

/** Some of the persons, each in so many files, as far as there are pictures. */
export function makeWorld(
  random: Random,
  pictures: readonly SeenPicture[],
  size: { readonly persons: number; readonly files: number },
): World {
  const files = pictures.filter((picture) => picture.portraitOf === null);
  const names = [...new Set(files.flatMap((picture) => namesIn(picture)))].sort();
  const persons = shuffled(random, names).slice(0, size.persons);
  const counts = new Map(persons.map((person) => [person, 0]));
  const taken: SeenPicture[] = [];
  const take = (picture: SeenPicture, most: number) => {
    const own = namesIn(picture).filter((name) => counts.has(name));
    if (own.length === 0 || own.some((name) => (counts.get(name) ?? 0) >= most)) return;
    taken.push(picture);
    for (const name of own) counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const mixed = shuffled(random, files);
  for (const picture of mixed)
    if (namesIn(picture).length > 1) take(picture, Math.min(WITH_OTHERS, size.files));
  for (const picture of mixed) if (namesIn(picture).length === 1) take(picture, size.files);
  const known = (face: SeenFace) => (face.person !== null && counts.has(face.person) ? face.person : null);
  const portraits = pictures.flatMap((picture): [string, SeenFace][] => {
    const face = picture.faces.find((one) => one.person === picture.portraitOf);
    return face?.person != null && picture.faces.length === 1 ? [[face.person, face]] : [];
  });
  return {
    persons,
    files: shuffled(random, taken).map(({ faces }) =>
      faces.map((face) => ({ ...face, person: known(face) })),
    ),
    portraits: new Map(portraits.toReversed()),
  };
}

function namesIn({ faces }: SeenPicture): string[] {
  return [...new Set(faces.flatMap((face) => face.person ?? []))];
}
