/** Measures the product beside the bare work, in turns, because no machine is as fast in one minute as in the next. */
import { createDetector, type ProcessDetector } from '../detector.ts';
import { collectGarbage } from '../memory.ts';
import type { ModelChoice } from '../models/catalogue.ts';
import type { Beside, ThreadResult } from './beside.ts';
import { type Megabytes, productMemory, watchMemory } from './memory.ts';

interface Common {
  readonly dataDir: string;
  readonly models: ModelChoice;
  readonly pictures: readonly Uint8Array[];
  readonly beside: Beside;
  readonly workers: number;
}

export interface SpeedOptions extends Common {
  /** Of each turn of each side. */
  readonly seconds: number;
  /** Turns; the medians are reported. */
  readonly turns: number;
}

export interface BenchResult {
  readonly workers: number;
  readonly facesAPicture: number;
  /** Pictures a second, decode to embedding. */
  readonly product: number;
  readonly bare: number;
  /** product / bare, 0..1: median of the turns. */
  readonly share: number;
  /** Milliseconds for a picture in one thread of the bare work. */
  readonly bareStages: Stages;
  /** The same of the product's own steps, one picture at a time. */
  readonly productStages: Stages;
  /** While the product worked, as in memory.ts. */
  readonly peakMemory: Megabytes;
}

export type Stages = Readonly<Record<'decode' | 'detect' | 'landmarks' | 'embed', number>>;

export async function measure(options: SpeedOptions): Promise<BenchResult> {
  const { dataDir, models, pictures, beside, workers, seconds, turns } = options;
  const detector = createDetector({ dataDir, models, threads: workers });
  try {
    const detections = await Promise.all(pictures.map((picture) => detector.detect(picture)));
    const faces = detections.map((detection) => detection.faces.length);
    await beside.open({ workers, dataDir, models, pictures, faces });
    const memory = watchMemory(beside.pid);
    await runFor(seconds, detector, pictures, workers);
    const peakMemory = await memory.stop();
    const rounds: { product: number; bare: number }[] = [];
    const bare: ThreadResult[] = [];
    const stages: ThreadResult[] = [];
    for (let turn = 0; turn < turns; turn++) {
      const product = await runFor(seconds, detector, pictures, workers);
      bare.push(await beside.work('bare', seconds));
      stages.push(await beside.work('product', seconds / 2));
      rounds.push({ product, bare: (bare.at(-1)?.pictures ?? 0) / seconds });
    }
    return {
      workers,
      facesAPicture: faces.reduce((sum, count) => sum + count, 0) / faces.length,
      product: median(rounds.map((round) => round.product)),
      bare: median(rounds.map((round) => round.bare)),
      share: median(rounds.map((round) => round.product / round.bare)),
      bareStages: eachPicture(bare),
      productStages: eachPicture(stages),
      peakMemory,
    };
  } finally {
    await detector.close();
  }
}

export interface EnduranceResult {
  readonly workers: number;
  readonly pictures: number;
  readonly picturesASecond: number;
  /** Megabytes as in memory.ts: the most; after a fifth and at the end, each after a collection of garbage. */
  readonly peak: Megabytes;
  readonly afterAFifth: Megabytes;
  readonly atTheEnd: Megabytes;
  /** atTheEnd / afterAFifth. */
  readonly growth: number | null;
  /** Child processes that took part: one is changed for another when its computing time is used up. */
  readonly children: number;
}

/** Does this many pictures, and looks whether memory grows with them. */
export async function endure(options: Common & { readonly count: number }): Promise<EnduranceResult> {
  const { dataDir, models, pictures, beside, workers, count } = options;
  const detector = createDetector({ dataDir, models, threads: workers });
  const children = new Set<number | null>();
  const memory = watchMemory(beside.pid);
  const first = Math.ceil(count / 5);
  const start = performance.now();
  try {
    const run = (from: number, to: number) =>
      runWhile(
        (asked) => from + asked < to,
        async (asked) => {
          await detector.detect(pictures[(from + asked) % pictures.length] ?? new Uint8Array());
          children.add(detector.pid);
        },
        workers,
      );
    await run(0, first);
    const afterAFifth = await collected(detector, beside);
    await run(first, count);
    const seconds = (performance.now() - start) / 1000;
    const atTheEnd = await collected(detector, beside);
    return {
      workers,
      pictures: count,
      picturesASecond: count / seconds,
      peak: await memory.stop(),
      afterAFifth,
      atTheEnd,
      growth: afterAFifth === null || atTheEnd === null ? null : atTheEnd / afterAFifth,
      children: children.size,
    };
  } finally {
    await memory.stop();
    await detector.close();
  }
}

async function collected(detector: ProcessDetector, beside: Beside): Promise<Megabytes> {
  collectGarbage();
  await detector.collect();
  return productMemory(beside.pid);
}

/** Pictures a second. Those that were still in work at the end count too, and so does their time. */
async function runFor(
  seconds: number,
  { detect }: ProcessDetector,
  pictures: readonly Uint8Array[],
  workers: number,
): Promise<number> {
  const start = performance.now();
  let done = 0;
  await runWhile(
    () => performance.now() - start < seconds * 1000,
    async (asked) => {
      await detect(pictures[asked % pictures.length] ?? new Uint8Array());
      done++;
    },
    workers,
  );
  return done / ((performance.now() - start) / 1000);
}

/** As many requests at once as keep all threads busy while answers are on their way. */
async function runWhile(
  more: (asked: number) => boolean,
  ask: (asked: number) => Promise<void>,
  workers: number,
): Promise<void> {
  let asked = 0;
  const lane = async () => {
    while (more(asked)) await ask(asked++);
  };
  await Promise.all(Array.from({ length: workers * 2 + 1 }, lane));
}

function eachPicture(results: readonly ThreadResult[]): Stages {
  const sum = (key: keyof ThreadResult) => results.reduce((total, result) => total + result[key], 0);
  const each = (key: keyof Stages) => sum(key) / Math.max(1, sum('pictures'));
  return {
    decode: each('decode'),
    detect: each('detect'),
    landmarks: each('landmarks'),
    embed: each('embed'),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
