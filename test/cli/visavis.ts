import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardChildren } from '../support/loopback-only.ts';

export const root = join(import.meta.dirname, '../..');

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the launcher as a user would, with nothing in the environment but what is given, and nothing piped in unless given. */
export function visavis(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { cwd, input }: { readonly cwd?: string; readonly input?: string } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'bin/visavis'), args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...guardChildren(), PATH: process.env.PATH ?? '', ...env },
      stdio: 'pipe',
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('close', (status) => resolve({ status, out, err }));
    child.stdin.end(input);
  });
}

/** As a user who works in a folder, and keeps the data there. */
export function launch(
  folder: string,
  args: readonly string[],
  { env, input }: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<Ran> {
  const all = { VISAVIS_DATA_DIR: join(folder, 'data'), ...env };
  return visavis(args, all, { cwd: folder, ...(input === undefined ? {} : { input }) });
}
