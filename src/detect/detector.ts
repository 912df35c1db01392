/** The core's port, made of a limited child process (host.ts) and the models of the data folder. */
import { availableParallelism } from 'node:os';
import type { Detection, DetectOptions, Detector, Drawing, Drawn } from '../core/faces/detector.ts';
import { type Clock, systemClock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { reasonError } from '../core/platform/reasons.ts';
import { Host } from './host.ts';
import { BUNDLES, DEFAULT_CHOICE, type ModelChoice } from './models/catalogue.ts';
import { prepareModels, readModels } from './models/prepare.ts';
import type { Answer, TaskError } from './protocol.ts';
import { checkPicture } from './sniff.ts';

export interface CreateDetectorOptions {
  /** Where the models are kept; missing ones are fetched before the first detection. */
  readonly dataDir: string;
  /** Threads that decode and detect: 1 GiB of memory for the process and each of them. Default: one a core. */
  readonly threads?: number;
  /** Which bundle of models. */
  readonly models?: ModelChoice;
  readonly clock?: Clock;
  /** Milliseconds for one task before its process is ended. Default two minutes. */
  readonly patience?: number;
}

export interface ProcessDetector extends Detector {
  /** The child process that decodes pictures, while there is one. */
  readonly pid: number | null;
  /** Collects the garbage of the child process, for who measures its memory; nothing else may be in work. */
  collect(): Promise<void>;
}

const PATIENCE = 120_000;

/** As many as the cores that this process may use (a container, a cpuset), which may be fewer than there are. */
export function defaultThreads(): number {
  return availableParallelism();
}

/** Starts nothing until the first request; `close()` ends the child process. */
export function createDetector(options: CreateDetectorOptions): ProcessDetector {
  const { dataDir, threads = defaultThreads(), clock = systemClock, patience = PATIENCE } = options;
  const choice = options.models ?? DEFAULT_CHOICE;
  const { model } = BUNDLES[choice.bundle];
  const models = async () => {
    const files = await readModels(dataDir, choice).catch(async () => {
      await prepareModels(dataDir, () => {}, choice);
      return readModels(dataDir, choice);
    });
    return { bundle: choice.bundle, files };
  };
  const host = new Host({ threads, models, clock, patience });
  return {
    model,
    get pid() {
      return host.pid;
    },
    get restsUntil() {
      return host.restsUntil;
    },
    async detect(picture: Uint8Array, given: DetectOptions = {}): Promise<Detection> {
      checkPicture(picture);
      const { embed = true, boxes = null, smallFaces = false } = given;
      const answer = await host.run({ kind: 'detect', picture, embed, boxes, smallFaces });
      if ('found' in answer) return { ...answer.found, model };
      throw refusal(answer);
    },
    async draw(drawing: Drawing): Promise<Drawn> {
      for (const picture of picturesOf(drawing)) checkPicture(picture);
      const answer = await host.run({ kind: 'draw', drawing });
      if ('drawn' in answer) return answer.drawn;
      throw refusal(answer);
    },
    async collect(): Promise<void> {
      const answer = await host.run({ kind: 'collect' });
      if (!('collected' in answer)) throw refusal(answer);
    },
    close: () => host.close(),
  };
}

function picturesOf(drawing: Drawing): Uint8Array[] {
  const pictures = drawing.kind === 'sheet' ? drawing.tiles.map((tile) => tile.picture) : [drawing.picture];
  const portrait = 'portrait' in drawing ? drawing.portrait : undefined;
  return portrait ? [...pictures, portrait] : pictures;
}

function refusal(answer: Answer): VisavisError {
  const error: TaskError =
    'error' in answer ? answer.error : { code: 'failed', message: 'an answer of another kind came' };
  if (error.code === 'failed')
    return new VisavisError('detector_unavailable', `Face detection failed: ${error.message}.`);
  return error.code === 'picture_too_large'
    ? reasonError(error.code, 'picture-pixels', [100])
    : reasonError(error.code, 'picture-damaged', [error.message]);
}
