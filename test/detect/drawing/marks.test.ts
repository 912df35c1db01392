import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { textPath, textWidth } from '../../../src/detect/drawing/glyphs.ts';
import { drawMarks, type LabelledRect, svg } from '../../../src/detect/drawing/marks.ts';
import { squareAround } from '../../../src/detect/drawing/panels.ts';

const AREA = { x: 0, y: 0, width: 900, height: 600 };

/** Rectangles of the tags: the only ones with a fill. */
function tags(marks: readonly LabelledRect[]) {
  const drawn = drawMarks(marks, AREA, 3).matchAll(
    /<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)" rx="[\d.]+" fill="#/g,
  );
  return [...drawn].map((match) => match.slice(1).map(Number) as [number, number, number, number]);
}

const overlap = (a: readonly number[], b: readonly number[]) => {
  const along = (i: 0 | 1) =>
    Math.min((a[i] ?? 0) + (a[i + 2] ?? 0), (b[i] ?? 0) + (b[i + 2] ?? 0)) - Math.max(a[i] ?? 0, b[i] ?? 0);
  return along(0) > 0 && along(1) > 0;
};

describe('labels', () => {
  it('stand outside of every face when there is room', () => {
    const rects = [
      { x: 100, y: 200, width: 80, height: 100 },
      // Right below the first one, and at the top edge.
      { x: 100, y: 310, width: 80, height: 100 },
      { x: 400, y: 5, width: 80, height: 100 },
    ];
    const found = tags(rects.map((rect, i) => ({ rect, label: String(i + 1) })));
    expect(found).toHaveLength(3);
    for (const tag of found)
      for (const { x, y, width, height } of rects) expect(overlap(tag, [x, y, width, height])).toBe(false);
  });

  it('stay inside the picture and do not cover each other', () => {
    const marks = Array.from({ length: 30 }, (_, i) => ({
      rect: { x: (i % 10) * 92, y: Math.floor(i / 10) * 270, width: 40, height: 50 },
      label: String(i + 1),
    }));
    const found = tags(marks);
    found.forEach(([x, y, width, height], i) => {
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(900);
      expect(y + height).toBeLessThanOrEqual(600);
      for (const other of found.slice(0, i)) expect(overlap([x, y, width, height], other)).toBe(false);
    });
  });
});

describe('glyphs', () => {
  const render = (text: string) =>
    sharp(svg(60, 40, `<rect width="60" height="40" fill="#fff"/>${textPath(text, 30, 20, 30, '#000')}`))
      .greyscale()
      .raw()
      .toBuffer();

  it('are all there, different, and inside their width', async () => {
    const seen = new Set<string>();
    for (const character of '0123456789ABCDEFGHI?') {
      const pixels = await render(character);
      const dark = [...pixels].flatMap((value, i) => (value < 128 ? [i % 60] : []));
      expect(dark.length).toBeGreaterThan(50);
      const half = textWidth(character, 30) / 2 + 1;
      expect(Math.min(...dark)).toBeGreaterThanOrEqual(30 - half);
      expect(Math.max(...dark)).toBeLessThanOrEqual(30 + half);
      seen.add(pixels.toString('base64'));
    }
    expect(seen.size).toBe(20);
  });

  it('make two characters wider than one', () => {
    expect(textWidth('10', 30)).toBeGreaterThan(textWidth('1', 30) * 1.8);
  });
});

describe('squareAround', () => {
  it('puts the face in the middle with room around it', () => {
    const square = squareAround([0.4, 0.4, 0.1, 0.2], { width: 1000, height: 800 });
    expect(square).toEqual({ left: 314, top: 264, side: 272 });
  });

  it('moves into the picture at its edge', () => {
    expect(squareAround([0, 0, 0.1, 0.1], { width: 1000, height: 1000 })).toMatchObject({ left: 0, top: 0 });
    const { left, top, side } = squareAround([0.9, 0.9, 0.1, 0.1], { width: 1000, height: 1000 });
    expect([left + side, top + side]).toEqual([1000, 1000]);
  });
});
