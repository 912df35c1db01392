import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardChildren } from '../support/guard-children.ts';

const root = join(import.meta.dirname, '../..');

/** One process of the product, as a supervisor starts it. */
export interface Running {
  readonly pid: number;
  /** What it has said, on both of its ways. */
  words(): string;
  /** Resolves when it has said so; rejects when it ends before. */
  says(text: string): Promise<void>;
  /** Sends the signal. @returns the exit code, or the signal that it died of */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export function startRole(role: 'web' | 'worker' | 'bots', env: Readonly<Record<string, string>>): Running {
  const child: ChildProcess = spawn(join(root, 'bin/visavis'), [role], {
    env: { ...guardChildren(), PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let words = '';
  const listeners = new Set<() => void>();
  for (const out of [child.stdout, child.stderr]) {
    out?.on('data', (text) => {
      words += String(text);
      for (const look of listeners) look();
    });
  }
  const gone = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  );
  return {
    pid: child.pid ?? 0,
    words: () => words,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (words.includes(text)) resolve();
        };
        listeners.add(look);
        gone.then((how) => reject(new Error(`${role} ended with ${how} before “${text}”: ${words}`)));
        look();
      }),
    end(signal) {
      child.kill(signal);
      return gone;
    },
  };
}

export interface HealthAnswer {
  /** Of HTTP. */
  readonly status: number;
  readonly degraded: boolean;
  readonly parts: Readonly<Record<string, string>>;
}

export async function healthAt(port: number): Promise<HealthAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}/health`);
  const body = (await response.json()) as HealthAnswer;
  return { ...body, status: response.status };
}
