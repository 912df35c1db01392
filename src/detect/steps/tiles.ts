/**
 * Looking at a picture piece by piece, for crowds: a face of 20 px is 5 px for a detector that sees the whole
 * picture in 320x240. Measured on 635 faces in crowds: 75.6 % found instead of 60.6 %, 14 more false ones.
 */
import type { Raster } from '../picture.ts';
import type { Part } from '../sampling.ts';
import { type Candidate, merge } from './boxes.ts';

export interface TileRules {
  readonly width: number;
  readonly height: number;
  /** Scores below are not believed: a tile shows less of what is around. */
  readonly threshold: number;
}

/** Share of a tile that the next one shows too. */
const OVERLAP = 0.25;
/** Boxes this near to an edge between tiles are cut off there; the next tile has the whole face. */
const CUT_PX = 2;
/** Larger ones were found in the whole picture already, and a tile often takes a part of one for a face. */
const TALLEST = 0.35;
const SAME_FACE = { union: 0.35, smaller: 0.6 };

/** This many faces below this height (pixels of the raster) make a crowd. */
const CROWD = 4;
const CROWD_FACE_PX = 48;

/** Did a first look find so many small faces that there are likely more? */
export function looksLikeCrowd(found: readonly Candidate[]): boolean {
  return found.filter(({ box }) => box[3] < CROWD_FACE_PX).length >= CROWD;
}

/** `whole` and what `find` sees in tiles of the picture, without doubles. */
export async function findInTiles(
  picture: Raster,
  whole: readonly Candidate[],
  rules: TileRules,
  find: (part: Part) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const closer: Candidate[] = [];
  for (const part of tilesOf(picture, rules)) {
    for (const candidate of await find(part)) {
      if (candidate.score > rules.threshold && isWhole(candidate, part, picture, rules))
        closer.push(candidate);
    }
  }
  return merge(whole, closer, SAME_FACE);
}

/** Tiles that cover the picture, spread evenly; none where one look at the whole shows as much. */
export function tilesOf(picture: Raster, { width, height }: TileRules): Part[] {
  if (picture.width <= width && picture.height <= height) return [];
  return starts(picture.height, height).flatMap((top) =>
    starts(picture.width, width).map((left) => ({
      left,
      top,
      width: Math.min(width, picture.width),
      height: Math.min(height, picture.height),
    })),
  );
}

function starts(length: number, tile: number): number[] {
  const count = length <= tile ? 1 : Math.ceil((length - tile) / (tile * (1 - OVERLAP))) + 1;
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - tile)) / (count - 1)),
  );
}

function isWhole({ box }: Candidate, part: Part, picture: Raster, rules: TileRules): boolean {
  const [x, y, width, height] = box;
  const cut =
    (part.left > 0 && x < part.left + CUT_PX) ||
    (part.top > 0 && y < part.top + CUT_PX) ||
    (part.left + part.width < picture.width && x + width > part.left + part.width - CUT_PX) ||
    (part.top + part.height < picture.height && y + height > part.top + part.height - CUT_PX);
  return !cut && height <= TALLEST * rules.height;
}
