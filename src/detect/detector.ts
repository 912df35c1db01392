/** The core's port, made of a limited child process (host.ts) and the models of the data folder. */
import type { Detection, DetectOptions, Detector, Drawing, Drawn } from '../core/faces/detector.ts';
import { type Clock, systemClock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { Host } from './host.ts';
import { BUNDLES, type BundleName } from './models/catalogue.ts';
import { prepareModels, readModels } from './models/prepare.ts';
import type { Answer, TaskError } from './protocol.ts';
import { checkPicture } from './sniff.ts';

export interface CreateDetectorOptions {
  /** Where the models are kept; missing ones are fetched before the first detection. */
  readonly dataDir: string;
  /** Pictures in work at the same time: 1 GiB of memory for the first and each further one. */
  readonly threads: number;
  readonly clock?: Clock;
  /** Milliseconds for one task before its process is ended. Default two minutes. */
  readonly patience?: number;
}

export interface ProcessDetector extends Detector {
  /** The child process that decodes pictures, while there is one. */
  readonly pid: number | null;
}

const PATIENCE = 120_000;

/** Starts nothing until the first request; `close()` ends the child process. */
export function createDetector(options: CreateDetectorOptions): ProcessDetector {
  const { dataDir, threads, clock = systemClock, patience = PATIENCE } = options;
  const bundle: BundleName = 'default';
  const { model } = BUNDLES[bundle];
  const models = async () => {
    const files = await readModels(dataDir, bundle).catch(async () => {
      await prepareModels(dataDir);
      return readModels(dataDir, bundle);
    });
    return { bundle, files };
  };
  const host = new Host({ threads, models, clock, patience });
  return {
    model,
    get pid() {
      return host.pid;
    },
    async detect(picture: Uint8Array, { embed = true, boxes }: DetectOptions = {}): Promise<Detection> {
      checkPicture(picture);
      const answer = await host.run({ kind: 'detect', picture, embed, boxes: boxes ?? null });
      if ('found' in answer) return { ...answer.found, model };
      throw refusal(answer);
    },
    async draw(drawing: Drawing): Promise<Drawn> {
      for (const picture of picturesOf(drawing)) checkPicture(picture);
      const answer = await host.run({ kind: 'draw', drawing });
      if ('drawn' in answer) return answer.drawn;
      throw refusal(answer);
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
  return new VisavisError(error.code, error.message);
}
