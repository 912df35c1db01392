/** Similarity transforms. All lengths are pixels. */

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

function mean(points: readonly XY[]): XY {
  const sum = points.reduce<XY>(([x, y], [u, v]) => [x + u, y + v], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
