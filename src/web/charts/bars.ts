/** The box that upright bars are drawn in: as many units wide as there are bars, so many high. */
export const BOX_HEIGHT = 100;
/** Of a unit; the rest is the gap to the next bar. */
const BAR_WIDTH = 0.8;
/** What is not nothing can be seen, however much there is elsewhere. */
const LEAST_HEIGHT = 3;

/**
 * Upright bars as the data of one SVG path, in a box of `values.length` by `BOX_HEIGHT` units.
 * @param rightToLeft the first value stands on the right
 */
export function barsPath(values: readonly number[], rightToLeft: boolean): string {
  const most = Math.max(1, ...values);
  return values
    .map((value, i) => {
      if (value <= 0) return '';
      const place = rightToLeft ? values.length - 1 - i : i;
      const left = place + (1 - BAR_WIDTH) / 2;
      const top = BOX_HEIGHT - Math.max(LEAST_HEIGHT, (value / most) * BOX_HEIGHT);
      return `M${short(left)} ${BOX_HEIGHT}V${short(top)}H${short(left + BAR_WIDTH)}V${BOX_HEIGHT}Z`;
    })
    .join('');
}

/** Numbers in attributes: two digits after the point are less than a pixel. */
export function short(value: number): number {
  return Math.round(value * 100) / 100;
}
