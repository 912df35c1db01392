/** Labelled pictures out of the six practice photos: crops of each face and whole photos, made in many ways. */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { Box } from '../../core/faces/detector.ts';
import { PHOTO_FACES } from '../../sandbox/practice/people.ts';
import type { Found, LabelledPicture } from './labels.ts';
import { type Random, seeded } from './random.ts';

/** Pictures of each face alone, beside its portrait. */
const ALONE = 14;
/** Pictures of each photo as a whole: several persons in a file. */
const WHOLE = 5;
/** Changes whenever what is made here changes, so that old embeddings are not taken for it. */
export const PRACTICE_RECIPE = 'practice 1';

interface TrueFace {
  readonly person: string;
  readonly box: Box;
}

/** What is done to the photo, in this order. */
interface Making {
  /** Part of the photo, in fractions of it. */
  readonly window: Box;
  readonly mirrored: boolean;
  /** Degrees clockwise. */
  readonly turned: number;
  /** Pixels of the longer side. */
  readonly size: number;
  readonly light: number;
  /** Sigma of the blur in pixels; 0: none. */
  readonly blur: number;
  readonly grey: boolean;
  /** Of the JPEG. */
  readonly quality: number;
}

/**
 * The same pictures every time, each made when it is asked for. Persons are called by photo and place, and the one
 * who is in two photos by her item.
 */
export function practicePictures(photos: readonly string[]): LabelledPicture[] {
  const random = seeded(20260101);
  return photos.flatMap((path, i) => {
    const faces = facesOf(i + 1);
    const alone = faces.flatMap((face) => [
      picture(path, faces, portrait(face), { portraitOf: face.person }),
      ...Array.from({ length: ALONE }, () => picture(path, faces, closeUp(random, face), {})),
    ]);
    const whole = Array.from({ length: WHOLE }, () => picture(path, faces, wholePhoto(random), {}));
    return [...alone, ...whole];
  });
}

function facesOf(photo: number): TrueFace[] {
  return (PHOTO_FACES[photo] ?? []).map(({ person, box }, i) => ({
    person: person?.item === 'Q9001' ? person.item : `photo ${photo}, face ${i + 1}`,
    box,
  }));
}

/** As people choose portraits: large, sharp and upright. */
function portrait({ box }: TrueFace): Making {
  return { window: around(box, 2.4, 0, 0), ...PLAIN, size: 330 };
}

const PLAIN = { mirrored: false, turned: 0, light: 1, blur: 0, grey: false, quality: 90 };

function closeUp(random: Random, { box }: TrueFace): Making {
  const room = 2 + random() * 1.4;
  const shift = () => (random() - 0.5) * 0.5;
  const face = 60 + random() * 120;
  return {
    ...anyMaking(random, face / 60),
    window: around(box, room, shift(), shift()),
    size: Math.round(face * room),
  };
}

function wholePhoto(random: Random): Making {
  return {
    ...anyMaking(random, 2),
    window: [0, 0, 1, 1],
    turned: (random() - 0.5) * 12,
    size: Math.round(700 + random() * 580),
  };
}

function anyMaking(random: Random, detail: number): Omit<Making, 'window' | 'size'> {
  return {
    mirrored: random() < 0.5,
    turned: (random() - 0.5) * 36,
    light: 0.45 + random() * 1.2,
    blur: random() < 0.4 ? 0.4 + random() * 0.8 * detail : 0,
    grey: random() < 0.15,
    quality: Math.round(25 + random() * 65),
  };
}

/** A window of `room` times the face's height around it, moved by parts of that height. */
function around([x, y, w, h]: Box, room: number, right: number, down: number): Box {
  const [cx, cy] = [x + w / 2 + right * w, y + h / 2 + down * h];
  const [left, top] = [Math.max(0, cx - (w * room) / 2), Math.max(0, cy - (h * room) / 2)];
  return [left, top, Math.min(1, cx + (w * room) / 2) - left, Math.min(1, cy + (h * room) / 2) - top];
}

function picture(
  path: string,
  faces: readonly TrueFace[],
  making: Making,
  given: { portraitOf?: string },
): LabelledPicture {
  return {
    ...given,
    bytes: () => make(path, making),
    personOf: (face, found) => who(faces, making, face, found),
  };
}

async function make(path: string, making: Making): Promise<Uint8Array> {
  const photo = await readFile(path);
  const { width = 1, height = 1 } = await sharp(photo).metadata();
  const [x, y, w, h] = making.window;
  const window = {
    left: Math.round(x * width),
    top: Math.round(y * height),
    width: Math.max(1, Math.floor(w * width)),
    height: Math.max(1, Math.floor(h * height)),
  };
  let cut = sharp(photo).extract(window);
  if (making.mirrored) cut = cut.flop();
  if (making.grey) cut = cut.grayscale();
  const sized = await pixels(
    cut.linear(making.light, 0).resize(making.size, making.size, { fit: 'inside', withoutEnlargement: true }),
  );
  const turned =
    making.turned === 0 ? sized : await pixels(sized.rotate(making.turned, { background: '#3b3a38' }));
  const soft = making.blur > 0.3 ? turned.blur(making.blur) : turned;
  return soft.jpeg({ quality: making.quality }).toBuffer();
}

/** The library does its steps in an order of its own unless plain pixels are handed on. */
async function pixels(picture: Sharp): Promise<Sharp> {
  const { data, info } = await picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } });
}

/** Whose face it is in the picture that was made: the middle of the box is taken back to its place in the photo. */
function who(
  faces: readonly TrueFace[],
  { window: [left, top, width, height], mirrored, turned }: Making,
  [x, y, w, h]: Box,
  size: Found,
): string | null {
  // Turned back around the middle; the canvas grew by what the corners needed.
  const angle = (-turned * Math.PI) / 180;
  const [dx, dy] = [(x + w / 2 - 0.5) * size.width, (y + h / 2 - 0.5) * size.height];
  const before = unturned(size, turned);
  const inX = 0.5 + (dx * Math.cos(angle) - dy * Math.sin(angle)) / before.width;
  const inY = 0.5 + (dx * Math.sin(angle) + dy * Math.cos(angle)) / before.height;
  const px = left + (mirrored ? 1 - inX : inX) * width;
  const py = top + inY * height;
  const there = faces.find(({ box: [bx, by, bw, bh] }) => px > bx && px < bx + bw && py > by && py < by + bh);
  return there?.person ?? null;
}

/** Pixels of a picture before it was turned, when its canvas grew to hold it: w' = w c + h s, h' = w s + h c. */
function unturned({ width, height }: { width: number; height: number }, turned: number) {
  const [c, s] = [Math.abs(Math.cos((turned * Math.PI) / 180)), Math.abs(Math.sin((turned * Math.PI) / 180))];
  const det = c * c - s * s;
  return { width: (width * c - height * s) / det, height: (height * c - width * s) / det };
}
