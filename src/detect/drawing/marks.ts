/**
 * Boxes and their labels as SVG. White between two dark lines shows on any picture, and nothing depends on
 * telling colours apart: the label says which is which.
 */
import { textPath, textWidth } from './glyphs.ts';

/** Pixels of the canvas. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface LabelledRect {
  readonly rect: Rect;
  readonly label: string;
}

const DARK = '#101418';
const LIGHT = '#ffffff';
const TAG = '#ffd60a';
/** A box smaller than this would drown in its own lines. */
const SMALLEST = 14;

/** @param unit the width of the white line; everything else follows from it. */
export function drawMarks(marks: readonly LabelledRect[], area: Rect, unit: number): string {
  const boxes = marks.map(({ rect }) => around(rect, unit * 1.5));
  const heights = boxes.map(({ height }) => height).sort((a, b) => a - b);
  const typical = heights[Math.floor(heights.length / 2)] ?? 0;
  // Big where there is room, smaller in a crowd.
  const height = Math.min(Math.max(typical * 0.45, unit * 9), unit * 15);
  const tags: Rect[] = [];
  marks.forEach(({ label }, i) => {
    const box = boxes[i];
    if (box) tags.push(place(box, tagSize(label, height), boxes, tags, area, unit));
  });
  const frames = boxes.map((box) => frame(box, unit)).join('');
  return frames + marks.map(({ label }, i) => drawTag(label, tags[i], unit)).join('');
}

/** A label in the top left corner of an area. */
export function cornerTag(label: string, area: Rect, height: number): string {
  const size = tagSize(label, height);
  const unit = height / 12;
  return drawTag(label, { x: area.x + unit * 2, y: area.y + unit * 2, ...size }, unit);
}

/** A thin line just inside the rectangle. */
export function thinFrame({ x, y, width, height }: Rect, colour: string): string {
  return `<rect x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${height - 2}" fill="none" stroke="${colour}" stroke-width="2"/>`;
}

export function svg(width: number, height: number, content: string): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`,
  );
}

function frame({ x, y, width, height }: Rect, unit: number): string {
  const shape = `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${unit}" fill="none"`;
  return (
    `${shape} stroke="${DARK}" stroke-opacity="0.85" stroke-width="${unit * 2.2}"/>` +
    `${shape} stroke="${LIGHT}" stroke-width="${unit}"/>`
  );
}

function tagSize(label: string, height: number): { width: number; height: number } {
  return { width: Math.max(height * 0.9, textWidth(label, height * 0.66) + height * 0.42), height };
}

function drawTag(label: string, tag: Rect | undefined, unit: number): string {
  if (!tag) return '';
  const { x, y, width, height } = tag;
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${unit * 1.5}" fill="${TAG}" ` +
    `stroke="${DARK}" stroke-width="${unit * 0.7}"/>` +
    textPath(label, x + width / 2, y + height / 2, height * 0.66, DARK)
  );
}

/** Above the box if there is room, else below, beside, and only then on the face: where it hides least. */
function place(
  box: Rect,
  { width, height }: { width: number; height: number },
  boxes: readonly Rect[],
  tags: readonly Rect[],
  area: Rect,
  unit: number,
): Rect {
  const gap = unit * 1.1;
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  const above = box.y - gap - height;
  const below = bottom + gap;
  const corners: [number, number][] = [
    [box.x - gap, above],
    [box.x + (box.width - width) / 2, above],
    [right + gap - width, above],
    [box.x - gap, below],
    [box.x + (box.width - width) / 2, below],
    [right + gap - width, below],
    [box.x - gap - width, box.y - gap],
    [right + gap, box.y - gap],
    [box.x - gap - width, bottom + gap - height],
    [right + gap, bottom + gap - height],
    // The corners of the box itself: hair and chin matter less than eyes.
    [box.x + gap, box.y + gap],
    [right - gap - width, bottom - gap - height],
  ];
  let best: Rect = { x: box.x, y: box.y, width, height };
  let least = Number.POSITIVE_INFINITY;
  for (const [x, y] of corners) {
    const tag = { x, y, width, height };
    const outside = width * height - overlap(tag, area);
    const hidden = boxes.reduce((sum, other) => sum + overlap(tag, other), 0);
    const piled = tags.reduce((sum, other) => sum + overlap(tag, around(other, unit)), 0);
    const cost = outside * 20 + hidden + piled * 10;
    if (cost < least - 0.01) {
      best = tag;
      least = cost;
    }
  }
  return {
    width,
    height,
    x: clamp(best.x, area.x + unit, area.x + area.width - width - unit),
    y: clamp(best.y, area.y + unit, area.y + area.height - height - unit),
  };
}

/** The rectangle with room for its lines, so that they run outside of the face. */
function around({ x, y, width, height }: Rect, room: number): Rect {
  const w = Math.max(width, SMALLEST) + room * 2;
  const h = Math.max(height, SMALLEST) + room * 2;
  return { x: x + (width - w) / 2, y: y + (height - h) / 2, width: w, height: h };
}

function overlap(a: Rect, b: Rect): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
