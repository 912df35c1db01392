import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { ThumbWidth } from '../wiki/file-page.ts';
import type { Pictures } from '../wiki/pictures.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { FINAL } from './detection.ts';
import type { Detection, Detector } from './detector.ts';
import { asSeen, type KnownFace } from './known-face.ts';

export interface CloserDeps {
  readonly pictures: Pictures;
  readonly wiki: Pick<Wiki, 'filesByPageId'>;
  readonly detector: Detector;
  readonly log: Log;
}

/** What is known of a file; width and height are those of the original. */
export interface CloserFile {
  readonly page_id: number;
  readonly title: string;
  readonly sha1: string;
  readonly mime: string;
  readonly width: number;
  readonly height: number;
}

/** Embeddings of faces that are less tall mistake people for each other ever more often (facts of the models). */
const SMALL_PX = 80;
/** The detector sees no more than this of the longer side, whatever it is given. */
const DETECTED_PX = 1280;
/** The embedder's square shows a face of this height with as many pixels as it has. */
const GOAL_PX = 110;
const LARGER: readonly ThumbWidth[] = [1920, 3840];
const MAX_PIXELS = 1e8;
/** Kinds whose original a decoder here understands; of others (drawings, documents) the wiki makes pictures. */
const DECODABLE = ['image/jpeg', 'image/png', 'image/webp', 'image/tiff'];

/**
 * Embeds the small faces of a detection again from a larger picture, where the wiki has one: the narrowest that
 * brings the smallest of them to a useful size, otherwise the largest that may be downloaded.
 * @throws what a download throws that may be tried again; one that never works leaves the faces as they are
 */
export async function lookCloser(
  deps: CloserDeps,
  file: CloserFile,
  detection: Detection,
): Promise<KnownFace[]> {
  const known = asSeen(detection);
  const shown = Math.min(1, DETECTED_PX / Math.max(detection.width, detection.height));
  const heights = detection.faces.map(({ box }) => box[3] * detection.height * shown);
  const small = known.filter((_, i) => (heights[i] ?? 0) < SMALL_PX);
  const smallest = Math.min(...heights);
  if (small.length === 0) return known;
  for (const width of widthsFor(file, detection, smallest)) {
    try {
      const picture = await download(deps, file, width);
      if (!picture) return known;
      const boxes = small.map(({ face }) => face.box);
      const closer = await deps.detector.detect(picture, { embed: true, boxes });
      const seen = { width: closer.width, height: closer.height };
      return known.map((one) => {
        const again = closer.faces[small.indexOf(one)];
        // The detector's score is about the first look; a known box has none.
        return again ? { face: { ...again, score: one.face.score }, seen } : one;
      });
    } catch (error) {
      const { code, message } = describeError(error);
      if (!FINAL.includes(code)) throw error;
      deps.log.info({ file: file.title, width, code }, message);
    }
  }
  return known;
}

type Width = ThumbWidth | 'original';

/** The best width first, then ever smaller ones for when it turns out to be too much. */
function widthsFor(file: CloserFile, detection: Detection, smallest: number): Width[] {
  const thumbs: Width[] = LARGER.filter((width) => width > detection.width && width < file.width);
  const original = DECODABLE.includes(file.mime) && file.width * file.height <= MAX_PIXELS;
  const all: Width[] = original && file.width > detection.width ? [...thumbs, 'original'] : thumbs;
  const pixels = (width: Width) => (width === 'original' ? file.width : width);
  const shown = Math.min(1, DETECTED_PX / Math.max(detection.width, detection.height));
  const enough = all.findIndex((width) => (smallest / shown) * (pixels(width) / detection.width) >= GOAL_PX);
  return all.slice(0, enough < 0 ? all.length : enough + 1).reverse();
}

/** Null when the file is not what it was: the next crawl notices, and everything is done anew. */
async function download(
  { wiki, pictures }: CloserDeps,
  file: CloserFile,
  width: Width,
): Promise<Uint8Array | null> {
  const found = await wiki.filesByPageId([file.page_id], width === 'original' ? 1280 : width);
  const now = found.get(file.page_id);
  if (now?.sha1 !== file.sha1) return null;
  const url = width === 'original' ? now.url : now.thumbUrl;
  return url === null ? null : pictures.download(url);
}
