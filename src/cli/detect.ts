/** `visavis detect`: finds the faces in picture files, for people and (with --json) for programs. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Detection, Detector } from '../core/faces/detector.ts';
import { describeError, VisavisError } from '../core/platform/errors.ts';
import { createDetector, defaultThreads } from '../detect/detector.ts';
import { DEFAULT_CHOICE, type ModelChoice } from '../detect/models/catalogue.ts';
import { modelStatus, prepareModels } from '../detect/models/prepare.ts';
import { MAX_PICTURE_BYTES } from '../detect/sniff.ts';
import { createProgress, type ProgressOutput } from './progress.ts';
import { wrongUsage } from './usage.ts';

export interface DetectContext extends ProgressOutput {
  readonly dataDir: string;
  /** Pictures in work at the same time. */
  readonly threads?: number;
  /** Which bundle of models; the default one when it is not said. */
  readonly models?: ModelChoice;
  /** One line on stdout. */
  readonly out: (line: string) => void;
}

const HELP = `visavis detect FILE… [--json] [--embeddings] [--small-faces] [--annotate DIR]

  --json          one JSON object a line for each file, in the order given; boxes are
                  [x, y, width, height] in fractions of the upright picture
  --embeddings    with --json: the 128 numbers of each face too
  --small-faces   looks piece by piece for faces of a few pixels, as in crowds; slower
  --annotate DIR  writes each picture with its faces numbered to DIR/NAME.faces.jpg

Exit code 0 when all files were fine, 1 when one was not, 2 on wrong usage.`;

interface Request {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly embeddings: boolean;
  readonly smallFaces: boolean;
  readonly annotate: string | null;
}

type Outcome =
  | { readonly file: string; readonly detection: Detection; readonly annotated: string | null }
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

export async function detectCommand(args: string[], context: DetectContext): Promise<number> {
  const request = readArguments(args, context);
  if (typeof request === 'number') return request;
  const { threads = defaultThreads(), models = DEFAULT_CHOICE } = context;
  let detector: Detector | null = null;
  try {
    // Tens of megabytes are not fetched to say that there is no such file.
    if ((await Promise.all(request.files.map(isThere))).some(Boolean)) await ready(context);
    if (request.annotate !== null) await mkdir(request.annotate, { recursive: true });
    detector = createDetector({ dataDir: context.dataDir, threads, models });
    return await detectAll(request, detector, threads, context);
  } catch (error) {
    context.err(`visavis detect: ${describeError(error).message}`);
    return 1;
  } finally {
    await detector?.close();
  }
}

/** The request, or the exit code when there is nothing to do. */
function readArguments(args: string[], context: DetectContext): Request | number {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        embeddings: { type: 'boolean', default: false },
        'small-faces': { type: 'boolean', default: false },
        annotate: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      context.out(HELP);
      return 0;
    }
    if (positionals.length === 0) throw new Error('name at least one file');
    if (values.embeddings && !values.json) throw new Error('--embeddings needs --json');
    const { json, embeddings, 'small-faces': smallFaces, annotate = null } = values;
    return { files: positionals, json, embeddings, smallFaces, annotate };
  } catch (error) {
    return wrongUsage(context, 'detect', error);
  }
}

/** Fetches the models when they are not there, saying so; quiet otherwise. */
export async function ready(context: DetectContext): Promise<void> {
  const { dataDir, models = DEFAULT_CHOICE } = context;
  if ((await modelStatus(dataDir, models)).every(({ state }) => state === 'ready')) return;
  const progress = createProgress(context);
  try {
    await prepareModels(dataDir, ({ done, total, text }) => progress.step(done, total, text), models);
  } finally {
    progress.finish();
  }
}

/** Works a few files ahead of the one that is printed next, so that a thousand do not lie in memory. */
async function detectAll(
  request: Request,
  detector: Detector,
  threads: number,
  context: DetectContext,
): Promise<number> {
  const ahead: Promise<Outcome>[] = [];
  const names = annotatedNames(request);
  let exitCode = 0;
  let next = 0;
  for (let printed = 0; printed < request.files.length; printed++) {
    while (next < request.files.length && next < printed + threads * 2) {
      ahead.push(detectFile(request.files[next] ?? '', names[next] ?? null, request, detector));
      next++;
    }
    const outcome = await ahead.shift();
    if (!outcome) break;
    if ('error' in outcome) exitCode = 1;
    if (request.json) context.out(JSON.stringify(toJson(outcome, request.embeddings)));
    else print(outcome, context);
  }
  return exitCode;
}

/** Never throws: what goes wrong with one file is that file's outcome. */
async function detectFile(
  file: string,
  annotated: string | null,
  { embeddings: embed, smallFaces }: Request,
  detector: Detector,
): Promise<Outcome> {
  try {
    const picture = await read(file);
    const detection = await detector.detect(picture, { embed, smallFaces });
    if (annotated !== null) {
      const marks = detection.faces.map(({ box }, i) => ({ box, label: String(i + 1) }));
      const { bytes } = await detector.draw({ kind: 'annotated', picture, marks });
      await write(annotated, bytes);
    }
    return { file, detection, annotated };
  } catch (error) {
    return { file, error: describeError(error) };
  }
}

const isThere = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );

async function read(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    // Checked before reading, or a file of many gigabytes would be in memory first.
    if (size > MAX_PICTURE_BYTES)
      throw new VisavisError('picture_too_large', 'the picture is larger than 50 MB');
    return await readFile(file);
  } catch (cause) {
    if (cause instanceof VisavisError) throw cause;
    throw new VisavisError('file_unreadable', `the file cannot be read, ${reasonOf(cause)}`, { cause });
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (cause) {
    throw new VisavisError('internal', `${path} cannot be written, ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EISDIR: 'it is a folder',
  EACCES: 'this account may not',
  ENOSPC: 'the disk is full',
};

/** Why the system refused, in words where there are some. */
function reasonOf(error: unknown): string {
  const { code = 'for an unknown reason' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? code;
}

/** Where each annotated copy goes; files of the same name from different folders get a number. */
function annotatedNames({ files, annotate }: Request): (string | null)[] {
  if (annotate === null) return files.map(() => null);
  const taken = new Set<string>();
  return files.map((file) => {
    const stem = basename(file, extname(file));
    let name = `${stem}.faces.jpg`;
    for (let i = 2; taken.has(name); i++) name = `${stem}.${i}.faces.jpg`;
    taken.add(name);
    return join(annotate, name);
  });
}

function toJson(outcome: Outcome, embeddings: boolean): object {
  if ('error' in outcome) return outcome;
  const { width, height, model, faces } = outcome.detection;
  return {
    file: outcome.file,
    width,
    height,
    model,
    faces: faces.map(({ box, score, quality, landmarks, embedding }) => ({
      box,
      score,
      quality,
      landmarks,
      ...(embeddings && embedding ? { embedding: [...embedding] } : {}),
    })),
  };
}

function print(outcome: Outcome, { out, err }: DetectContext): void {
  if ('error' in outcome) {
    err(`${outcome.file}: ${outcome.error.message}`);
    return;
  }
  const { width, height, faces } = outcome.detection;
  const count = faces.length === 1 ? '1 face' : `${faces.length} faces`;
  const copy = outcome.annotated === null ? '' : `, drawn in ${outcome.annotated}`;
  out(`${outcome.file}: ${width}x${height}, ${count}${copy}`);
  faces.forEach(({ box: [x, y, w, h], score }, i) => {
    const pixels = [w * width, h * height, x * width, y * height].map(Math.round);
    out(`  ${i + 1}  ${pixels[0]}x${pixels[1]} at ${pixels[2]},${pixels[3]}  score ${score.toFixed(2)}`);
  });
}
