/**
 * What no detector can do without, and nothing else: a thread that decodes pictures and runs the networks of a
 * bundle on numbers that mean nothing. What the product takes longer than this is its own doing.
 */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import type { ModelBytes } from '../models/prepare.ts';
import { openNetwork } from '../steps/session.ts';

export interface BareWork {
  readonly files: ModelBytes;
  readonly pictures: readonly Uint8Array[];
  /** Faces in each picture. */
  readonly faces: readonly number[];
}

/** Milliseconds spent, and pictures done. */
export interface BareResult {
  readonly pictures: number;
  readonly decodeMs: number;
  readonly detectMs: number;
  readonly landmarksMs: number;
  readonly embedMs: number;
}

const BATCH = 8;

sharp.concurrency(1);
sharp.cache(false);

const { files, pictures, faces } = workerData as BareWork;
const networks = {
  detect: await openNetwork(new Uint8Array(files.detect ?? [])),
  landmarks: files.landmarks ? await openNetwork(new Uint8Array(files.landmarks)) : null,
  embed: await openNetwork(new Uint8Array(files.embed ?? [])),
};
const squares = (size: number) => new Float32Array(BATCH * 3 * size * size).fill(100);
const inputs = { landmarks: squares(112), embed: squares(150) };
// YuNet takes its channels as bytes at 640; UltraFace 320x240.
const canvas = files.landmarks ? [240, 320] : networks.detect.inputShape[2] ? [640, 640] : [448, 640];
const [height = 0, width = 0] = canvas;
const whole = new Float32Array(3 * height * width);

parentPort?.on('message', async (until: number) => {
  const result = { pictures: 0, decodeMs: 0, detectMs: 0, landmarksMs: 0, embedMs: 0 };
  const timed = async (stage: Exclude<keyof BareResult, 'pictures'>, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    result[stage] += performance.now() - start;
  };
  for (let i = 0; Date.now() < until; i = (i + 1) % pictures.length) {
    await timed('decodeMs', () => sharp(pictures[i]).raw().toBuffer());
    await timed('detectMs', () => networks.detect(whole, [1, 3, height, width]));
    const { landmarks } = networks;
    if (landmarks) await timed('landmarksMs', () => run(landmarks, inputs.landmarks, 112, faces[i] ?? 0));
    await timed('embedMs', () => run(networks.embed, inputs.embed, 150, faces[i] ?? 0));
    result.pictures++;
  }
  parentPort?.postMessage(result);
});
parentPort?.postMessage('ready');

async function run(
  network: Awaited<ReturnType<typeof openNetwork>>,
  values: Float32Array,
  size: number,
  count: number,
): Promise<void> {
  for (let rest = count; rest > 0; rest -= BATCH) {
    const now = Math.min(rest, BATCH);
    await network(values.subarray(0, now * 3 * size * size), [now, 3, size, size]);
  }
}
