/** Measures the product beside the bare work, in turns, because no machine is as fast in one minute as in the next. */
import { readdir, readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { createDetector } from '../detector.ts';
import type { ModelChoice } from '../models/catalogue.ts';
import { readModels } from '../models/prepare.ts';
import type { BareResult, BareWork } from './bare.ts';

export interface BenchOptions {
  readonly dataDir: string;
  readonly models: ModelChoice;
  readonly pictures: readonly Uint8Array[];
  readonly workers: number;
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
  readonly bareStages: Readonly<Record<'decode' | 'detect' | 'landmarks' | 'embed', number>>;
  /** Megabytes of this process and all below it while the product worked; null where it cannot be read. */
  readonly peakMemory: number | null;
}

export async function measure(options: BenchOptions): Promise<BenchResult> {
  const { dataDir, models, pictures, workers, seconds, turns } = options;
  const detector = createDetector({ dataDir, models, threads: workers });
  const detections = await Promise.all(pictures.map((picture) => detector.detect(picture)));
  const faces = detections.map((detection) => detection.faces.length);
  // Before the bare work is there: its threads are no part of the product.
  const memory = watchMemory();
  await runProduct(detector.detect, pictures, workers, seconds);
  const peakMemory = await memory.stop();
  const bare = await startBare({ files: await readModels(dataDir, models), pictures, faces }, workers);
  const rounds: { product: number; bare: number; stages: BareResult }[] = [];
  try {
    for (let turn = 0; turn < turns; turn++) {
      const product = await runProduct(detector.detect, pictures, workers, seconds);
      const stages = await bare.run(seconds);
      rounds.push({ product, bare: stages.pictures / seconds, stages });
    }
  } finally {
    await Promise.all([detector.close(), bare.stop()]);
  }
  const done = rounds.reduce((sum, { stages }) => sum + stages.pictures, 0);
  const each = (stage: Exclude<keyof BareResult, 'pictures'>) =>
    rounds.reduce((sum, { stages }) => sum + stages[stage], 0) / Math.max(1, done);
  return {
    workers,
    facesAPicture: faces.reduce((sum, count) => sum + count, 0) / faces.length,
    product: median(rounds.map((round) => round.product)),
    bare: median(rounds.map((round) => round.bare)),
    share: median(rounds.map((round) => round.product / round.bare)),
    bareStages: {
      decode: each('decodeMs'),
      detect: each('detectMs'),
      landmarks: each('landmarksMs'),
      embed: each('embedMs'),
    },
    peakMemory,
  };
}

/** As many requests at once as keep all threads busy while answers are on their way. */
async function runProduct(
  detect: (picture: Uint8Array) => Promise<unknown>,
  pictures: readonly Uint8Array[],
  workers: number,
  seconds: number,
): Promise<number> {
  const start = performance.now();
  let asked = 0;
  let done = 0;
  const lane = async () => {
    while (performance.now() - start < seconds * 1000) {
      const picture = pictures[asked++ % pictures.length];
      if (picture) await detect(picture);
      done++;
    }
  };
  await Promise.all(Array.from({ length: workers * 2 + 1 }, lane));
  // Those that were still in work count too, and so does their time.
  return done / ((performance.now() - start) / 1000);
}

async function startBare(work: BareWork, workers: number) {
  const threads = Array.from(
    { length: workers },
    () => new Worker(new URL('./bare.ts', import.meta.url), { workerData: work }),
  );
  const next = (thread: Worker) =>
    new Promise<unknown>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
  await Promise.all(threads.map(next));
  return {
    async run(seconds: number): Promise<BareResult> {
      const until = Date.now() + seconds * 1000;
      const results = await Promise.all(
        threads.map((thread) => {
          const result = next(thread);
          thread.postMessage(until);
          return result as Promise<BareResult>;
        }),
      );
      const sum = (key: keyof BareResult) => results.reduce((total, result) => total + result[key], 0);
      return {
        pictures: sum('pictures'),
        decodeMs: sum('decodeMs'),
        detectMs: sum('detectMs'),
        landmarksMs: sum('landmarksMs'),
        embedMs: sum('embedMs'),
      };
    },
    stop: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}

/** Looks at the memory of the process tree a few times a second. */
function watchMemory() {
  let peak: number | null = null;
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(async () => {
      peak = larger(peak, await treeMemory(process.pid));
    });
  }, 250);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
      return peak;
    },
  };
}

/** Resident megabytes of a process and all below it; null where there is no /proc. */
async function treeMemory(root: number): Promise<number | null> {
  const names = await readdir('/proc').catch(() => []);
  const parents = new Map<number, { parent: number; megabytes: number }>();
  for (const name of names) {
    const status = /^\d+$/.test(name) ? await readFile(`/proc/${name}/status`, 'utf8').catch(() => '') : '';
    const [parent, kilobytes] = [/^PPid:\s+(\d+)/m.exec(status)?.[1], /^VmRSS:\s+(\d+)/m.exec(status)?.[1]];
    if (parent)
      parents.set(Number(name), { parent: Number(parent), megabytes: Number(kilobytes ?? 0) / 1024 });
  }
  const belongs = (pid: number): boolean => {
    const parent = parents.get(pid)?.parent;
    return pid === root || (parent !== undefined && belongs(parent));
  };
  const own = [...parents].filter(([pid]) => belongs(pid));
  return own.length === 0 ? null : own.reduce((sum, [, { megabytes }]) => sum + megabytes, 0);
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
