/** A part of a picture in the top left corner of a network's input, the rest of which stays empty. */
import { release } from '../memory.ts';
import { fromRaster, type Raster } from '../picture.ts';
import { type Part, toPlanes } from '../sampling.ts';

export interface CanvasRules {
  readonly width: number;
  readonly height: number;
  /** What the network takes is (value - mean) / range. Empty is 0 after that. */
  readonly mean: number;
  readonly range: number;
  /** Which channel of RGB each plane shows. */
  readonly channels: readonly [number, number, number];
}

export const RGB = [0, 1, 2] as const;
export const BGR = [2, 1, 0] as const;

/** @param scale canvas pixels for each pixel of the picture */
export async function fillCanvas(
  picture: Raster,
  part: Part,
  scale: number,
  planes: Float32Array,
  { width, height, mean, range, channels }: CanvasRules,
): Promise<void> {
  const w = Math.min(width, Math.max(1, Math.round(part.width * scale)));
  const h = Math.min(height, Math.max(1, Math.round(part.height * scale)));
  const data = await fromRaster(picture)
    .extract(part)
    .resize(w, h, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  planes.fill(0);
  toPlanes(
    { data, width: w, height: h },
    planes,
    { stride: width, area: width * height, channels },
    mean,
    range,
  );
  release(data);
}
