/** `visavis bench detect`: how fast this machine finds faces, beside what its processor could do at best. */
import { parseArgs } from 'node:util';
import { describeError } from '../core/platform/errors.ts';
import { type Beside, startBeside } from '../detect/bench/beside.ts';
import {
  type BenchResult,
  type EnduranceResult,
  endure,
  measure,
  type Stages,
} from '../detect/bench/measure.ts';
import type { Megabytes } from '../detect/bench/memory.ts';
import { defaultThreads } from '../detect/detector.ts';
import { BUNDLES, DEFAULT_CHOICE } from '../detect/models/catalogue.ts';
import { preparePracticePhotos } from '../detect/models/prepare.ts';
import { benchMatchCommand } from './bench-match.ts';
import { benchReviewCommand } from './bench-review.ts';
import { type DetectContext, ready } from './detect.ts';
import { wrongUsage } from './usage.ts';

const HELP = `visavis bench detect [--workers N] [--seconds S] [--turns T] [--json]
       visavis bench detect --pictures N [--workers N] [--json]
       visavis bench match | review     (visavis bench match --help tells more)

Pictures a second, decode to embedding, with 1 to N workers (default: one for
each core), on 1280 px pictures with about five faces each; beside it the bare
work, decoding and the networks alone, measured in turns with the product.

  --seconds S   length of each turn (10)
  --turns T     turns of each side; medians are shown (3)
  --pictures N  does this many and shows whether memory grows: after a fifth of them
                and at the end, each after a collection of garbage
  --json        one JSON object`;

interface Request {
  readonly workers: number;
  readonly seconds: number;
  readonly turns: number;
  /** For the memory; null to measure speed. */
  readonly count: number | null;
  readonly json: boolean;
}

export async function benchCommand(args: string[], context: DetectContext): Promise<number> {
  if (args[0] === 'review') return benchReviewCommand(args, context);
  if (args[0] === 'match') return benchMatchCommand(args, context);
  const request = readArguments(args, context);
  if (typeof request === 'number') return request;
  const { dataDir, models = DEFAULT_CHOICE, out, err } = context;
  let beside: Beside | null = null;
  try {
    await ready(context);
    const paths = await preparePracticePhotos(dataDir);
    beside = startBeside();
    const pictures = await beside.pictures(paths);
    const common = { dataDir, models, pictures, beside };
    const { model } = BUNDLES[models.bundle];
    if (request.count !== null) {
      const result = await endure({ ...common, workers: request.workers, count: request.count });
      if (request.json) out(JSON.stringify({ model, ...result }));
      else printEndurance(model, result, context);
      return 0;
    }
    const results: BenchResult[] = [];
    for (let workers = 1; workers <= request.workers; workers++) {
      if (!request.json) err(`measuring ${workers} of ${request.workers}`);
      results.push(await measure({ ...request, ...common, workers }));
    }
    if (request.json) out(JSON.stringify({ model, pictures: pictures.length, results }));
    else print(model, results, context);
    return 0;
  } catch (error) {
    err(`visavis bench: ${describeError(error).message}`);
    return 1;
  } finally {
    beside?.stop();
  }
}

function readArguments(args: string[], context: DetectContext): Request | number {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        workers: { type: 'string' },
        seconds: { type: 'string', default: '10' },
        turns: { type: 'string', default: '3' },
        pictures: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      context.out(HELP);
      return 0;
    }
    if (positionals.join(' ') !== 'detect') throw new Error('the benchmarks are detect, match and review');
    const number = (name: string, text: string) => {
      const value = Number(text);
      if (!(value > 0)) throw new Error(`--${name} is not a number above 0`);
      return value;
    };
    return {
      workers: Math.ceil(number('workers', values.workers ?? String(context.threads ?? defaultThreads()))),
      seconds: number('seconds', values.seconds),
      turns: Math.ceil(number('turns', values.turns)),
      count: values.pictures === undefined ? null : Math.ceil(number('pictures', values.pictures)),
      json: values.json,
    };
  } catch (error) {
    return wrongUsage(context, 'bench', error);
  }
}

function print(model: string, results: readonly BenchResult[], { out }: DetectContext): void {
  out(`${model}, ${results[0]?.facesAPicture.toFixed(1) ?? '?'} faces a picture of 1280 px`);
  out('');
  out('workers  pictures/s   bare/s  outside decode and networks  peak memory');
  for (const { workers, product, bare, share, peakMemory } of results) {
    const cells = [
      String(workers).padStart(7),
      product.toFixed(1).padStart(10),
      bare.toFixed(1).padStart(7),
      `${Math.round((1 - share) * 100)} %`.padStart(27),
      megabytes(peakMemory).padStart(11),
    ];
    out(cells.join('  '));
  }
  out('');
  out('ms a picture in each thread  decode  detect  landmarks  embed    all');
  for (const { workers, bareStages, productStages } of results) {
    const row = (name: string, { decode, detect, landmarks, embed }: Stages) => {
      const all = decode + detect + landmarks + embed;
      const cells = [
        [decode, 6],
        [detect, 6],
        [landmarks, 9],
        [embed, 5],
        [all, 5],
      ] as const;
      const text = cells.map(([value, width]) => value.toFixed(1).padStart(width));
      out([`${workers} ${name}`.padEnd(27), ...text].join('  '));
    };
    row('bare', bareStages);
    row('the steps of the product', productStages);
  }
}

function printEndurance(
  model: string,
  { workers, pictures, picturesASecond, peak, afterAFifth, atTheEnd, growth, children }: EnduranceResult,
  { out }: DetectContext,
): void {
  out(`${model}, ${workers} workers, ${pictures} pictures, ${picturesASecond.toFixed(1)} a second`);
  out(`memory: at most ${megabytes(peak)}`);
  out(
    `after ${Math.ceil(pictures / 5)} pictures ${megabytes(afterAFifth)}, at the end ${megabytes(atTheEnd)}`,
  );
  out(`that is ${growth === null ? '?' : growth.toFixed(2)} times as much; child processes: ${children}`);
}

function megabytes(value: Megabytes): string {
  return value === null ? '?' : `${Math.round(value)} MB`;
}
