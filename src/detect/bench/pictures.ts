/** Pictures for measuring: the practice photos at 1280 px, alone or two side by side, about five faces in each. */
import sharp from 'sharp';

const WIDTH = 1280;
/** Photos by number; of two the faces are half as large. */
const SHEETS = [[4], [5], [6], [1, 2], [2, 3], [3, 1]] as const;

/** @param photos the six practice photos, sample1 first */
export function benchPictures(photos: readonly Uint8Array[]): Promise<Buffer[]> {
  return Promise.all(SHEETS.map((numbers) => sheet(numbers.map((number) => photos[number - 1]))));
}

async function sheet(photos: readonly (Uint8Array | undefined)[]): Promise<Buffer> {
  const width = WIDTH / photos.length;
  const parts = await Promise.all(photos.map((photo) => sharp(photo).resize(width).toBuffer()));
  const heights = await Promise.all(parts.map(async (part) => (await sharp(part).metadata()).height));
  return sharp({ create: { width: WIDTH, height: Math.min(...heights), channels: 3, background: '#888' } })
    .composite(
      await Promise.all(
        parts.map(async (part, i) => ({
          input: await sharp(part)
            .resize(width, Math.min(...heights), { fit: 'cover' })
            .toBuffer(),
          left: i * width,
          top: 0,
        })),
      ),
    )
    .jpeg({ quality: 87 })
    .toBuffer();
}
