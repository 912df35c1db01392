import { describe, expect, it } from 'vitest';
import { benchCommand } from '../../src/cli/bench.ts';
import { dataDir } from '../detect/prepared.ts';

async function run(args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const print = {
    isTty: false,
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
  };
  const code = await benchCommand(['match', ...args], { dataDir, ...print });
  return { code, out, err };
}

// How fast a machine is says nothing about the code; that everything is counted does.
describe('visavis bench match', () => {
  it('times matching, and what a verdict costs', async () => {
    const { code, out } = await run(['--faces', '300', '--turns', '1', '--json']);
    expect(code).toBe(0);
    const { matching, verdict } = JSON.parse(out[0] ?? '');
    expect(matching.faces).toBe(100_000);
    expect(verdict.faces).toBe(300);
    for (const time of [
      matching.first,
      matching.next,
      verdict.cold,
      verdict.ballot,
      verdict.match,
      verdict.question,
    ])
      expect(time).toBeGreaterThan(0);
  });

  it('says how it is used', async () => {
    expect((await run(['--help'])).out[0]).toMatch(/^visavis bench match/);
    expect((await run(['--faces', 'few'])).code).toBe(2);
    expect((await run(['--turns', '0'])).code).toBe(2);
  });
});
