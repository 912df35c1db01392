/** dlib's 128 numbers of an aligned face. */
import { CHIP_PX } from '../alignment.ts';
import { createBatches } from './batches.ts';
import { openNetwork } from './session.ts';

/** Gives the embedding of a face whose aligned chip `fill` writes. */
export async function openDlibEmbedding(
  model: Uint8Array,
): Promise<(fill: (planes: Float32Array, offset: number) => void) => Promise<Float32Array>> {
  const batches = createBatches(await openNetwork(model), CHIP_PX);
  return (fill) => batches.run(fill);
}
