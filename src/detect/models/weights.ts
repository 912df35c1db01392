/** Reads weights as TensorFlow.js publishes them: a JSON manifest and one binary shard in its order. */
export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The tensor of this name; throws when the manifest has none. */
export type Weights = (name: string) => Weight;

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly quantization?: { readonly scale: number; readonly min: number };
}

/**
 * Quantised tensors are one byte an element, value = q * scale + min; the others are little-endian float32.
 * `min / scale` is no whole number, so they cannot be kept quantised in ONNX.
 */
export function readWeights(manifest: Uint8Array, shard: Uint8Array): Weights {
  const groups = JSON.parse(Buffer.from(manifest).toString('utf8')) as { weights: ManifestEntry[] }[];
  const view = new DataView(shard.buffer, shard.byteOffset, shard.byteLength);
  const tensors = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape, quantization } of groups.flatMap((group) => group.weights)) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; i++) {
      if (quantization) values[i] = view.getUint8(offset + i) * quantization.scale + quantization.min;
      else values[i] = view.getFloat32(offset + i * 4, true);
    }
    offset += values.length * (quantization ? 1 : 4);
    tensors.set(name, { shape, values });
  }
  if (offset !== shard.length) throw new Error(`weights end at ${offset}, the shard at ${shard.length}`);
  return (name) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`no weights called ${name}`);
    return tensor;
  };
}

/** [height, width, in, out] → [out, in, height, width], which is what ONNX wants. */
export function filtersFirst({ shape, values }: Weight): Weight {
  const [h = 1, w = 1, inputs = 1, outputs = 1] = shape;
  const out = new Float32Array(values.length);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let p = 0; p < h * w; p++)
        out[(o * inputs + i) * h * w + p] = values[(p * inputs + i) * outputs + o] ?? 0;
  return { shape: [outputs, inputs, h, w], values: out };
}

/** Depthwise filters: [height, width, channels, 1] → [channels, 1, height, width]. */
export function depthwiseFirst({ shape, values }: Weight): Weight {
  const [h = 1, w = 1, channels = 1] = shape;
  return filtersFirst({ shape: [h, w, 1, channels], values });
}

/** Both networks were trained on RGB 0..255 from which this mean was taken before dividing by 255. */
export const MEAN_RGB = Float32Array.of(122.782, 117.001, 104.298);
