/** See beside.ts. */
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { readModels } from '../models/prepare.ts';
import { reportNothing } from '../telemetry.ts';
import type { BesideAnswer, BesideRequest, ThreadResult } from './beside.ts';
import { benchPictures } from './pictures.ts';

reportNothing();

let threads: readonly Worker[] = [];

process.on('message', (request: BesideRequest) => void answer(request));
process.on('disconnect', () => process.exit());

async function answer(request: BesideRequest): Promise<void> {
  let message: BesideAnswer;
  try {
    message = { result: await resultOf(request) };
  } catch (error) {
    message = { error: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(message);
}

async function resultOf(request: BesideRequest): Promise<unknown> {
  if (request.what === 'pictures')
    return benchPictures(await Promise.all(request.paths.map((path) => readFile(path))));
  if (request.what === 'open') return open(request);
  const results = await Promise.all(
    threads.map((thread) => {
      const result = next(thread);
      thread.postMessage(request);
      return result as Promise<ThreadResult>;
    }),
  );
  const sum = (key: keyof ThreadResult) => results.reduce((total, result) => total + result[key], 0);
  return {
    pictures: sum('pictures'),
    decode: sum('decode'),
    detect: sum('detect'),
    landmarks: sum('landmarks'),
    embed: sum('embed'),
  };
}

async function open(request: Extract<BesideRequest, { what: 'open' }>): Promise<void> {
  const { workers, dataDir, models, pictures, faces } = request;
  await Promise.all(threads.map((thread) => thread.terminate()));
  const workerData = { bundle: models.bundle, files: await readModels(dataDir, models), pictures, faces };
  threads = Array.from(
    { length: workers },
    () => new Worker(new URL('./thread.ts', import.meta.url), { workerData }),
  );
  await Promise.all(threads.map(next));
}

function next(thread: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (message: unknown) => {
      thread.off('error', reject);
      resolve(message);
    });
  });
}
