/** The picture of a question: what is drawn, and what can never be. */
import type { Drawing, Drawn } from '../core/faces/detector.ts';
import { describeError, type ErrorCode } from '../core/platform/errors.ts';
import { readReason, reasonOf } from '../core/platform/reasons.ts';
import { markLabel } from '../core/review/reactions.ts';
import type { CardDeps, Question, ShownFace } from './cards.ts';

/** These files can never be shown: asking again would give the same. */
export class UndrawableError extends Error {
  /** Why, as `reasons.ts` keeps it, by the id of the file. */
  readonly files: ReadonlyMap<number, string>;

  constructor(files: ReadonlyMap<number, string>) {
    super([...files.values()].map((kept) => readReason(kept).text).join('; '));
    this.name = 'UndrawableError';
    this.files = files;
  }
}

/**
 * The faces, and beside them the portrait of the person, when there is one that can be had.
 * @throws UndrawableError
 */
export async function drawQuestion(
  { pictures, detector }: CardDeps,
  question: Question,
): Promise<{ drawn: Drawn; withPortrait: boolean }> {
  const [first] = question.faces;
  if (!first) throw new Error(`question ${question.id} has no faces`);
  const portrait = question.portrait
    ? await pictures.download(question.portrait.url).catch(() => undefined)
    : undefined;
  const seen = question.kind === 'batch' ? question.faces : [first];
  const downloads = await eachFace(seen, (face) => pictures.download(face.thumbUrl));
  const picture = (face: ShownFace) => downloads.get(face.faceId) ?? new Uint8Array();
  const drawing: Drawing =
    question.kind === 'batch'
      ? {
          kind: 'sheet',
          tiles: question.faces.map((face) => ({
            picture: picture(face),
            box: face.box,
            label: markLabel('batch', face.position),
          })),
        }
      : {
          kind: 'question',
          picture: picture(first),
          marks: question.faces.map((face) => ({ box: face.box, label: String(face.position) })),
        };
  try {
    if (portrait) {
      try {
        return { drawn: await detector.draw({ ...drawing, portrait }), withPortrait: true };
      } catch (error) {
        // It may be the portrait, which a question can do without.
        if (!isFinal(error)) throw error;
      }
    }
    return { drawn: await detector.draw(drawing), withPortrait: false };
  } catch (error) {
    if (!isFinal(error)) throw error;
    // Which of them is it?
    await eachFace(seen, (face) =>
      detector.draw({ kind: 'crop', picture: picture(face), box: face.box, size: 64 }),
    );
    if (seen.length > 1) throw error;
    throw new UndrawableError(new Map([[first.fileId, reasonOf(error)]]));
  }
}

/** @throws UndrawableError naming all files that fail for good */
async function eachFace<T>(
  faces: readonly ShownFace[],
  work: (face: ShownFace) => Promise<T>,
): Promise<Map<number, T>> {
  const results = new Map<number, T>();
  const broken = new Map<number, string>();
  for (const face of faces) {
    try {
      results.set(face.faceId, await work(face));
    } catch (error) {
      if (!isFinal(error)) throw error;
      broken.set(face.fileId, reasonOf(error));
    }
  }
  if (broken.size > 0) throw new UndrawableError(broken);
  return results;
}

/** About the bytes, as in detection: the same again would give the same. */
const FINAL: readonly ErrorCode[] = [
  'not_a_picture',
  'broken_picture',
  'picture_too_large',
  'file_unreadable',
  'too_large',
];

function isFinal(error: unknown): boolean {
  return FINAL.includes(describeError(error).code);
}
