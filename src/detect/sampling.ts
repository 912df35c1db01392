/**
 * Pixels out of a raster and into the planes that networks take: one plane for each channel, one number for each
 * pixel. In JavaScript, because a call into sharp takes longer for as few pixels as a face needs. Nothing here waits,
 * so that squares can be filled in memory that is used again.
 */
import { apply, type Similarity } from './geometry.ts';
import type { Raster } from './picture.ts';

/** A rectangle of a raster in whole pixels, inside of it. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Shares of rows and columns add up to these: their product with a byte stays below 2^31. */
const ROW_BITS = 10;
const COLUMN_BITS = 12;

/**
 * A part of a picture made smaller: each pixel is the mean of all that it covers. Only ever smaller: each side of
 * the result is at most that of the part.
 */
export function shrink(picture: Raster, part: Part, width: number, height: number): Raster {
  const out = new Uint8Array(width * height * 3);
  const columns = spans(part.width, width, COLUMN_BITS);
  const rows = spans(part.height, height, ROW_BITS);
  const row = new Int32Array(part.width * 3);
  const half = 1 << (ROW_BITS + COLUMN_BITS - 1);
  for (let v = 0; v < height; v++) {
    addRows(picture, part, rows, v, row);
    for (let u = 0; u < width; u++) {
      let red = half;
      let green = half;
      let blue = half;
      const end = (columns.first[u + 1] as number) | 0;
      for (let k = columns.first[u] as number, p = (columns.start[u] as number) * 3; k < end; k++, p += 3) {
        const weight = columns.weights[k] as number;
        red = (red + Math.imul(weight, row[p] as number)) | 0;
        green = (green + Math.imul(weight, row[p + 1] as number)) | 0;
        blue = (blue + Math.imul(weight, row[p + 2] as number)) | 0;
      }
      const to = (v * width + u) * 3;
      out[to] = red >> (ROW_BITS + COLUMN_BITS);
      out[to + 1] = green >> (ROW_BITS + COLUMN_BITS);
      out[to + 2] = blue >> (ROW_BITS + COLUMN_BITS);
    }
  }
  return { data: out, width, height };
}

/** The rows that the result's row v covers, weighted and added up. Most of the time goes by here. */
function addRows({ data, width }: Raster, part: Part, rows: Spans, v: number, row: Int32Array): void {
  const length = row.length;
  const stride = width * 3;
  const first = rows.first[v] as number;
  const end = rows.first[v + 1] as number;
  let p0 = (part.top + (rows.start[v] as number)) * stride + part.left * 3;
  row.fill(0);
  for (let k = first; k < end; k += 4, p0 += 4 * stride) {
    // Where fewer than four are left the others weigh nothing; what they are of must be inside the memory.
    const w0 = rows.weights[k] as number;
    const w1 = k + 1 < end ? (rows.weights[k + 1] as number) : 0;
    const w2 = k + 2 < end ? (rows.weights[k + 2] as number) : 0;
    const w3 = k + 3 < end ? (rows.weights[k + 3] as number) : 0;
    const p1 = k + 1 < end ? p0 + stride : p0;
    const p2 = k + 2 < end ? p1 + stride : p0;
    const p3 = k + 3 < end ? p2 + stride : p0;
    for (let i = 0; i < length; i++) {
      row[i] =
        (row[i] as number) +
        Math.imul(w0, data[p0 + i] as number) +
        Math.imul(w1, data[p1 + i] as number) +
        Math.imul(w2, data[p2 + i] as number) +
        Math.imul(w3, data[p3 + i] as number);
    }
  }
}

/** How `from` pixels are shared out to `to` places. */
interface Spans {
  /** The first pixel of each place. */
  readonly start: Int32Array;
  /** Where the weights of each place begin, and, one further, where they end. */
  readonly first: Int32Array;
  /** Those of one place add up to 2^bits. */
  readonly weights: Int32Array;
}

function spans(from: number, to: number, bits: number): Spans {
  const factor = from / to;
  const start = new Int32Array(to);
  const first = new Int32Array(to + 1);
  const weights: number[] = [];
  for (let i = 0; i < to; i++) {
    const begin = i * factor;
    const end = i === to - 1 ? from : begin + factor;
    const pixel = Math.min(Math.floor(begin + 1e-9), from - 1);
    start[i] = pixel;
    let given = 0;
    let k = 0;
    for (; k === 0 || pixel + k < end - 1e-9; k++) {
      // What is given away so far is rounded, not each share, so that nothing is lost in all.
      const sum = Math.round(((Math.min(end, pixel + k + 1) - begin) / factor) * 2 ** bits);
      weights.push(sum - given);
      given = sum;
    }
    first[i + 1] = weights.length;
  }
  return { start, first, weights: Int32Array.from(weights) };
}

/**
 * Fills a square of `size` pixels: position p of it shows the picture at `toPicture(p)`, black outside of the
 * picture. Bilinear; where it shrinks a little each pixel is the mean of four samples, and where it shrinks to
 * half or less the part that is needed is made smaller first.
 * @param planes red, green and blue of the square, 0..255, are written from `offset` on
 */
export function warp(
  picture: Raster,
  toPicture: Similarity,
  size: number,
  planes: Float32Array,
  offset = 0,
): void {
  const scale = Math.hypot(toPicture.a, toPicture.b);
  const edges = edgesOf(toPicture, size);
  if (
    scale < 2 &&
    edges.right > 0 &&
    edges.bottom > 0 &&
    edges.left < picture.width &&
    edges.top < picture.height
  ) {
    const { a, b, dx, dy } = toPicture;
    const same = { ax: a, bx: b, dx, ay: a, by: b, dy };
    bilinear(picture, same, size, scale > 1 ? 2 : 1, planes, offset);
    return;
  }
  const left = bound(Math.floor(edges.left - scale), picture.width);
  const top = bound(Math.floor(edges.top - scale), picture.height);
  const right = bound(Math.ceil(edges.right + scale), picture.width);
  const bottom = bound(Math.ceil(edges.bottom + scale), picture.height);
  if (right - left < 1 || bottom - top < 1) {
    planes.fill(0, offset, offset + size * size * 3);
    return;
  }
  const part = { left, top, width: right - left, height: bottom - top };
  const width = Math.max(1, Math.round(part.width / scale));
  const height = Math.max(1, Math.round(part.height / scale));
  // The factors of the two sides differ by the rounding alone: less than half a pixel over the whole part.
  const sx = width / part.width;
  const sy = height / part.height;
  const smaller = {
    ax: toPicture.a * sx,
    bx: toPicture.b * sx,
    dx: (toPicture.dx - left) * sx,
    ay: toPicture.a * sy,
    by: toPicture.b * sy,
    dy: (toPicture.dy - top) * sy,
  };
  bilinear(shrink(picture, part, width, height), smaller, size, 1, planes, offset);
}

/** x = ax·u - bx·v + dx, y = by·u + ay·v + dy: a similarity whose axes were shrunk a little differently. */
interface Mapping {
  readonly ax: number;
  readonly bx: number;
  readonly dx: number;
  readonly ay: number;
  readonly by: number;
  readonly dy: number;
}

/** Positions are counted in 65536ths of a pixel, weights in 256ths: whole numbers are twice as fast here. */
const ONE = 65536;

/**
 * Samples a square that may stand over the edge: those whose four neighbours are all inside of the picture the
 * short way, the others one by one.
 * @param grid samples along each side of a pixel: 1 or 2
 */
function bilinear(
  picture: Raster,
  { ax, bx, dx, ay, by, dy }: Mapping,
  size: number,
  grid: 1 | 2,
  planes: Float32Array,
  offset: number,
): void {
  const { data } = picture;
  const area = size * size;
  const stride = picture.width * 3;
  const lastX = picture.width - 1;
  const lastY = picture.height - 1;
  const samples = grid * grid;
  // Sums of bytes times 2^16; four of them are below 2^31 with a bit to spare.
  const weight = 1 / (ONE * samples);
  const fixed = (value: number) => Math.round(value * ONE);
  const [stepUx, stepUy, stepVx, stepVy] = [fixed(ax), fixed(by), fixed(-bx), fixed(ay)];
  const edge = [0, 0, 0];
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      // Positions count from the corner of a pixel; its value stands in its middle.
      const middleX = fixed(dx - 0.5) + Math.imul(u, stepUx) + Math.imul(v, stepVx);
      const middleY = fixed(dy - 0.5) + Math.imul(u, stepUy) + Math.imul(v, stepVy);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let k = 0; k < samples; k++) {
        // In quarters of a step: the middle of the pixel, or the middles of its four quarters.
        const qu = grid === 1 ? 2 : 1 + ((k & 1) << 1);
        const qv = grid === 1 ? 2 : 1 + (k & 2);
        const x = (middleX + ((Math.imul(qu, stepUx) + Math.imul(qv, stepVx)) >> 2)) | 0;
        const y = (middleY + ((Math.imul(qu, stepUy) + Math.imul(qv, stepVy)) >> 2)) | 0;
        const x0 = x >> 16;
        const y0 = y >> 16;
        const right = (x >> 8) & 255;
        const below = (y >> 8) & 255;
        if (x0 < 0 || y0 < 0 || x0 >= lastX || y0 >= lastY) {
          sampleEdge(picture, x0, y0, right, below, edge);
          red = (red + (edge[0] as number)) | 0;
          green = (green + (edge[1] as number)) | 0;
          blue = (blue + (edge[2] as number)) | 0;
          continue;
        }
        const tl = Math.imul(256 - right, 256 - below);
        const tr = Math.imul(right, 256 - below);
        const bl = Math.imul(256 - right, below);
        const br = Math.imul(right, below);
        const p = (Math.imul(y0, stride) + Math.imul(x0, 3)) | 0;
        const q = (p + stride) | 0;
        // The channels are written out: most of the time goes by here.
        red =
          (red +
            Math.imul(tl, data[p] as number) +
            Math.imul(tr, data[p + 3] as number) +
            Math.imul(bl, data[q] as number) +
            Math.imul(br, data[q + 3] as number)) |
          0;
        green =
          (green +
            Math.imul(tl, data[p + 1] as number) +
            Math.imul(tr, data[p + 4] as number) +
            Math.imul(bl, data[q + 1] as number) +
            Math.imul(br, data[q + 4] as number)) |
          0;
        blue =
          (blue +
            Math.imul(tl, data[p + 2] as number) +
            Math.imul(tr, data[p + 5] as number) +
            Math.imul(bl, data[q + 2] as number) +
            Math.imul(br, data[q + 5] as number)) |
          0;
      }
      const to = offset + v * size + u;
      planes[to] = red * weight;
      planes[to + area] = green * weight;
      planes[to + 2 * area] = blue * weight;
    }
  }
}

/** The same where a neighbour lies outside of the picture, and is black. */
function sampleEdge(
  { data, width, height }: Raster,
  x0: number,
  y0: number,
  right: number,
  below: number,
  sums: number[],
): void {
  sums.fill(0);
  for (let k = 0; k < 4; k++) {
    const [x, y] = [x0 + (k & 1), y0 + (k >> 1)];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const weight = (k & 1 ? right : 256 - right) * (k >> 1 ? below : 256 - below);
    for (let c = 0; c < 3; c++)
      sums[c] = (sums[c] as number) + weight * (data[(y * width + x) * 3 + c] as number);
  }
}

/** RGB bytes, pixel after pixel, into planes of `stride` numbers a row: (value - mean) / range. */
export function toPlanes(
  { data, width, height }: Raster,
  planes: Float32Array,
  layout: { readonly stride: number; readonly area: number; readonly channels: readonly number[] },
  mean: number,
  range: number,
): void {
  for (let c = 0; c < 3; c++) {
    const channel = layout.channels[c] ?? c;
    const base = c * layout.area;
    for (let y = 0; y < height; y++) {
      let from = y * width * 3 + channel;
      const to = base + y * layout.stride;
      for (let x = 0; x < width; x++, from += 3) planes[to + x] = ((data[from] as number) - mean) / range;
    }
  }
}

function edgesOf(toPicture: Similarity, size: number) {
  const corners = [
    apply(toPicture, [0, 0]),
    apply(toPicture, [size, 0]),
    apply(toPicture, [0, size]),
    apply(toPicture, [size, size]),
  ];
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function bound(value: number, length: number): number {
  return Math.min(Math.max(value, 0), length);
}
