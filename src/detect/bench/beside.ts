/**
 * The handle of the process beside the product in which pictures for measuring are made and the bare work is done:
 * a process of its own, because what it needs is no memory of the product's.
 */
import { fork } from 'node:child_process';
import type { ModelChoice } from '../models/catalogue.ts';

export type BesideRequest =
  /** Paths of the practice photos; answers with the pictures for measuring. */
  | { readonly what: 'pictures'; readonly paths: readonly string[] }
  /** Threads for what follows; the earlier ones end. */
  | {
      readonly what: 'open';
      readonly workers: number;
      readonly dataDir: string;
      readonly models: ModelChoice;
      readonly pictures: readonly Uint8Array[];
      /** Faces in each picture. */
      readonly faces: readonly number[];
    }
  /** All threads at once; answers with a ThreadResult that adds up what they did. */
  | { readonly what: 'work'; readonly kind: 'bare' | 'product'; readonly until: number };

export type BesideAnswer = { readonly result: unknown } | { readonly error: string };

/** Milliseconds spent in each stage, and pictures done. */
export interface ThreadResult {
  readonly pictures: number;
  readonly decode: number;
  readonly detect: number;
  readonly landmarks: number;
  readonly embed: number;
}

export interface Beside {
  readonly pid: number | null;
  pictures(paths: readonly string[]): Promise<Uint8Array[]>;
  open(work: Omit<Extract<BesideRequest, { what: 'open' }>, 'what'>): Promise<void>;
  /** @param kind the bare work, or the product's own steps with nothing round them */
  work(kind: 'bare' | 'product', seconds: number): Promise<ThreadResult>;
  stop(): void;
}

/** One request at a time. */
export function startBeside(): Beside {
  const child = fork(new URL('./beside-process.ts', import.meta.url), {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const ask = (request: BesideRequest) =>
    new Promise<unknown>((resolve, reject) => {
      const ended = () => reject(new Error('the process for the bare work ended'));
      child.once('exit', ended);
      child.once('message', (answer: BesideAnswer) => {
        child.off('exit', ended);
        if ('error' in answer) reject(new Error(answer.error));
        else resolve(answer.result);
      });
      child.send(request);
    });
  return {
    pid: child.pid ?? null,
    pictures: async (paths) => (await ask({ what: 'pictures', paths })) as Uint8Array[],
    open: async (work) => {
      await ask({ what: 'open', ...work });
    },
    work: async (kind, seconds) =>
      (await ask({ what: 'work', kind, until: Date.now() + seconds * 1000 })) as ThreadResult,
    stop: () => child.kill('SIGKILL'),
  };
}
