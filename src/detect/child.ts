/**
 * The process in which foreign pictures are decoded. It has no environment, reads no files but its own code,
 * and knows its parent alone; see launch.ts for what holds it.
 */
import { Socket } from 'node:net';
import { Piscina } from 'piscina';
import { Channel } from './channel.ts';
import { collectGarbage } from './memory.ts';
import {
  type Answer,
  type FromChild,
  type Job,
  type Models,
  TASKS_PER_THREAD,
  type ToChild,
} from './protocol.ts';
import { reportNothing } from './telemetry.ts';

reportNothing();

const [, , threadCount, unsafe] = process.argv;
const threads = Number(threadCount);
const UNSAFE = '--unsafe-worker-for-tests=';
const worker = unsafe?.startsWith(UNSAFE)
  ? unsafe.slice(UNSAFE.length)
  : new URL('./worker.ts', import.meta.url).href;

let models: Models | null = null;

const channel = new Channel<FromChild>(new Socket({ fd: 3 }), Number.POSITIVE_INFINITY, {
  message: (message) => receive(message as ToChild),
  // The parent is gone: there is nobody to work for and nothing to save, and a thread may be deep in native code.
  over: () => process.kill(process.pid, 'SIGKILL'),
});

const pool = new Piscina<Job, Answer>({
  // Said aloud, because threads that are given other options lose the permission model.
  execArgv: process.execArgv,
  filename: worker,
  minThreads: threads,
  maxThreads: threads,
  // While one picture is decoded, which happens elsewhere, the thread has another one for the networks.
  concurrentTasksPerWorker: TASKS_PER_THREAD,
  idleTimeout: Number.POSITIVE_INFINITY,
  // Pictures lie outside of V8's heap; inside is little, and room for more would be used before it is tidied up.
  resourceLimits: { maxYoungGenerationSizeMb: 6 },
});

// The soft limit of computing time; the hard one ends the process without a word.
process.on('SIGXCPU', () => channel.send({ type: 'out-of-time' }));

channel.send({ type: 'ready' });

function receive(message: ToChild): void {
  if (message.type === 'models') models = shared(message.models);
  else void answer(message);
}

async function answer({ id, task }: Extract<ToChild, { type: 'task' }>): Promise<void> {
  try {
    send(id, task.kind === 'collect' ? await collect({ task, models }) : await pool.run({ task, models }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send(id, { error: { code: 'failed', message } });
  }
}

/** Of jobs that are given out at once each thread gets one, as long as nothing else is in work. */
async function collect(job: Job): Promise<Answer> {
  collectGarbage();
  await Promise.all(Array.from({ length: threads }, () => pool.run(job)));
  return { collected: true };
}

function send(id: number, answer: Answer): void {
  const { user, system } = process.cpuUsage();
  channel.send({ type: 'answer', id, answer, cpuSeconds: (user + system) / 1e6 });
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
