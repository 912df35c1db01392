/**
 * Digits and letters as strokes of our own, so that a card looks the same on every machine: text in SVG needs
 * fonts that a server may not have. Each glyph is 6 wide and 10 high, measured at the middle of its stroke.
 */
const WIDTH = 6;
const HEIGHT = 10;
const STROKE = 1.8;
/** Between the middles of the strokes of two neighbours. */
const ADVANCE = WIDTH + 3;

const STROKES: Readonly<Record<string, string>> = {
  0: 'M3 0C5 0 6 2 6 5S5 10 3 10 0 8 0 5 1 0 3 0Z',
  1: 'M.9 2.3L3.5 0V10M.9 10H6',
  2: 'M.2 2.7C.4 1 1.5 0 3 0 4.8 0 5.9 1.1 5.9 2.8 5.9 4.7 4.4 6 .2 10H6',
  3: 'M.4 1.2C1.1.4 2 0 3 0 4.7 0 5.6 1.1 5.6 2.4 5.6 3.9 4.5 4.7 2.6 4.7 4.8 4.7 6 5.7 6 7.3 6 9 4.7 10 2.9 10 1.7 10 .7 9.6 0 8.7',
  4: 'M4.6 10V0L0 7H6.2',
  5: 'M5.5 0H1L.6 4.6C1.3 4 2.1 3.7 3 3.7 4.8 3.7 6 5 6 6.8 6 8.7 4.7 10 2.8 10 1.6 10 .6 9.5 0 8.6',
  6: 'M5.3 1C4.7.3 4 0 3.2 0 1.1 0 0 2.2 0 6 0 8.6 1.1 10 3 10 4.8 10 6 8.7 6 6.9 6 5.1 4.8 3.9 3.1 3.9 1.6 3.9.4 4.9 0 6.3',
  7: 'M0 0H6C4 3 2.6 6 2.2 10',
  8: 'M3 4.7C1.4 4.7.4 3.8.4 2.4S1.4 0 3 0 5.6 1 5.6 2.4 4.6 4.7 3 4.7C1.2 4.7 0 5.8 0 7.3S1.2 10 3 10 6 8.9 6 7.3 4.8 4.7 3 4.7Z',
  9: 'M.7 9C1.3 9.7 2 10 2.8 10 4.9 10 6 7.8 6 4 6 1.4 4.9 0 3 0 1.2 0 0 1.3 0 3.1 0 4.9 1.2 6.1 2.9 6.1 4.4 6.1 5.6 5.1 6 3.7',
  A: 'M0 10L3 0 6 10M1.1 6.6H4.9',
  B: 'M0 4.7H3C4.9 4.7 6 5.7 6 7.3S4.9 10 3 10H0V0H3C4.7 0 5.6.9 5.6 2.4S4.7 4.7 3 4.7',
  C: 'M6 2C5.4.7 4.4 0 3.2 0 1.2 0 0 1.9 0 5S1.2 10 3.2 10C4.4 10 5.4 9.3 6 8',
  D: 'M0 0H2.4C4.8 0 6 1.8 6 5S4.8 10 2.4 10H0Z',
  E: 'M5.6 0H0V10H5.6M0 4.8H4.8',
  F: 'M5.6 0H0V10M0 4.9H4.8',
  G: 'M5.9 1.9C5.3.7 4.4 0 3.2 0 1.2 0 0 1.9 0 5S1.2 10 3.2 10C4.9 10 6 8.8 6 6.6V5.5H3.4',
  H: 'M0 0V10M6 0V10M0 4.9H6',
  I: 'M3 0V10M1 0H5M1 10H5',
};
/** A question mark, for anything else. */
const UNKNOWN = 'M.4 2.4C.6.9 1.6 0 3 0 4.6 0 5.7 1 5.7 2.5 5.7 4.6 3 4.4 3 7M3 10V10';

/** Pixels that a text of this height takes. */
export function textWidth(text: string, height: number): number {
  const units = (text.length - 1) * ADVANCE + WIDTH + STROKE;
  return (units * height) / (HEIGHT + STROKE);
}

/** An SVG fragment: the text with its middle at x, y; `height` counts from edge to edge of the strokes. */
export function textPath(text: string, x: number, y: number, height: number, colour: string): string {
  const scale = height / (HEIGHT + STROKE);
  const start = x - (((text.length - 1) * ADVANCE + WIDTH) * scale) / 2;
  const top = y - (HEIGHT * scale) / 2;
  const glyphs = [...text].map((character, i) => {
    const path = STROKES[character] ?? UNKNOWN;
    return `<path d="${path}" transform="translate(${i * ADVANCE} 0)"/>`;
  });
  return (
    `<g transform="translate(${start} ${top}) scale(${scale})" fill="none" stroke="${colour}" ` +
    `stroke-width="${STROKE}" stroke-linecap="round" stroke-linejoin="round">${glyphs.join('')}</g>`
  );
}
