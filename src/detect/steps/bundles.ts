/** Joins the models of a bundle to the three steps that every bundle has. */
import type { XY } from '../geometry.ts';
import type { BundleName } from '../models/catalogue.ts';
import type { Raster } from '../picture.ts';
import type { Models } from '../protocol.ts';
import type { Candidate, PixelBox } from './boxes.ts';
import { openDlibEmbedding } from './dlib-embedding.ts';
import { openLandmarks68 } from './landmarks68.ts';
import { openUltraface } from './ultraface.ts';
import { openYunet } from './yunet.ts';

/** All positions are pixels of the raster. Points: eye, eye, nose tip, mouth corners, left to right. */
export interface Steps {
  /** Boxes of faces, by looking closer too when that is asked for or when there is a crowd. */
  find(picture: Raster, smallFaces: boolean): Promise<Candidate[]>;
  /** The points of the face in a box. */
  locate(picture: Raster, box: PixelBox): Promise<readonly XY[]>;
  /** The embedding of the aligned face that `fill` writes; faces that wait go through the network together. */
  embed(fill: (planes: Float32Array, offset: number) => void): Promise<Float32Array>;
}

const OPENERS: Readonly<Record<BundleName, (file: (step: string) => Uint8Array) => Promise<Steps>>> = {
  default: async (file) => ({
    find: await openUltraface(file('detect')),
    locate: await openLandmarks68(file('landmarks')),
    embed: await openDlibEmbedding(file('embed')),
  }),
  yunet: async (file) => ({
    ...(await openYunet(file('detect'))),
    embed: await openDlibEmbedding(file('embed')),
  }),
};

export function openBundle({ bundle, files }: Models): Promise<Steps> {
  return OPENERS[bundle]((step) => {
    const bytes = files[step];
    if (!bytes) throw new Error(`bundle ${bundle} has no file for ${step}`);
    // A copy: the bytes are shared between threads, and onnxruntime wants memory of its own.
    return new Uint8Array(bytes);
  });
}
