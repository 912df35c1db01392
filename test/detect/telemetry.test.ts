import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { guardChildren } from '../support/loopback-only.ts';

const PRODUCTS = new URL('../../src/detect/products.ts', import.meta.url).href;
/** Measures one face, as a worker does, and waits until reports would have begun. */
const PROGRAM = `
  const { createMeasures } = await import(${JSON.stringify(PRODUCTS)});
  const faces = Float32Array.of(1, 0, 0, 1);
  const sets = [Int32Array.of(1)];
  const job = { faces, dims: 2, rows: Int32Array.of(0), sets, barred: null, nearest: 1 };
  const { set } = await createMeasures().measure(job);
  setTimeout(() => { console.log(set[0]); process.exit(); }, 1500);
`;

let folder: string;
let home: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-telemetry-'));
  home = join(folder, 'home');
  mkdirSync(home);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('onnxruntime keeps no record of its use, and sends none', async () => {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, PROGRAM);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    env: { ...guardChildren(), HOME: home, PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [out] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(out.trim()).toBe('0');
  expect(readdirSync(home)).toEqual([]);
});
