/** The thread of products.ts: measures with one product of matrices in onnxruntime. */
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { BLOCK, type MeasureJob, type Multiply, measure } from '../core/faces/measures.ts';
import { OnnxGraph } from './models/onnx.ts';
import type { ProductsAnswer } from './products.ts';

const opened = InferenceSession.create(productModel(), {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
});

const multiply: Multiply = async (left, right, { rows, depth, columns }) => {
  const session = await opened;
  const { products, leasts } = await session.run({
    left: new Tensor('float32', left, [rows, depth]),
    right: new Tensor('float32', right, [depth, columns]),
  });
  return { products: products?.data as Float32Array, leasts: leasts?.data as Float32Array };
};

parentPort?.on('message', async ({ id, job }: { id: number; job: MeasureJob }) => {
  let answer: ProductsAnswer;
  try {
    answer = { id, measured: await measure(job, multiply) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});

/** left x right, and the least value of every BLOCK columns: found where the product is made, it costs next to nothing. */
function productModel(): Uint8Array {
  const graph = new OnnxGraph('products');
  const left = graph.input('left', ['rows', 'depth']);
  const right = graph.input('right', ['depth', 'columns']);
  const products = graph.node('MatMul', [left, right], {}, 'products');
  const blocks = graph.node('Reshape', [products, graph.ints('shape', [0, -1, BLOCK])]);
  const leasts = graph.node('ReduceMin', [blocks], { axes: [2], keepdims: 0 }, 'leasts');
  return graph.finishAll([
    { value: products, shape: ['rows', 'columns'] },
    { value: leasts, shape: ['rows', 'blocks'] },
  ]);
}
