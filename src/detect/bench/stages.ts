/**
 * The product's own steps on one picture at a time, without the processes around them: how long each stage takes
 * with all that belongs to it (scaling, cutting out, aligning). In the product two pictures share a thread, so
 * that its stages cannot be told apart by the clock.
 */
import { findFaces } from '../faces.ts';
import { openBundle, type Steps } from '../steps/bundles.ts';
import type { OnePicture, ThreadWork } from './thread.ts';

export async function openStages({ bundle, files, pictures }: ThreadWork): Promise<OnePicture> {
  const steps = await openBundle({ bundle, files });
  let decoded = 0;
  let found = 0;
  let located = 0;
  const watched: Steps = {
    async find(picture, smallFaces) {
      decoded = performance.now();
      const faces = await steps.find(picture, smallFaces);
      found = located = performance.now();
      return faces;
    },
    async locate(picture, box) {
      const points = await steps.locate(picture, box);
      located = performance.now();
      return points;
    },
    embed: (fill) => steps.embed(fill),
  };
  return async (i) => {
    const start = performance.now();
    const picture = pictures[i] ?? new Uint8Array();
    await findFaces({ kind: 'detect', picture, embed: true, boxes: null, smallFaces: false }, watched);
    const end = performance.now();
    return {
      decode: decoded - start,
      detect: found - decoded,
      landmarks: located - found,
      embed: end - located,
    };
  };
}
