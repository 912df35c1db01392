/** Similarity transforms and the sampling of pictures through them. All lengths are pixels. */
import { fromRaster, type Raster } from './picture.ts';

/** (x, y) → (a·x - b·y + dx, b·x + a·y + dy): rotation, one scale for both axes, translation. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly dx: number;
  readonly dy: number;
}

export type XY = readonly [x: number, y: number];

export function apply({ a, b, dx, dy }: Similarity, [x, y]: XY): XY {
  return [a * x - b * y + dx, b * x + a * y + dy];
}

/** The similarity that brings `from` nearest to `to` in the least squares sense (Umeyama 1991, in 2-D). */
export function fitSimilarity(from: readonly XY[], to: readonly XY[]): Similarity {
  const [fx, fy] = mean(from);
  const [tx, ty] = mean(to);
  let along = 0;
  let across = 0;
  let spread = 0;
  from.forEach(([x, y], i) => {
    const [u, v] = to[i] ?? [tx, ty];
    along += (x - fx) * (u - tx) + (y - fy) * (v - ty);
    across += (x - fx) * (v - ty) - (y - fy) * (u - tx);
    spread += (x - fx) ** 2 + (y - fy) ** 2;
  });
  // All points in one place (a picture of one pixel): any scale fits, so none is applied.
  const a = spread > 0 ? along / spread : 1;
  const b = spread > 0 ? across / spread : 0;
  return { a, b, dx: tx - a * fx + b * fy, dy: ty - b * fx - a * fy };
}

/**
 * A square of `size` pixels, RGB; position p of it shows the picture at `toPicture(p)`. Outside the picture
 * it is black. Bilinear; where it shrinks a little each pixel is the mean of four samples, and where it shrinks
 * to half or less the part that is needed is made smaller first (a warp of a 590 px face takes 7 ms otherwise).
 */
export async function warp(picture: Raster, toPicture: Similarity, size: number): Promise<Uint8Array> {
  const scale = Math.hypot(toPicture.a, toPicture.b);
  if (scale < 2) return sample(picture, toPicture, size, scale > 1 ? 2 : 1);
  const corners = [
    apply(toPicture, [0, 0]),
    apply(toPicture, [size, 0]),
    apply(toPicture, [0, size]),
    apply(toPicture, [size, size]),
  ];
  const left = bound(Math.floor(Math.min(...corners.map(([x]) => x)) - scale), picture.width);
  const top = bound(Math.floor(Math.min(...corners.map(([, y]) => y)) - scale), picture.height);
  const right = bound(Math.ceil(Math.max(...corners.map(([x]) => x)) + scale), picture.width);
  const bottom = bound(Math.ceil(Math.max(...corners.map(([, y]) => y)) + scale), picture.height);
  if (right - left < 1 || bottom - top < 1) return new Uint8Array(size * size * 3);
  const width = Math.max(1, Math.round((right - left) / scale));
  const height = Math.max(1, Math.round((bottom - top) / scale));
  const data = await fromRaster(picture)
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  // The two factors differ by the rounding of the size alone: less than half a pixel over the whole part.
  const sx = width / (right - left);
  const sy = height / (bottom - top);
  return sample({ data, width, height }, toPicture, size, 1, { left, top, sx, sy });
}

const WHOLE = { left: 0, top: 0, sx: 1, sy: 1 };

/** @param grid samples along each side of a pixel. @param part where the picture lies in the original. */
function sample(
  { data, width, height }: Raster,
  { a, b, dx, dy }: Similarity,
  size: number,
  grid: number,
  part = WHOLE,
): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  const weight = 1 / (grid * grid);
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0; k < grid * grid; k++) {
        const pu = u + ((k % grid) + 0.5) / grid;
        const pv = v + (Math.floor(k / grid) + 0.5) / grid;
        // Positions count from the corner of a pixel; its value stands in its middle.
        const x = (a * pu - b * pv + dx - part.left) * part.sx - 0.5;
        const y = (b * pu + a * pv + dy - part.top) * part.sy - 0.5;
        const x0 = Math.floor(x);
        const y0 = Math.floor(y);
        const right = x - x0;
        const below = y - y0;
        // A neighbour outside the picture is black; its place in memory is any other one.
        const inLeft = x0 >= 0 && x0 < width ? 1 - right : 0;
        const inRight = x0 >= -1 && x0 < width - 1 ? right : 0;
        const inTop = y0 >= 0 && y0 < height ? 1 - below : 0;
        const inBottom = y0 >= -1 && y0 < height - 1 ? below : 0;
        const p = (y0 * width + x0) * 3;
        const q = p + width * 3;
        const tl = inTop * inLeft;
        const tr = inTop * inRight;
        const bl = inBottom * inLeft;
        const br = inBottom * inRight;
        // Most of the time goes by here, so the channels are written out.
        red += tl * at(data, p) + tr * at(data, p + 3) + bl * at(data, q) + br * at(data, q + 3);
        green += tl * at(data, p + 1) + tr * at(data, p + 4) + bl * at(data, q + 1) + br * at(data, q + 4);
        blue += tl * at(data, p + 2) + tr * at(data, p + 5) + bl * at(data, q + 2) + br * at(data, q + 5);
      }
      const to = (v * size + u) * 3;
      out[to] = red * weight + 0.5;
      out[to + 1] = green * weight + 0.5;
      out[to + 2] = blue * weight + 0.5;
    }
  }
  return out;
}

/** A square of RGB bytes, pixel after pixel → one plane for each channel, at `offset` of `planes`. */
export function toPlanes(rgb: Uint8Array, planes: Float32Array, offset: number): void {
  const pixels = rgb.length / 3;
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < pixels; i++) planes[offset + c * pixels + i] = rgb[i * 3 + c] ?? 0;
}

/** 0 outside of the memory too. */
function at(data: Uint8Array, index: number): number {
  return data[index] ?? 0;
}

function mean(points: readonly XY[]): XY {
  const sum = points.reduce<XY>(([x, y], [u, v]) => [x + u, y + v], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

function bound(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length);
}
