/** `visavis evaluate`: how well the chosen models tell the people in an operator's own pictures apart. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type DetectedFace, distance } from '../core/faces/detector.ts';
import { describeError } from '../core/platform/errors.ts';
import { createDetector, defaultThreads } from '../detect/detector.ts';
import { BUNDLES, DEFAULT_CHOICE } from '../detect/models/catalogue.ts';
import { type DetectContext, ready } from './detect.ts';
import { type Labelled, readLabelled } from './labelled.ts';
import { areaUnderCurve, atFalseAccepts, pointAt, type RocPoint } from './roc.ts';
import { wrongUsage } from './usage.ts';

const HELP = `visavis evaluate FOLDER | PAIRS.csv [--json]

FOLDER has a folder of pictures for each person; PAIRS.csv has lines "a,b,same"
with paths beside it and same 1 or 0. Of each picture the largest face counts.
Prints how many faces are found, and how well distances between them tell the
same person from different people, with the models of VISAVIS_MODELS.

Exit code 0 when all pictures were read, 1 when one was not, 2 on wrong usage.`;

const THRESHOLDS = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8];
const FALSE_ACCEPTS = [0.0001, 0.001, 0.002, 0.01];

interface Report {
  readonly model: string;
  readonly pictures: {
    readonly all: number;
    readonly unreadable: number;
    readonly withoutFace: number;
    readonly withOneFace: number;
    readonly withSeveralFaces: number;
  };
  readonly faces: number;
  /** Pairs of which both pictures have a face; the others are `left out`. */
  readonly pairs: { readonly same: number; readonly different: number; readonly leftOut: number };
  readonly auc: number | null;
  readonly roc: readonly RocPoint[];
  readonly atFalseAccepts: readonly ({ readonly most: number } & RocPoint)[];
}

export async function evaluateCommand(args: string[], context: DetectContext): Promise<number> {
  let path: string;
  let json: boolean;
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      context.out(HELP);
      return 0;
    }
    if (positionals.length !== 1) throw new Error('name one folder or one list of pairs');
    [path = ''] = positionals;
    json = values.json;
  } catch (error) {
    return wrongUsage(context, 'evaluate', error);
  }
  try {
    const labelled = await readLabelled(path);
    await ready(context);
    const found = await detectAll(labelled.files, context);
    const report = evaluate(labelled, found, BUNDLES[(context.models ?? DEFAULT_CHOICE).bundle].model);
    if (json) context.out(JSON.stringify(report));
    else print(report, context);
    return report.pictures.unreadable > 0 ? 1 : 0;
  } catch (error) {
    context.err(`visavis evaluate: ${describeError(error).message}`);
    return 1;
  }
}

/** The faces of each picture; null for one that cannot be read. */
async function detectAll(
  files: readonly string[],
  context: DetectContext,
): Promise<Map<string, readonly DetectedFace[] | null>> {
  const { dataDir, threads = defaultThreads(), models = DEFAULT_CHOICE, err } = context;
  const detector = createDetector({ dataDir, threads, models });
  const found = new Map<string, readonly DetectedFace[] | null>();
  const queue = [...files];
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      try {
        found.set(file, (await detector.detect(await readFile(file))).faces);
      } catch (error) {
        err(`${file}: ${describeError(error).message}`);
        found.set(file, null);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: threads + 1 }, lane));
  } finally {
    await detector.close();
  }
  return found;
}

function evaluate(
  { files, pairs }: Labelled,
  found: ReadonlyMap<string, readonly DetectedFace[] | null>,
  model: string,
): Report {
  const counts = files.map((file) => found.get(file)?.length ?? null);
  const vectors = new Map(files.map((file) => [file, largest(found.get(file) ?? [])?.embedding ?? null]));
  const distances = pairs.map(({ a, b, same }) => {
    const [first, second] = [vectors.get(a), vectors.get(b)];
    return { same, distance: first && second ? distance(first, second) : null };
  });
  const of = (same: boolean) =>
    distances.flatMap((pair) => (pair.same === same && pair.distance !== null ? [pair.distance] : []));
  const measured = { same: of(true), different: of(false) };
  return {
    model,
    pictures: {
      all: files.length,
      unreadable: counts.filter((count) => count === null).length,
      withoutFace: counts.filter((count) => count === 0).length,
      withOneFace: counts.filter((count) => count === 1).length,
      withSeveralFaces: counts.filter((count) => count !== null && count > 1).length,
    },
    faces: counts.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    pairs: {
      same: measured.same.length,
      different: measured.different.length,
      leftOut: distances.filter((pair) => pair.distance === null).length,
    },
    auc: areaUnderCurve(measured),
    roc: THRESHOLDS.map((threshold) => pointAt(measured, threshold)),
    atFalseAccepts: FALSE_ACCEPTS.flatMap((most) => {
      const point = atFalseAccepts(measured, most);
      return point ? [{ most, ...point }] : [];
    }),
  };
}

function largest(faces: readonly DetectedFace[]): DetectedFace | undefined {
  return [...faces].sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3])[0];
}

function print(
  { model, pictures, faces, pairs, auc, roc, atFalseAccepts }: Report,
  { out }: DetectContext,
): void {
  const percent = (value: number | null) =>
    (value === null ? '-' : `${(value * 100).toFixed(2)} %`).padStart(9);
  out(`model      ${model}`);
  out(
    `pictures   ${pictures.all}: ${pictures.withOneFace} with one face, ${pictures.withSeveralFaces} with several ` +
      `(the largest counts), ${pictures.withoutFace} without, ${pictures.unreadable} unreadable`,
  );
  out(`faces      ${faces}`);
  out(
    `pairs      ${pairs.same} of the same person, ${pairs.different} of different people, ${pairs.leftOut} left out`,
  );
  out(`AUC        ${auc === null ? '-' : auc.toFixed(5)}`);
  out('');
  out('threshold  same taken for the same  different taken for the same');
  for (const { threshold, trueAccepts, falseAccepts } of roc)
    out(`${threshold.toFixed(2).padEnd(9)}  ${percent(trueAccepts)}                ${percent(falseAccepts)}`);
  for (const { most, threshold, trueAccepts } of atFalseAccepts)
    out(
      `with at most ${most * 100} % false accepts: ${percent(trueAccepts).trim()} true accepts, below ${Math.min(threshold, 9).toFixed(3)}`,
    );
}
