/** What distances between pairs of faces say about a model: ROC, AUC, and what a threshold lets through. */
export interface Pairs {
  /** Distances of pairs of the same person, and of different people. */
  readonly same: readonly number[];
  readonly different: readonly number[];
}

export interface RocPoint {
  /** Pairs that are nearer than this are taken for the same person. */
  readonly threshold: number;
  /** Shares of the pairs of each kind that are, 0..1; null without such pairs. */
  readonly trueAccepts: number | null;
  readonly falseAccepts: number | null;
}

export function pointAt({ same, different }: Pairs, threshold: number): RocPoint {
  return { threshold, trueAccepts: share(same, threshold), falseAccepts: share(different, threshold) };
}

/** The largest threshold that lets through no more than this share of the pairs of different people. */
export function atFalseAccepts(pairs: Pairs, most: number): RocPoint | null {
  if (pairs.same.length === 0 || pairs.different.length === 0) return null;
  const sorted = [...pairs.different].sort((a, b) => a - b);
  // The first one too many is the threshold: what is nearer than it is let through.
  const threshold = sorted[Math.floor(most * sorted.length + 1e-9)] ?? Number.MAX_VALUE;
  return pointAt(pairs, threshold);
}

/** Chance that a pair of the same person is nearer than one of different people; ties count half. */
export function areaUnderCurve({ same, different }: Pairs): number | null {
  if (same.length === 0 || different.length === 0) return null;
  const sorted = Float64Array.from(different).sort();
  let wins = 0;
  for (const distance of same)
    wins += sorted.length - (before(sorted, distance, true) + before(sorted, distance, false)) / 2;
  return wins / same.length / sorted.length;
}

/** How many are smaller, or smaller or equal. */
function before(sorted: Float64Array, value: number, equalToo: boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = sorted[middle] ?? 0;
    if (other < value || (equalToo && other === value)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function share(distances: readonly number[], threshold: number): number | null {
  if (distances.length === 0) return null;
  return distances.filter((distance) => distance < threshold).length / distances.length;
}
