/** Pictures whose faces are known by name, with what the detector sees in them. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Box, Detection, Detector } from '../../core/faces/detector.ts';
import { bytesToVector, vectorToBytes } from '../../core/faces/vectors.ts';

/** A picture with the answer beside it. */
export interface LabelledPicture {
  /** It is the portrait (P18) of this person, and no file of a project. */
  readonly portraitOf?: string;
  bytes(): Promise<Uint8Array>;
  /** Who has this face, of those that were found in the picture; null: nobody with a name. */
  personOf(face: Box, found: Found): string | null;
}

/** What was found in a picture of so many pixels. */
export interface Found {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly { readonly box: Box }[];
}

export interface SeenFace {
  readonly person: string | null;
  readonly box: Box;
  readonly heightPx: number;
  readonly quality: number;
  readonly vector: Float32Array;
}

export interface SeenPicture {
  readonly portraitOf: string | null;
  readonly faces: readonly SeenFace[];
}

/** What the detector sees in each picture; one that it cannot read has no faces. */
export async function seeAll(
  pictures: readonly LabelledPicture[],
  given: {
    readonly detector: Detector;
    readonly threads: number;
    /** A folder to keep it in, because it takes a while; `key` names the pictures. */
    readonly kept: { readonly folder: string; readonly key: string } | null;
    readonly onProgress: (done: number) => void;
  },
): Promise<SeenPicture[]> {
  const { detector, threads, kept } = given;
  if (!kept) return seeEach();
  const name = createHash('sha256').update(`${detector.model}\n${kept.key}`).digest('hex').slice(0, 16);
  const path = join(kept.folder, `faces-${name}.json`);
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known !== null) return (JSON.parse(known) as KeptPicture[]).map(fromKept);
  const seen = await seeEach();
  await mkdir(kept.folder, { recursive: true });
  // Renamed into place, so that nobody reads half of it.
  await writeFile(`${path}.${process.pid}`, JSON.stringify(seen.map(toKept)));
  await rename(`${path}.${process.pid}`, path);
  return seen;

  async function seeEach(): Promise<SeenPicture[]> {
    const seen: SeenPicture[] = [];
    let next = 0;
    let done = 0;
    const lane = async () => {
      for (let i = next++; i < pictures.length; i = next++) {
        const picture = pictures[i] as LabelledPicture;
        const detection = await detector.detect(await picture.bytes(), { embed: true }).catch(() => null);
        seen[i] = named(picture, detection);
        given.onProgress(++done);
      }
    };
    await Promise.all(Array.from({ length: threads + 1 }, lane));
    return seen;
  }
}

function named({ portraitOf, personOf }: LabelledPicture, detection: Detection | null): SeenPicture {
  const faces = (detection?.faces ?? []).flatMap(({ box, quality, embedding }): SeenFace[] => {
    if (!detection || !embedding) return [];
    const person = personOf(box, detection);
    return [{ person, box, heightPx: box[3] * detection.height, quality, vector: embedding }];
  });
  return { portraitOf: portraitOf ?? null, faces };
}

interface KeptPicture {
  readonly portraitOf: string | null;
  readonly faces: readonly (Omit<SeenFace, 'vector'> & { readonly vector: string })[];
}

function toKept({ portraitOf, faces }: SeenPicture): KeptPicture {
  const text = (vector: Float32Array) => Buffer.from(vectorToBytes(vector)).toString('base64');
  return { portraitOf, faces: faces.map((face) => ({ ...face, vector: text(face.vector) })) };
}

function fromKept({ portraitOf, faces }: KeptPicture): SeenPicture {
  const numbers = (text: string) => bytesToVector(Buffer.from(text, 'base64'));
  return { portraitOf, faces: faces.map((face) => ({ ...face, vector: numbers(face.vector) })) };
}
