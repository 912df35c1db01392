/**
 * One thread of the pool. Errors of the picture are answers, because a thrown error
 * loses its code on the way between threads. Imports nothing of the core but types.
 */
import sharp from 'sharp';
import { draw } from './drawing/draw.ts';
import { findFaces } from './faces.ts';
import { blockLoaders } from './limits/loaders.ts';
import { collectGarbage, inTurn } from './memory.ts';
import { PictureError } from './picture.ts';
import type { Answer, Job, Models } from './protocol.ts';
import { openBundle, type Steps } from './steps/bundles.ts';

// The pool has a thread for each core, and no picture comes twice.
sharp.concurrency(1);
sharp.cache(false);
blockLoaders();

let opened: Promise<Steps> | null = null;

export default async function work({ task, models }: Job): Promise<Answer> {
  try {
    if (task.kind === 'draw') return { drawn: await inTurn(() => draw(task.drawing)) };
    if (task.kind === 'collect') return collect();
    return { found: await findFaces(task, await steps(models)) };
  } catch (error) {
    if (error instanceof PictureError) return { error: { code: error.code, message: error.message } };
    return { error: { code: 'failed', message: error instanceof Error ? error.message : String(error) } };
  }
}

function collect(): Answer {
  collectGarbage();
  return { collected: true };
}

function steps(models: Models | null): Promise<Steps> {
  if (!models) throw new Error('the models did not arrive');
  opened ??= openBundle(models);
  return opened;
}
