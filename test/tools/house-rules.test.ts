import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const tool = join(import.meta.dirname, '../../tools/house-rules.ts');

/** Runs the check on a house made of these files, by their names below `src/`. */
function check(files: Record<string, string>): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'visavis-house-'));
  for (const name of ['src', 'test']) mkdirSync(join(folder, name));
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, 'src', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const result = spawnSync(process.execPath, [tool, folder], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return { status: result.status, output: result.stderr };
}

describe('the rules of the house', () => {
  it('hold in this house', () => {
    const result = spawnSync(process.execPath, [tool], { encoding: 'utf8' });
    expect(result.stderr).toBe('');
    expect(result.status).toBe(0);
  });

  it.each([
    [
      'core imports from web',
      { 'core/a.ts': "import { b } from '../web/b.ts';\nexport const a = b;\n" },
      /src\/core\/a\.ts: imports web\/b\.ts/,
    ],
    [
      'core imports a type from detect',
      { 'core/a.ts': "import type { B } from '../detect/b.ts';\nexport type A = B;\n" },
      /core imports nothing outside core/,
    ],
    [
      'core imports when it runs',
      { 'core/deep/a.ts': "export const a = () => import('../../bots/b.ts');\n" },
      /imports bots\/b\.ts/,
    ],
    [
      'core re-exports from the sandbox',
      { 'core/a.ts': "export { b } from '../sandbox/b.ts';\n" },
      /imports sandbox\/b\.ts/,
    ],
    [
      'core imports the configuration',
      { 'core/a.ts': "import { c } from '../config.ts';\nexport const a = c;\n" },
      /imports config\.ts/,
    ],
    [
      'bots import from web',
      { 'bots/a.ts': "import { b } from '../web/b.ts';\nexport const a = b;\n" },
      /do not import each other/,
    ],
    [
      'web imports from the sandbox',
      { 'web/routes/a.ts': "import '../../sandbox/b.ts';\n" },
      /do not import each other/,
    ],
    [
      'a room imports the composition',
      { 'web/a.ts': "import { b } from '../app.ts';\nexport const a = b;\n" },
      /stand above the rooms/,
    ],
    [
      'the worker thread imports code of the core',
      { 'detect/worker.ts': "import { b } from '../core/b.ts';\nexport const a = b;\n" },
      /imports nothing of core/,
    ],
    [
      'somebody reads the environment',
      { 'web/a.ts': 'export const a = process.env.HOME;\n' },
      /reads process\.env/,
    ],
    [
      'the core reads the wall clock',
      { 'core/a.ts': 'export const a = () => Date.now();\n' },
      /reads the wall clock/,
    ],
    [
      'the core refuses something in English alone',
      {
        'core/a.ts':
          "import { VisavisError } from './platform/errors.ts';\nexport const a = () => new VisavisError(\n  'conflict', 'No.');\n",
      },
      /refuses something in English alone/,
    ],
    ['a file is too long', { 'web/a.ts': '// A line.\n'.repeat(401) }, /src\/web\/a\.ts: 401 lines/],
    [
      'a test is too long',
      { '../test/deep/a.test.ts': '// A line.\n'.repeat(401) },
      /test\/deep\/a\.test\.ts: 401 lines/,
    ],
    ['a file cannot be read', { 'web/a.ts': 'export const = ;\n' }, /cannot be read/],
  ])('are broken when %s', (_what, files, message) => {
    const { status, output } = check(files);
    expect(status).toBe(1);
    expect(output).toMatch(message);
  });

  it('let everybody use the core, and the composition use everybody', () => {
    const { status, output } = check({
      'core/a.ts': "import { b } from './sub/b.ts';\nexport const a = b;\n",
      'web/a.ts': "import { a } from '../core/a.ts';\nexport const b = a;\n",
      'detect/worker.ts': "import type { A } from '../core/a.ts';\nexport type B = A;\n",
      'app.ts': "import './web/a.ts';\nimport './bots/a.ts';\nexport const home = process.env.HOME;\n",
      'cli/start.ts': "import '../app.ts';\nimport '../detect/a.ts';\n",
      'core/long.ts': '// A line.\n'.repeat(400),
      // Tests may know all rooms, the clock and the environment.
      '../test/core/a.test.ts':
        "import '../../src/web/a.ts';\nexport const now = [Date.now(), process.env.HOME];\n",
    });
    expect(output).toBe('');
    expect(status).toBe(0);
  });
});
