/** Opens models in onnxruntime. One thread each: the pool has a thread for each core. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { release } from '../memory.ts';

/** Runs a network of one input: values and shape in, outputs by name out. The outputs are the caller's own. */
export interface Network {
  (values: Float32Array, shape: readonly number[]): Promise<Readonly<Record<string, Float32Array>>>;
  /** Of the input; null where it varies from call to call. */
  readonly inputShape: readonly (number | null)[];
}

/** Takes the bytes over: they are empty afterwards. */
export async function openNetwork(model: Uint8Array): Promise<Network> {
  const session = await InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // A plan of the memory for each size of a batch is kept for ever, and is no faster here.
    enableMemPattern: false,
  });
  release(model);
  const [input = 'input'] = session.inputNames;
  const [metadata] = session.inputMetadata;
  const shape = metadata?.isTensor ? metadata.shape : [];
  const run = async (values: Float32Array, shape: readonly number[]) => {
    const outputs = await session.run({ [input]: new Tensor('float32', values, shape) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]),
    );
  };
  return Object.assign(run, {
    inputShape: shape.map((size) => (typeof size === 'number' && size > 0 ? size : null)),
  });
}

/** The values of the only output. */
export function only(outputs: Readonly<Record<string, Float32Array>>): Float32Array {
  const [values] = Object.values(outputs);
  if (!values) throw new Error('the network gave no output');
  return values;
}
