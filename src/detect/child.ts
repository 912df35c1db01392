/**
 * The process in which foreign pictures are decoded. It has no environment, reads no files but its own code,
 * and knows its parent alone; see launch.ts for what holds it.
 */
import { Piscina } from 'piscina';
import type { Answer, FromChild, Job, Models, ToChild } from './protocol.ts';

const threads = Number(process.argv[2]);
const pool = new Piscina<Job, Answer>({
  filename: new URL('./worker.ts', import.meta.url).href,
  minThreads: threads,
  maxThreads: threads,
  idleTimeout: Number.POSITIVE_INFINITY,
});

let models: Models | null = null;

process.on('message', (message: ToChild) => {
  if (message.type === 'models') models = shared(message.models);
  else void answer(message);
});

// The parent is gone: there is nobody to work for and nothing to save, and a thread may be deep in native code.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

send({ type: 'ready' });

async function answer({ id, task }: Extract<ToChild, { type: 'task' }>): Promise<void> {
  try {
    send({ type: 'answer', id, answer: await pool.run({ task, models }) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ type: 'answer', id, answer: { error: { code: 'failed', message } } });
  }
}

function send(message: FromChild): void {
  process.send?.(message, undefined, undefined, () => {
    // The parent left in the middle of an answer: 'disconnect' follows.
  });
}

/** The same models in memory that all threads see, instead of a copy with each task. */
function shared({ bundle, files }: Models): Models {
  const entries = Object.entries(files).map(([step, bytes]) => {
    const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
    memory.set(bytes);
    return [step, memory] as const;
  });
  return { bundle, files: Object.fromEntries(entries) };
}
