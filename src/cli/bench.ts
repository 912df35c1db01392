/** `visavis bench detect`: how fast this machine finds faces, beside what its processor could do at best. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeError } from '../core/platform/errors.ts';
import { type BenchResult, measure } from '../detect/bench/measure.ts';
import { benchPictures } from '../detect/bench/pictures.ts';
import { defaultThreads } from '../detect/detector.ts';
import { BUNDLES, DEFAULT_CHOICE } from '../detect/models/catalogue.ts';
import { preparePracticePhotos } from '../detect/models/prepare.ts';
import { type DetectContext, ready } from './detect.ts';

const HELP = `visavis bench detect [--workers N] [--seconds S] [--turns T] [--json]

Pictures a second, decode to embedding, with 1 to N workers (default: one for
each core), on 1280 px pictures with about five faces each; beside it the bare
work, decoding and the networks alone, measured in turns with the product.

  --seconds S  length of each turn (10)
  --turns T    turns of each side; medians are shown (3)
  --json       one JSON object`;

interface Request {
  readonly workers: number;
  readonly seconds: number;
  readonly turns: number;
  readonly json: boolean;
}

export async function benchCommand(args: string[], context: DetectContext): Promise<number> {
  const request = readArguments(args, context);
  if (typeof request === 'number') return request;
  const { dataDir, models = DEFAULT_CHOICE, out, err } = context;
  try {
    await ready(context);
    const paths = await preparePracticePhotos(dataDir);
    const pictures = await benchPictures(await Promise.all(paths.map((path) => readFile(path))));
    const results: BenchResult[] = [];
    for (let workers = 1; workers <= request.workers; workers++) {
      if (!request.json) err(`measuring ${workers} of ${request.workers}`);
      results.push(await measure({ ...request, dataDir, models, pictures, workers }));
    }
    const { model } = BUNDLES[models.bundle];
    if (request.json) out(JSON.stringify({ model, pictures: pictures.length, results }));
    else print(model, results, context);
    return 0;
  } catch (error) {
    err(`visavis bench: ${describeError(error).message}`);
    return 1;
  }
}

function readArguments(args: string[], { out, err, threads }: DetectContext): Request | number {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        workers: { type: 'string' },
        seconds: { type: 'string', default: '10' },
        turns: { type: 'string', default: '3' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      out(HELP);
      return 0;
    }
    if (positionals.join(' ') !== 'detect') throw new Error('there is one benchmark: detect');
    const number = (name: string, text: string) => {
      const value = Number(text);
      if (!(value > 0)) throw new Error(`--${name} is not a number above 0`);
      return value;
    };
    return {
      workers: Math.ceil(number('workers', values.workers ?? String(threads ?? defaultThreads()))),
      seconds: number('seconds', values.seconds),
      turns: Math.ceil(number('turns', values.turns)),
      json: values.json,
    };
  } catch (error) {
    err(`visavis bench: ${describeError(error).message}\n\n${HELP}`);
    return 2;
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
      (peakMemory === null ? '?' : `${Math.round(peakMemory)} MB`).padStart(11),
    ];
    out(cells.join('  '));
  }
  out('');
  out('bare work, ms a picture  decode  detect  landmarks  embed');
  for (const { workers, bareStages: ms } of results) {
    const cells = [ms.decode, ms.detect, ms.landmarks, ms.embed].map((value) => value.toFixed(1).padStart(6));
    out(`${String(workers).padStart(7)} workers`.padEnd(23).concat('  ', cells.join('  ')));
  }
}
