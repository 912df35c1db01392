/** Runs one attempt in a child with chosen layers; see attempts.ts. */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Channel } from '../../../src/detect/channel.ts';
import { launchChild } from '../../../src/detect/launch.ts';
import type { Layer } from '../../../src/detect/limits/layers.ts';
import type { Attempt } from './attempts.ts';

const worker = new URL('./attempts.ts', import.meta.url).pathname;

/** What was done (`did …`), `refused …`, `over …` from the child itself, or the signal that ended it. */
export async function inside(layers: readonly Layer[], attempt: Attempt, cpuSeconds = 180): Promise<string> {
  const child = await launchChild(1, { worker, layers, cpuSeconds });
  try {
    return await outcome(child, { ...attempt, blockLoaders: layers.includes('loaders') });
  } finally {
    child.kill('SIGKILL');
  }
}

/** The child itself, ready, for a look at it from outside. */
export async function standing(layers: readonly Layer[]): Promise<ChildProcess> {
  const child = await launchChild(1, { worker, layers });
  await new Promise((resolve) => (child.stdio[3] as Duplex).once('data', resolve));
  return child;
}

function outcome(child: ChildProcess, task: Attempt): Promise<string> {
  return new Promise((resolve) => {
    let words = '';
    child.stderr?.on('data', (text) => {
      words += text;
    });
    child.on('exit', async (code, signal) => {
      await pause(50);
      resolve(`ended by ${signal ?? code} ${words}`.trim());
    });
    const channel = new Channel<object>(child.stdio[3] as Duplex, 1e6, {
      message: (message) => {
        const { type, answer } = message as { type: string; answer?: Record<string, unknown> };
        if (type === 'ready') channel.send({ type: 'task', id: 1, task });
        else if (type === 'out-of-time') resolve(type);
        else {
          const [how, what] = Object.entries(answer ?? {})[0] ?? [];
          resolve(`${how} ${typeof what === 'object' ? JSON.stringify(what) : what}`);
        }
      },
      over: (reason) => void pause(500).then(() => resolve(`over: ${reason}`)),
    });
  });
}
