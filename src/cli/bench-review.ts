/** `visavis bench review`: how many answers a claim costs, and how many are wrong, beside the predecessor's rules. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError } from '../core/platform/errors.ts';
import { createDetector, defaultThreads } from '../detect/detector.ts';
import { DEFAULT_CHOICE } from '../detect/models/catalogue.ts';
import { preparePracticePhotos } from '../detect/models/prepare.ts';
import { type DetectContext, ready } from './detect.ts';
import { createProgress } from './progress.ts';
import { type Compared, compare } from './review/compare.ts';
import { folderPictures } from './review/folder.ts';
import { type LabelledPicture, type SeenPicture, seeAll } from './review/labels.ts';
import type { Score } from './review/outcome.ts';
import { PRACTICE_RECIPE, practicePictures } from './review/practice.ts';
import { wrongUsage } from './usage.ts';

const HELP = `visavis bench review [FOLDER] [--seeds N] [--json]

Simulates people who label pictures: with our questions, matcher and votes, as
they run in the product, and with the rules of the predecessor (WikiVisage). An
answer is one submission, whatever it covers.

  FOLDER     has a folder of pictures for each person; portrait.* in it is the
             person's portrait. Of each picture the largest face is the person.
             Default: pictures made from the practice photos
  --seeds N  different choices of persons, files and order (20)
  --json     one JSON object`;

/** As the predecessor was measured: persons, and files of each. */
const SIZES = [
  { persons: 10, files: 10 },
  { persons: 8, files: 5 },
] as const;

interface Request {
  readonly folder: string | null;
  readonly seeds: number;
  readonly json: boolean;
}

export async function benchReviewCommand(args: string[], context: DetectContext): Promise<number> {
  const request = readArguments(args, context);
  if (typeof request === 'number') return request;
  try {
    const pictures = await picturesFor(request, context);
    const progress = createProgress(context);
    const results: { persons: number; files: number; compared: Compared }[] = [];
    for (const [i, size] of SIZES.entries()) {
      const compared = await compare(pictures, size, request, (done) =>
        progress.step(
          i * request.seeds + done,
          SIZES.length * request.seeds,
          `simulating ${size.persons} persons with ${size.files} files each`,
        ),
      );
      results.push({ ...size, compared });
    }
    progress.finish();
    if (request.json) context.out(JSON.stringify({ seeds: request.seeds, results }));
    else
      for (const { persons, files, compared } of results) print(persons, files, compared, request, context);
    return 0;
  } catch (error) {
    context.err(`visavis bench: ${describeError(error).message}`);
    return 1;
  }
}

function readArguments(args: string[], context: DetectContext): Request | number {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        seeds: { type: 'string', default: '20' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      context.out(HELP);
      return 0;
    }
    const seeds = Number(values.seeds);
    if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds is not a whole number above 0');
    if (positionals.length > 2) throw new Error('name one folder');
    return { folder: positionals[1] ?? null, seeds, json: values.json };
  } catch (error) {
    return wrongUsage(context, 'bench', error);
  }
}

/** Labelled pictures with what the detector sees in them; those of the practice photos are looked at once. */
async function picturesFor({ folder }: Request, context: DetectContext): Promise<SeenPicture[]> {
  const { dataDir, threads = defaultThreads(), models = DEFAULT_CHOICE } = context;
  await ready(context);
  const detector = createDetector({ dataDir, threads, models });
  const progress = createProgress(context);
  const see = (pictures: readonly LabelledPicture[], kept: string | null) =>
    seeAll(pictures, {
      detector,
      threads,
      kept: kept === null ? null : { folder: join(dataDir, 'bench'), key: kept },
      onProgress: (done) => {
        if (done % 20 === 0) progress.step(done, pictures.length, 'looking at labelled pictures');
      },
    });
  try {
    if (folder !== null) return await see(await folderPictures(folder), null);
    return await see(practicePictures(await preparePracticePhotos(dataDir)), PRACTICE_RECIPE);
  } finally {
    progress.finish();
    await detector.close();
  }
}

function print(
  persons: number,
  files: number,
  { perfect, careless }: Compared,
  { seeds }: Request,
  { out }: DetectContext,
): void {
  out(`${persons} persons, ${files} files each, ${seeds} seed${seeds === 1 ? '' : 's'}`);
  block('perfect reviewers, every claim confirmed by a person, one vote needed', [
    ['WikiVisage', perfect.wikivisage],
    ['ours', perfect.ours],
    ['ours, in one project', perfect.oneProject],
  ]);
  block('reviewers of whose answers 5 % are random; two votes needed, WikiVisage by its own rules', [
    ['WikiVisage', careless.wikivisage],
    ['ours', careless.ours],
    ['ours, half copied', careless.copied],
  ]);
  out('');

  function block(title: string, columns: readonly (readonly [string, Score])[]): void {
    out(`  ${title}`);
    line('', ([name]) => name);
    line('answers for each correct claim', ([, { answers, right }]) =>
      right === 0 ? '-' : (answers / right).toFixed(2),
    );
    line('correct claims', ([, { right }]) => String(right));
    line('wrong claims', ([, { wrong }]) => String(wrong));
    line('missed faces', ([, { missed }]) => String(missed));

    function line(label: string, value: (column: readonly [string, Score]) => string): void {
      out(`    ${label.padEnd(32)}${columns.map((column) => value(column).padStart(22)).join('')}`.trimEnd());
    }
  }
}
