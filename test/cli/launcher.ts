import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { guardChildren } from '../support/loopback-only.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Runs the launcher as a user would, with nothing in the environment but what is given.
 * @param folder where it runs, and keeps its data
 * @param input what is piped into it; nothing unless given
 */
export function launch(
  folder: string,
  args: readonly string[],
  given: { env?: Record<string, string>; input?: string } = {},
): Promise<{ status: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'bin/visavis'), args, {
      cwd: folder,
      env: {
        ...guardChildren(),
        PATH: process.env.PATH ?? '',
        VISAVIS_DATA_DIR: join(folder, 'data'),
        ...given.env,
      },
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
    child.stdin.end(given.input);
  });
}
