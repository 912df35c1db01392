import { beforeAll, describe, expect, it } from 'vitest';
import { benchCommand } from '../../src/cli/bench.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';

beforeAll(async () => {
  await preparedPhotos();
});

async function run(args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const print = {
    isTty: false,
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
  };
  const code = await benchCommand(args, { dataDir, ...print });
  return { code, out, err };
}

// How fast a machine is says nothing about the code; that everything is counted does.
describe('visavis bench detect', () => {
  it('measures the product and the bare work for each number of workers', async () => {
    const { code, out } = await run([
      'detect',
      '--workers',
      '2',
      '--seconds',
      '0.5',
      '--turns',
      '1',
      '--json',
    ]);
    expect(code).toBe(0);
    const { model, pictures, results } = JSON.parse(out[0] ?? '');
    expect(model).toMatch(/dlib-128/);
    expect(pictures).toBe(6);
    expect(results.map(({ workers }: { workers: number }) => workers)).toEqual([1, 2]);
    for (const result of results) {
      expect(result.facesAPicture).toBeGreaterThan(4);
      expect(result.facesAPicture).toBeLessThan(6);
      expect(result.product).toBeGreaterThan(0);
      expect(result.bare).toBeGreaterThan(0);
      expect(result.share).toBeCloseTo(result.product / result.bare, 6);
      for (const stage of ['decode', 'detect', 'landmarks', 'embed'])
        for (const stages of [result.bareStages, result.productStages])
          expect(stages[stage]).toBeGreaterThan(0);
      expect(result.peakMemory).toBeGreaterThan(50);
    }
  });

  it('prints a table', async () => {
    const { code, out } = await run(['detect', '--workers', '1', '--seconds', '0.2', '--turns', '1']);
    expect(code).toBe(0);
    expect(out[0]).toMatch(/faces a picture of 1280 px/);
    expect(out.join('\n')).toMatch(/\n {6}1 +\d+\.\d +\d+\.\d +-?\d+ % +\d+ MB\n/);
  });

  it('shows whether memory grows with the pictures', async () => {
    const { code, out } = await run(['detect', '--workers', '2', '--pictures', '40', '--json']);
    expect(code).toBe(0);
    const result = JSON.parse(out[0] ?? '');
    expect(result).toMatchObject({ workers: 2, pictures: 40, children: 1 });
    expect(result.afterAFifth).toBeGreaterThan(50);
    expect(result.peak).toBeGreaterThan(50);
    expect(result.growth).toBeCloseTo(result.atTheEnd / result.afterAFifth, 6);
    expect(result.growth).toBeLessThan(1.5);
    const { out: lines } = await run(['detect', '--workers', '1', '--pictures', '5']);
    expect(lines.join('\n')).toMatch(/5 pictures.*\nmemory: at most \d+ MB\nafter 1 pictures \d+ MB/);
  });

  it('says how it is used', async () => {
    expect((await run(['detect', '--help'])).out[0]).toMatch(/^visavis bench detect/);
    expect((await run(['everything'])).code).toBe(2);
    expect((await run(['detect', '--seconds', 'x'])).code).toBe(2);
    expect((await run(['detect', '--pictures', '0'])).code).toBe(2);
  });
});
