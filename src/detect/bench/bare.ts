/**
 * What no detector can do without, and nothing else: pictures are decoded, and the networks of a bundle run on
 * numbers that mean nothing. What the product takes longer than this is its own doing.
 */
import sharp from 'sharp';
import { type Network, openNetwork } from '../steps/session.ts';
import type { OnePicture, ThreadWork } from './thread.ts';

const BATCH = 8;

export async function openBare({ files, pictures, faces }: ThreadWork): Promise<OnePicture> {
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
  return async (i) => {
    const { landmarks } = networks;
    const count = faces[i] ?? 0;
    return {
      decode: await timed(() => sharp(pictures[i]).raw().toBuffer()),
      detect: await timed(() => networks.detect(whole, [1, 3, height, width])),
      landmarks: landmarks ? await timed(() => run(landmarks, inputs.landmarks, 112, count)) : 0,
      embed: await timed(() => run(networks.embed, inputs.embed, 150, count)),
    };
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function run(network: Network, values: Float32Array, size: number, count: number): Promise<void> {
  for (let rest = count; rest > 0; rest -= BATCH) {
    const now = Math.min(rest, BATCH);
    await network(values.subarray(0, now * 3 * size * size), [now, 3, size, size]);
  }
}
