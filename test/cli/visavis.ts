import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardChildren } from '../support/loopback-only.ts';

export const root = join(import.meta.dirname, '../..');

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the launcher as a user would, with nothing in the environment but what is given. */
export function visavis(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'bin/visavis'), args, {
      env: { ...guardChildren(), PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('close', (status) => resolve({ status, out, err }));
  });
}
