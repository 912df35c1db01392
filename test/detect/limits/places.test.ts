import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LayerState } from '../../../src/detect/limits/survey.ts';

/** The product may lie anywhere: a copy of it in a folder of its own, with other ways to the packages. */
const project = join(import.meta.dirname, '../../..');
let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'visavis place '));
  chmodSync(copy, 0o755);
  cpSync(join(project, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(project, 'package.json'), join(copy, 'package.json'));
});
afterEach(() => rmSync(copy, { recursive: true, force: true }));

async function statesThere(): Promise<Map<string, LayerState>> {
  const module = JSON.stringify(join(copy, 'src/detect/limits/survey.ts'));
  const script = `const { survey } = await import(${module}); console.log(JSON.stringify((await survey()).states));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return new Map((JSON.parse(stdout) as LayerState[]).map((state) => [state.layer, state]));
}

it('the permission model holds when node_modules is a symbolic link', async () => {
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  expect((await statesThere()).get('permission')).toMatchObject({ on: true });
});

it('and when every package is one', async () => {
  await mkdir(join(copy, 'node_modules'));
  for (const name of readdirSync(join(project, 'node_modules')))
    symlinkSync(join(project, 'node_modules', name), join(copy, 'node_modules', name));
  expect((await statesThere()).get('permission')).toMatchObject({ on: true });
});

it.runIf(process.getuid?.() === 0)(
  'a folder that nobody else may read: no other user, and it says why',
  async () => {
    symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
    chmodSync(copy, 0o700);
    const states = await statesThere();
    expect(states.get('uid')).toEqual({
      layer: 'uid',
      on: false,
      text: "the program or the project's folder cannot be read from inside it",
    });
    for (const layer of ['permission', 'memory', 'network', 'privileges'])
      expect(states.get(layer), layer).toMatchObject({ on: true });
  },
);
