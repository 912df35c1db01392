import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Recipe } from './recipes.ts';

/** The bytes of a practice file: always the same for the same photo and recipe. */
export async function derive(recipe: Recipe, photosDir: string | null): Promise<Buffer> {
  const photo =
    photosDir === null
      ? await drawnPhoto(recipe.photo)
      : await readFile(join(photosDir, `sample${recipe.photo}.jpg`));
  return finish(await cropped(photo, recipe), recipe);
}

/** Steps of the image library that cannot be named in one go hand plain pixels on: quicker than a file between. */
async function cropped(photo: Buffer, { crop, mirrored, grey, light }: Recipe): Promise<Sharp> {
  const { width = 1, height = 1 } = await sharp(photo).metadata();
  const [x, y, w, h] = crop ?? [0, 0, 1, 1];
  let picture = sharp(photo).extract({
    left: Math.round(x * width),
    top: Math.round(y * height),
    width: Math.max(1, Math.floor(w * width)),
    height: Math.max(1, Math.floor(h * height)),
  });
  if (mirrored) picture = picture.flop();
  if (light !== undefined) picture = picture.linear(light, 0);
  if (grey) picture = picture.grayscale();
  return pixels(picture);
}

async function finish(picture: Sharp, { turned, width, title }: Recipe): Promise<Buffer> {
  const upright =
    turned === undefined ? picture : await pixels(picture.rotate(turned, { background: '#3b3a38' }));
  const sized = upright.resize({ ...(width !== undefined && { width }), withoutEnlargement: true });
  // The title goes in as a comment of the picture, so that equal crops are still different files.
  return sized
    .withExif({ IFD0: { ImageDescription: title } })
    .jpeg({ quality: 88 })
    .toBuffer();
}

async function pixels(picture: Sharp): Promise<Sharp> {
  const { data, info } = await picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return sharp(data, { raw: { width, height, channels } });
}

/** A small plain picture for tests, which do not need a face. */
function drawnPhoto(number: number): Promise<Buffer> {
  const background = { r: 30 * number, g: 200 - 20 * number, b: 90 };
  return sharp({ create: { width: 480, height: 320, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

/** Half a second of a tone, as a WAV file. */
export function tone(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(rate / 2);
  samples.forEach((_, place) => {
    samples[place] = 128 + Math.round(60 * Math.sin((place / rate) * 440 * 2 * Math.PI));
  });
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
