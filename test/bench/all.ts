/**
 * Every benchmark of the product, one after the other, each beside what it could be at best or beside a peer, measured
 * in the same run:
 *
 *   npm run bench [-- --quick] [-- --out FILE] [-- --only NAME,NAME]
 *
 * Prints one table and keeps one JSON file (data/bench/results.json). What cannot be measured here (MariaDB, or a
 * compiler with dlib, is not installed) is named in both. Asserts nothing; docs/benchmarks.md says what it means.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plainDistances, roundTrip } from './bare.ts';
import {
  type Row,
  readChat,
  readDetect,
  readDetectionScale,
  readDlib,
  readEndurance,
  readLoad,
  readMatch,
  readReview,
  readScale,
  readWhole,
} from './rows.ts';

const root = join(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'data/bench/results.json') },
    only: { type: 'string' },
  },
});
const { quick } = values;
const only = values.only?.split(',');

interface Bench {
  readonly name: string;
  /** After `node`. */
  readonly args: readonly string[];
  readonly read: (output: string) => Row[] | Promise<Row[]>;
}

const visavis = (...args: string[]) => ['src/main.ts', 'bench', ...args, '--json'];
const BENCHES: readonly Bench[] = [
  {
    name: 'detect',
    args: visavis('detect', ...(quick ? ['--seconds', '3', '--turns', '2'] : [])),
    read: readDetect,
  },
  { name: 'memory', args: visavis('detect', '--pictures', quick ? '100' : '2000'), read: readEndurance },
  {
    name: 'dlib',
    args: ['test/bench/dlib.ts', ...(quick ? ['3', '2'] : [])],
    read: readDlib,
  },
  {
    name: 'match',
    args: visavis('match', ...(quick ? ['--faces', '5000', '--turns', '5'] : [])),
    read: async (output) => readMatch(output, plainDistances()),
  },
  { name: 'review', args: visavis('review', '--seeds', quick ? '3' : '20'), read: readReview },
  { name: 'scale', args: ['test/bench/scale.ts', ...(quick ? ['120'] : [])], read: readScale },
  {
    name: 'shared',
    args: ['test/bench/detection-scale.ts', quick ? '100' : '600'],
    read: readDetectionScale,
  },
  { name: 'whole', args: ['test/bench/whole.ts', '--files', quick ? '120' : '1800'], read: readWhole },
  { name: 'site', args: ['test/bench/load.ts', ...(quick ? ['5', '5000'] : [])], read: readLoad },
  {
    name: 'chat',
    args: ['test/bench/chat.ts', ...(quick ? ['60', '20'] : [])],
    read: async (output) => readChat(output, await roundTrip()),
  },
];

const results: { name: string; rows: Row[]; failed: string | null; seconds: number; load: number }[] = [];
for (const { name, args, read } of BENCHES) {
  if (only && !only.includes(name)) continue;
  process.stderr.write(`measuring ${name}\n`);
  const began = performance.now();
  const [load = 0] = loadavg();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  try {
    const rows = await read(await run(args));
    results.push({ name, rows, failed: null, seconds: seconds(), load });
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    results.push({ name, rows: [], failed, seconds: seconds(), load });
  }
}

const machine = {
  at: new Date().toISOString(),
  node: process.version,
  processor: cpus()[0]?.model ?? '?',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
};
const file = resolve(values.out);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify({ machine, quick, results }, null, 2)}\n`);
print(
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.at}`,
);
print('');
line(['what', 'here', 'unit', 'beside it', 'there', 'here / there']);
for (const { name, rows, failed } of results) {
  if (failed !== null) print(`${name}: not measured, ${failed}`);
  for (const { what, value, unit, beside } of rows)
    line([
      what,
      figure(value),
      unit,
      beside?.what ?? '',
      beside ? figure(beside.value) : '',
      beside && beside.value !== 0 ? figure(value / beside.value) : '',
    ]);
}
print(`\n${file}`);
process.exitCode = results.every(({ failed }) => failed === null) ? 0 : 1;

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.on('close', (status) => {
      if (status === 0) resolve(out);
      else reject(new Error(err.trim().split('\n').at(-1) ?? `it ended with ${status}`));
    });
  });
}

function figure(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}

function line([what = '', here = '', unit = '', beside = '', there = '', share = '']: string[]): void {
  print(
    [
      what.padEnd(46),
      here.padStart(8),
      unit.padEnd(10),
      beside.padEnd(34),
      there.padStart(8),
      share.padStart(12),
    ].join('  '),
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
