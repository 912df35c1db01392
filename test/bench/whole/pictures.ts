/**
 * Pictures of people by the number of a file: made when they are asked for, always the same, never stored. Each is put
 * together from faces of the practice photos, side by side, in other sizes, turned, mirrored, darker or blurred.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { pick, type Random, seeded } from '../../../src/cli/review/random.ts';
import { PHOTO_FACES } from '../../../src/sandbox/practice/people.ts';
import type { Box } from '../../../src/sandbox/practice/truth.ts';

/** Somebody in a picture. */
interface Place {
  /** Which of the cut-out faces. */
  readonly face: number;
  /** Which of its copies. */
  readonly copy: number;
  /** Pixels from the left edge. */
  readonly left: number;
}

export interface PicturePlan {
  readonly width: number;
  readonly height: number;
  readonly places: readonly Place[];
  readonly random: Random;
}

/** Pixels of one cut-out: a head with its shoulders, the face 150 tall. */
const CUT = { width: 250, height: 310 };
const COPIES = 8;
/** How many people a picture shows: 2.8 on average. */
const PEOPLE = [...[1, 1, 1, 1, 1, 2, 2, 2, 2], ...[3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6]] as const;
/** The share of faces that are somebody with an item: three statements for each five files or so. */
const NAMED = 0.215;
/** One picture in so many is as wide as cameras make them, so that its faces are small in what is downloaded first. */
const WIDE = 10;

const FACES = Object.entries(PHOTO_FACES).flatMap(([photo, faces]) =>
  faces.map(({ person, box }, i) => ({
    photo,
    box,
    item: person?.item ?? null,
    who: person?.item ?? `${photo} ${i}`,
  })),
);
const NAMED_FACES = FACES.flatMap((face, i) => (face.item === null ? [] : [i]));
const OTHER_FACES = FACES.flatMap((face, i) => (face.item === null ? [i] : []));

/** Q-ids of all who have one. */
export const ITEMS = [...new Set(FACES.flatMap((face) => face.item ?? []))].sort();

/** What the picture of a file shows. */
export function planOf(number: number): PicturePlan {
  const random = seeded(number * 2_654_435_761);
  const people = pick(random, PEOPLE);
  const wide = number % WIDE === 0;
  const step = wide ? Math.floor(2560 / people) : CUT.width + 20;
  const seen = new Set<string>();
  const places: Place[] = [];
  while (places.length < people) {
    const face = pick(random, random() < NAMED ? NAMED_FACES : OTHER_FACES);
    const who = FACES[face]?.who ?? '';
    // Nobody is in a picture twice.
    if (seen.has(who)) continue;
    seen.add(who);
    places.push({ face, copy: Math.floor(random() * COPIES), left: places.length * step + 10 });
  }
  return {
    width: wide ? 2560 : Math.max(640, people * step + 10),
    height: wide ? 800 : CUT.height + 20,
    places,
    random,
  };
}

/** Who is at this place of a file's picture; null: somebody without an item, or nobody. @param x middle of a face, 0..1 */
export function whoIsAt(number: number, x: number): string | null {
  const { width, places } = planOf(number);
  const pixel = x * width;
  const place = places.find(({ left }) => pixel > left && pixel < left + CUT.width);
  return place ? (FACES[place.face]?.item ?? null) : null;
}

/** Q-ids of those who are in a file's picture. */
export function itemsIn(number: number): string[] {
  return planOf(number).places.flatMap(({ face }) => FACES[face]?.item ?? []);
}

/** Cuts the faces out of the photos. @param photosDir folder with `sample1.jpg` to `sample6.jpg` */
export async function createPictures(photosDir: string): Promise<(number: number) => Promise<Buffer>> {
  const cuts: Buffer[][] = [];
  for (const { photo, box } of FACES) {
    const bytes = await readFile(join(photosDir, `sample${photo}.jpg`));
    const near = await sharp(await surroundings(bytes, box))
      .png({ compressionLevel: 0 })
      .toBuffer();
    cuts.push(await Promise.all(Array.from({ length: COPIES }, (_, copy) => cutOut(near, copy))));
  }
  return (number) => draw(planOf(number), cuts);
}

/** A face with its head and shoulders, as it is in the photo. */
async function surroundings(photo: Buffer, [x, y, w, h]: Box): Promise<Buffer> {
  const { width = 1, height = 1 } = await sharp(photo).metadata();
  const tall = h * height * 2.1;
  const wide = (tall * CUT.width) / CUT.height;
  return sharp(photo)
    .extract({
      left: Math.floor(Math.max(0, Math.min(width - wide, (x + w / 2) * width - wide / 2))),
      top: Math.floor(Math.max(0, Math.min(height - tall, (y + h / 2) * height - tall / 2))),
      width: Math.floor(wide),
      height: Math.floor(tall),
    })
    .toBuffer();
}

/** Pixels of one copy: mirrored, turned, blurred or grey. */
async function cutOut(face: Buffer, copy: number): Promise<Buffer> {
  const turned = await sharp(face)
    .flop(copy % 2 === 1)
    .grayscale(copy === 7)
    .rotate((copy - 3) * 2, { background: '#4a4846' })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const sized = sharp(turned).resize(CUT.width, CUT.height, { fit: 'cover' });
  if (copy > 4) sized.blur(0.3 * copy - 1);
  return sized.toColourspace('srgb').removeAlpha().raw().toBuffer();
}

/** Rows of pixels are copied by hand: the image library only writes the file, which is nearly all that it costs. */
function draw(
  { width, height, places, random }: PicturePlan,
  cuts: readonly (readonly Buffer[])[],
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3, 40 + Math.floor(random() * 160));
  const light = Buffer.alloc(256);
  const bright = 0.7 + 0.6 * random();
  for (let value = 0; value < 256; value++) light[value] = Math.min(255, value * bright);
  for (const { face, copy, left } of places) {
    const cut = cuts[face]?.[copy];
    if (!cut) throw new Error(`there is no copy ${copy} of face ${face}`);
    const top = Math.floor(random() * (height - CUT.height));
    for (let row = 0; row < CUT.height; row++) {
      const [from, to] = [row * CUT.width * 3, ((top + row) * width + left) * 3];
      for (let i = 0; i < CUT.width * 3; i++) pixels[to + i] = light[cut[from + i] as number] as number;
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 84 })
    .toBuffer();
}
