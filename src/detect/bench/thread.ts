/** A thread beside the product that does the bare work or the product's own steps, one picture after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import type { BundleName } from '../models/catalogue.ts';
import type { ModelBytes } from '../models/prepare.ts';
import { openBare } from './bare.ts';
import type { BesideRequest, ThreadResult } from './beside.ts';
import { openStages } from './stages.ts';

export interface ThreadWork {
  readonly bundle: BundleName;
  readonly files: ModelBytes;
  readonly pictures: readonly Uint8Array[];
  /** Faces in each picture. */
  readonly faces: readonly number[];
}

/** Does one picture and says in which stage how many milliseconds went by. */
export type OnePicture = (index: number) => Promise<Omit<ThreadResult, 'pictures'>>;

sharp.concurrency(1);
sharp.cache(false);

const work = workerData as ThreadWork;
const kinds: Readonly<Record<'bare' | 'product', OnePicture>> = {
  bare: await openBare(work),
  product: await openStages(work),
};

parentPort?.on('message', async ({ kind, until }: Extract<BesideRequest, { what: 'work' }>) => {
  const result = { pictures: 0, decode: 0, detect: 0, landmarks: 0, embed: 0 };
  for (let i = 0; Date.now() < until; i = (i + 1) % work.pictures.length) {
    const { decode, detect, landmarks, embed } = await kinds[kind](i);
    result.pictures++;
    result.decode += decode;
    result.detect += detect;
    result.landmarks += landmarks;
    result.embed += embed;
  }
  parentPort?.postMessage(result);
});
parentPort?.postMessage('ready');
