/** The core's port for measuring faces: products of matrices in onnxruntime, in a thread of its own. */
import { Worker } from 'node:worker_threads';
import type { Measured, MeasureJob, Measures } from '../core/faces/measures.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { reportNothing } from './telemetry.ts';

/** What the thread says to a job. */
export type ProductsAnswer =
  | { readonly id: number; readonly measured: Measured }
  | { readonly id: number; readonly error: string };

interface Waiting {
  readonly resolve: (measured: Measured) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts its thread with the first job; a thread that ends is started again with the next one. No foreign picture
 * comes near it: it knows numbers only.
 */
export function createMeasures(): Measures {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let nextId = 1;
  return {
    measure(job: MeasureJob) {
      thread ??= start();
      const id = nextId++;
      const answer = new Promise<Measured>((resolve, reject) => waiting.set(id, { resolve, reject }));
      thread.postMessage({ id, job });
      return answer;
    },
    async close() {
      await thread?.terminate();
    },
  };

  function start(): Worker {
    reportNothing();
    const started = new Worker(new URL('./products-thread.ts', import.meta.url));
    // Matching that is under way does not keep a process alive that wants to end.
    started.unref();
    started.on('message', (answer: ProductsAnswer) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('measured' in answer) asked?.resolve(answer.measured);
      else asked?.reject(new Error(answer.error));
    });
    const gone = (reason: string) => {
      if (thread === started) thread = null;
      for (const { reject } of waiting.values()) {
        reject(
          new VisavisError('detector_unavailable', `The thread that measures faces has ended: ${reason}`),
        );
      }
      waiting.clear();
    };
    started.on('error', (error) => gone(error.message));
    started.on('exit', (code) => gone(`exit code ${code}`));
    return started;
  }
}
