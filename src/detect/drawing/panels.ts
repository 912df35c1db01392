/** The pieces that cards are put together from, as pixels. */
import type { Box } from '../../core/faces/detector.ts';
import { decode, fromRaster, open, orBroken, type Raster, type Size, toRaster } from '../picture.ts';

/** What is shown where a square goes over the edge of its picture. */
const EMPTY = '#c8ccd1';
/** Side of the square around a face, in sides of its box. */
const ROOM = 1.7;

/** The whole picture, as large as fits into the room, never enlarged beyond twice its size. */
export async function whole(bytes: Uint8Array, width: number, height: number): Promise<Raster> {
  const picture = await decode(bytes, Math.max(width, height));
  const scale = Math.min(width / picture.width, height / picture.height, 2);
  if (scale === 1) return picture;
  const size = [
    Math.max(1, Math.round(picture.width * scale)),
    Math.max(1, Math.round(picture.height * scale)),
  ];
  return toRaster(fromRaster(picture).resize(size[0], size[1], { fit: 'fill' }));
}

/** A square with the face in the middle, out of the picture at its full resolution. */
export async function faceSquare(bytes: Uint8Array, box: Box, side: number): Promise<Raster> {
  const { upright, size } = await open(bytes);
  const square = squareAround(box, size);
  const region = inside(square, size);
  const scale = side / square.side;
  const width = Math.min(side, Math.max(1, Math.round(region.width * scale)));
  const height = Math.min(side, Math.max(1, Math.round(region.height * scale)));
  const left = Math.min(side - width, Math.max(0, Math.round((region.left - square.left) * scale)));
  const top = Math.min(side - height, Math.max(0, Math.round((region.top - square.top) * scale)));
  const face = await orBroken(toRaster(upright.extract(region).resize(width, height, { fit: 'fill' })));
  if (width === side && height === side) return face;
  const edges = { left, top, right: side - width - left, bottom: side - height - top, background: EMPTY };
  return toRaster(fromRaster(face).extend(edges));
}

/** Stays inside the picture as long as that costs no part of the face and no centring worth having. */
export function squareAround(
  [x, y, width, height]: Box,
  size: Size,
): { left: number; top: number; side: number } {
  const face = Math.max(width * size.width, height * size.height, 1);
  const side = Math.max(face, Math.min(face * ROOM, size.width, size.height));
  const within = (middle: number, length: number) =>
    side > length ? middle - side / 2 : Math.min(Math.max(middle - side / 2, 0), length - side);
  return {
    left: Math.round(within((x + width / 2) * size.width, size.width)),
    top: Math.round(within((y + height / 2) * size.height, size.height)),
    side: Math.max(1, Math.round(side)),
  };
}

function inside({ left, top, side }: { left: number; top: number; side: number }, size: Size) {
  const from = {
    left: Math.min(Math.max(left, 0), size.width - 1),
    top: Math.min(Math.max(top, 0), size.height - 1),
  };
  return {
    ...from,
    width: Math.max(1, Math.min(left + side, size.width) - from.left),
    height: Math.max(1, Math.min(top + side, size.height) - from.top),
  };
}
