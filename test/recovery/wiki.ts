import { join } from 'node:path';
import type { MischiefRule } from '../../src/sandbox/misbehave.ts';
import type { PocketClient } from '../../src/sandbox/wiki.ts';
import { type Child, startChild } from './children.ts';

export interface WikiStart {
  readonly port: number;
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly client: PocketClient;
}

export interface WikiPage {
  readonly id: number;
  readonly statements: readonly { readonly id: string; readonly person: string }[];
  /** The oldest first. */
  readonly revisions: readonly { readonly id: number; readonly user: string; readonly comment: string }[];
}

type Ask =
  | {
      readonly kind: 'misbehave';
      readonly rule: Omit<MischiefRule, 'match'> & { match?: { action?: string } };
    }
  | { readonly kind: 'behave' }
  | { readonly kind: 'files'; readonly count: number; readonly category: string }
  | { readonly kind: 'upload'; readonly title: string; readonly number: number }
  | { readonly kind: 'pages'; readonly ids: readonly number[] };

export interface WikiQuestion {
  readonly number: number;
  readonly ask: Ask;
}

export type WikiAnswer =
  | { readonly number: number; readonly value: unknown }
  | { readonly number: number; readonly error: string };

/** The pocket wiki as its parent has it. */
export interface OwnWiki {
  kill(): Promise<void>;
  revive(): Promise<void>;
  freeze(): void;
  wake(): void;
  /** The next so many requests go wrong; nothing happens while it is away. */
  misbehave(rule: (Ask & { kind: 'misbehave' })['rule']): void;
  behave(): void;
  /** Files that show nobody. @returns their page ids */
  addFiles(category: string, count: number): Promise<number[]>;
  /** A photo with faces, in the practice category. @throws while it is away */
  upload(title: string, number: number): Promise<number>;
  pages(ids: readonly number[]): Promise<WikiPage[]>;
  stop(): Promise<void>;
}

export async function startWiki(
  start: WikiStart,
  more: { readonly env: Readonly<Record<string, string>>; readonly logFile: string },
): Promise<OwnWiki> {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let child: Child | null = null;
  let number = 0;
  await revive();
  return {
    async kill() {
      child?.process.kill('SIGKILL');
      await child?.gone;
    },
    revive,
    freeze: () => void child?.process.kill('SIGSTOP'),
    wake: () => void child?.process.kill('SIGCONT'),
    misbehave: (rule) => void ask({ kind: 'misbehave', rule }).catch(() => {}),
    behave: () => void ask({ kind: 'behave' }).catch(() => {}),
    addFiles: (category, count) => ask({ kind: 'files', count, category }),
    upload: (title, n) => ask({ kind: 'upload', title, number: n }),
    pages: (ids) => ask({ kind: 'pages', ids }),
    async stop() {
      child?.process.kill('SIGKILL');
      await child?.gone;
    },
  };

  async function revive(): Promise<void> {
    const started = startChild(join(import.meta.dirname, 'wiki-process.ts'), [JSON.stringify(start)], more);
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.process.on('message', (said: WikiAnswer | 'ready') => {
        if (said === 'ready') return resolve();
        const one = waiting.get(said.number);
        waiting.delete(said.number);
        if ('error' in said) one?.reject(new Error(said.error));
        else one?.resolve(said.value as never);
      });
      void started.gone.then((how) => {
        for (const one of waiting.values()) one.reject(new Error(`the wiki ended with ${how}`));
        waiting.clear();
        reject(new Error(`the wiki ended with ${how} before it was ready; see ${more.logFile}`));
      });
    });
  }

  function ask<T>(what: Ask): Promise<T> {
    const own = ++number;
    return new Promise<T>((resolve, reject) => {
      if (!child?.process.connected) return reject(new Error('the wiki is away'));
      waiting.set(own, { resolve, reject });
      child.process.send({ number: own, ask: what } satisfies WikiQuestion, (error) => {
        if (!error) return;
        waiting.delete(own);
        reject(error);
      });
    });
  }
}
