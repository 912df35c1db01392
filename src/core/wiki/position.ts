/**
 * Where in the picture, as the qualifier “relative position within image” (P2677) writes it:
 * `pct:x,y,width,height` in per cent of the upright picture (IIIF Image API, region).
 */

/** x, y, width, height as fractions (0..1) of the upright picture. */
export type Position = readonly [x: number, y: number, width: number, height: number];

/** Hundredths of a per cent: half a pixel of a picture 5,000 pixels wide. */
export function positionText([x, y, width, height]: Position): string {
  return `pct:${[x, y, width, height].map((part) => Number((part * 100).toFixed(2))).join(',')}`;
}

const POSITION = /^pct:(\d{1,3}(?:\.\d+)?),(\d{1,3}(?:\.\d+)?),(\d{1,3}(?:\.\d+)?),(\d{1,3}(?:\.\d+)?)$/;

/** Null for anything that is not such a text. */
export function readPosition(text: string): Position | null {
  const parts = POSITION.exec(text.trim());
  if (!parts) return null;
  const [x = 0, y = 0, width = 0, height = 0] = parts.slice(1).map((part) => Number(part) / 100);
  return [x, y, width, height];
}
