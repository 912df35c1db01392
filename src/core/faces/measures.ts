/**
 * The port for measuring many faces against many known ones. What is computed is said here; `src/detect/` does the
 * products of matrices with a library in a thread of its own, and `plainMeasures` does them in JavaScript.
 */

export interface MeasureJob {
  /** Embeddings, one after the other. May be shared memory. */
  readonly faces: Float32Array;
  /** Numbers of one embedding. */
  readonly dims: number;
  /** Which of the faces are measured, by their place; the answer has one entry for each. */
  readonly rows: Int32Array;
  /** Sets of known faces (one for each person), each by the places of its members in `faces`, or as embeddings. */
  readonly sets: readonly (Int32Array | Float32Array)[];
  /** 1 where a set is out of the question for a row: `row * sets.length + set`. */
  readonly barred: Uint8Array | null;
  /** The distance to a set is the mean over this many of its nearest members. */
  readonly nearest: number;
}

export interface Measured {
  /** The nearest set that is not barred; -1: there is none. */
  readonly set: Int32Array;
  /** Mean Euclidean distance to the nearest members of that set. */
  readonly mean: Float32Array;
  /** Distance to the nearest member of that set. */
  readonly least: Float32Array;
  /** Distance to the nearest of the `faces` that are in another set, barred or not. */
  readonly others: Float32Array;
}

export interface Measures {
  measure(job: MeasureJob): Promise<Measured>;
  close(): Promise<void>;
}

/**
 * The product of two matrices, and its least value in every `BLOCK` columns: `left` is rows x depth, `right` is
 * depth x columns with columns a multiple of BLOCK.
 */
export type Multiply = (
  left: Float32Array,
  right: Float32Array,
  size: { readonly rows: number; readonly depth: number; readonly columns: number },
) => Promise<Product>;

export interface Product {
  readonly products: Float32Array;
  readonly leasts: Float32Array;
}

export const BLOCK = 8;
/** Products at once: enough for the library, small enough for the processor's cache and for memory. */
const AT_ONCE = 1_000_000;
/** Farther from everything than any embedding. */
const FAR = 1e30;

/**
 * |a-b|² = |a|² + |b|² - 2ab, so that one product of matrices gives all distances: `right` holds -2b with |b|² below,
 * `left` holds a with 1 beside. |a|² is the same for a whole row and is added at the end. Distances below about 0.001
 * are lost in the rounding; two pictures of a face are never so near.
 *
 * The least value of a set is never more than the mean over its nearest, so means are computed only for sets whose
 * least value is below the best mean so far: about five of fifty.
 */
export async function measure(job: MeasureJob, multiply: Multiply): Promise<Measured> {
  const { faces, dims, rows, sets, barred } = job;
  const set = new Int32Array(rows.length).fill(-1);
  const mean = new Float32Array(rows.length).fill(Number.POSITIVE_INFINITY);
  const least = new Float32Array(rows.length).fill(Number.POSITIVE_INFINITY);
  const others = new Float32Array(rows.length).fill(Number.POSITIVE_INFINITY);
  // No face has an embedding yet, and nobody knows how many numbers one has.
  if (rows.length === 0) return { set, mean, least, others };
  const { right, starts, ends } = columnsOf(job);
  const columns = right.length / (dims + 1);
  if (columns === 0) return { set, mean, least, others };
  const ofFaces = sets.map((one) => one instanceof Int32Array);
  const chunk = Math.max(1, Math.floor(AT_ONCE / columns));
  const low = new Float64Array(sets.length);
  for (let from = 0; from < rows.length; from += chunk) {
    const part = rows.subarray(from, from + chunk);
    const { left, norms } = rowsOf(faces, dims, part);
    const size = { rows: part.length, depth: dims + 1, columns };
    const product = await multiply(left, right, size);
    const { leasts } = product;
    for (let i = 0; i < part.length; i++) {
      const row = from + i;
      const norm = norms[i] as number;
      // The set with the least value comes first: it mostly has the least mean too.
      let nearestSet = -1;
      // The nearest face of all, whose set that is, and the nearest one of another set.
      let first = FAR;
      let firstSet = -1;
      let second = FAR;
      for (let s = 0, block = (i * columns) / BLOCK; s < sets.length; s++) {
        let value = FAR;
        for (const end = (i * columns + (starts[s + 1] as number)) / BLOCK; block < end; block++) {
          const one = leasts[block] as number;
          if (one < value) value = one;
        }
        if (ofFaces[s] && value < second) {
          second = value < first ? first : value;
          if (value < first) {
            first = value;
            firstSet = s;
          }
        }
        low[s] = barred !== null && barred[row * sets.length + s] === 1 ? FAR : value;
        if ((low[s] as number) < (nearestSet < 0 ? FAR : (low[nearestSet] as number))) nearestSet = s;
      }
      if (nearestSet < 0) continue;
      const meanOf = (s: number) =>
        meanOfNearest(
          product,
          i * columns + (starts[s] as number),
          i * columns + (ends[s] as number),
          norm,
          job.nearest,
        );
      let best = nearestSet;
      let bestMean = meanOf(best);
      for (let s = 0; s < sets.length; s++) {
        if (s === nearestSet || !((low[s] as number) + norm < bestMean * bestMean)) continue;
        const one = meanOf(s);
        // Of equals the first, so that the answer does not depend on which had the least value.
        if (one < bestMean || (one === bestMean && s < best)) [best, bestMean] = [s, one];
      }
      set[row] = best;
      mean[row] = bestMean;
      least[row] = Math.sqrt(Math.max(0, (low[best] as number) + norm));
      const other = firstSet === best ? second : first;
      if (other < FAR) others[row] = Math.sqrt(Math.max(0, other + norm));
    }
  }
  return { set, mean, least, others };
}

/** The sets side by side, each filled up to a multiple of BLOCK with something that is far from everything. */
function columnsOf({ faces, dims, sets }: MeasureJob): {
  right: Float32Array;
  starts: number[];
  ends: number[];
} {
  const sizes = sets.map((set) => (set instanceof Int32Array ? set.length : set.length / dims));
  const starts = [0];
  for (const size of sizes) starts.push((starts.at(-1) as number) + Math.ceil(size / BLOCK) * BLOCK);
  const ends = sizes.map((size, s) => (starts[s] as number) + size);
  const columns = starts.at(-1) as number;
  const right = new Float32Array((dims + 1) * columns);
  right.fill(FAR, dims * columns);
  for (const [s, set] of sets.entries()) {
    for (let member = 0; member < (sizes[s] as number); member++) {
      const column = (starts[s] as number) + member;
      const [source, from] =
        set instanceof Int32Array ? [faces, (set[member] as number) * dims] : [set, member * dims];
      let norm = 0;
      for (let k = 0; k < dims; k++) {
        const value = source[from + k] as number;
        right[k * columns + column] = -2 * value;
        norm += value * value;
      }
      right[dims * columns + column] = norm;
    }
  }
  return { right, starts, ends };
}

function rowsOf(
  faces: Float32Array,
  dims: number,
  rows: Int32Array,
): { left: Float32Array; norms: Float64Array } {
  const left = new Float32Array(rows.length * (dims + 1));
  const norms = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * dims;
    const to = i * (dims + 1);
    let norm = 0;
    left.set(faces.subarray(from, from + dims), to);
    for (let k = to; k < to + dims; k++) norm += (left[k] as number) * (left[k] as number);
    left[to + dims] = 1;
    norms[i] = norm;
  }
  return { left, norms };
}

const near = new Float64Array(64);

/** Keeps the few nearest in order, which is quicker than sorting, and passes over blocks that hold none of them. */
function meanOfNearest(
  { products, leasts }: Product,
  from: number,
  to: number,
  norm: number,
  count: number,
): number {
  const most = Math.min(count, to - from);
  let size = 0;
  let farthest = FAR;
  for (let start = from; start < to; start += BLOCK) {
    if (size === most && (leasts[start / BLOCK] as number) >= farthest) continue;
    const end = Math.min(start + BLOCK, to);
    for (let at = start; at < end; at++) {
      const value = products[at] as number;
      if (size === most && value >= farthest) continue;
      let place = size < most ? size++ : size - 1;
      for (; place > 0 && (near[place - 1] as number) > value; place--)
        near[place] = near[place - 1] as number;
      near[place] = value;
      farthest = near[size - 1] as number;
    }
  }
  let sum = 0;
  for (let i = 0; i < size; i++) sum += Math.sqrt(Math.max(0, (near[i] as number) + norm));
  return sum / size;
}

/** In this thread, without a library: for tests, and where the library cannot be had. */
export const plainMeasures: Measures = {
  measure: (job) => measure(job, multiplyPlainly),
  close: async () => {},
};

const multiplyPlainly: Multiply = async (left, right, { rows, depth, columns }) => {
  const products = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < depth; k++) {
      const value = left[i * depth + k] as number;
      if (value === 0) continue;
      const [to, from] = [i * columns, k * columns];
      for (let j = 0; j < columns; j++)
        products[to + j] = (products[to + j] as number) + value * (right[from + j] as number);
    }
  }
  const leasts = new Float32Array(products.length / BLOCK).fill(FAR);
  for (let i = 0; i < products.length; i++) {
    const block = Math.floor(i / BLOCK);
    if ((products[i] as number) < (leasts[block] as number)) leasts[block] = products[i] as number;
  }
  return { products, leasts };
};
