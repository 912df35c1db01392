/**
 * Runs in the place of the worker: tries what a picture that has taken over its process might try, by
 * JavaScript and by native code (sharp), and says how it went. Errors are values, so that they keep their code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import sharp from 'sharp';
import { blockLoaders } from '../../../src/detect/limits/loaders.ts';

export interface Attempt {
  readonly what: keyof typeof ATTEMPTS;
  readonly path?: string;
  readonly port?: number;
  readonly bytes?: number;
  /** The layer `loaders` is set inside. */
  readonly blockLoaders?: boolean;
}

const kept: Buffer[] = [];

const ATTEMPTS = {
  environment: async () => Object.keys(process.env).sort().join(' '),
  'read by JavaScript': async ({ path = '' }: Attempt) => readFileSync(path).length,
  'read by sharp': async ({ path = '' }: Attempt) => (await sharp(path).metadata()).width,
  'write by JavaScript': async ({ path = '', bytes = 10 }: Attempt) =>
    writeFileSync(path, Buffer.alloc(bytes)),
  'write by sharp': async ({ path = '', bytes = 300 }: Attempt) =>
    (await square(bytes).png({ compressionLevel: 0 }).toFile(path)).size,
  connect: ({ port = 0 }: Attempt) =>
    new Promise((resolve, reject) => {
      connect(port, '127.0.0.1', () => resolve('connected')).on('error', reject);
    }),
  'memory by JavaScript': async ({ bytes = 0 }: Attempt) => {
    for (let got = 0; got < bytes; got += 1e8) kept.push(Buffer.allocUnsafe(1e8));
    return kept.length;
  },
  'memory by sharp': async ({ bytes = 0 }: Attempt) => (await square(bytes).raw().toBuffer()).length,
  'time by JavaScript': async () => {
    for (;;);
  },
  'time by sharp': async () => {
    for (;;) await square(3e7).blur(30).raw().toBuffer();
  },
  abort: async () => process.kill(process.pid, 'SIGABRT'),
  exit: async () => process.kill(process.pid, 'SIGTERM'),
  'garbage on the channel': async () => writeFileSync(3, Buffer.from([0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8])),
  'a message without end': async () => writeFileSync(3, Buffer.alloc(8, 0xff)),
} as const;

export default async function work({ task }: { task: Attempt }) {
  if (task.blockLoaders) blockLoaders();
  try {
    return { did: (await ATTEMPTS[task.what](task)) ?? 'done' };
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    return { refused: `${code} ${message}`.trim() };
  }
}

function square(bytes: number) {
  const side = Math.ceil(Math.sqrt(bytes / 3));
  return sharp({ create: { width: side, height: side, channels: 3, background: 'red' } });
}
