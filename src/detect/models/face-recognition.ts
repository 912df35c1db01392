/**
 * The 128 number embedding of dlib's ResNet (Davis King, `dlib_face_recognition_resnet_model_v1`, CC0), from
 * the weights that face-api publishes. Input [N, 3, 150, 150] RGB 0..255, output [N, 128], not normalised.
 */
import { OnnxGraph } from './onnx.ts';
import { filtersFirst, MEAN_RGB, readWeights, type Weights } from './weights.ts';

/** Blocks in order. "down" halves the size; channels as the main branch leaves them. */
const BLOCKS = [
  { name: 'conv32_1', kind: 'same' },
  { name: 'conv32_2', kind: 'same' },
  { name: 'conv32_3', kind: 'same' },
  { name: 'conv64_down', kind: 'down', newChannels: 32 },
  { name: 'conv64_1', kind: 'same' },
  { name: 'conv64_2', kind: 'same' },
  { name: 'conv64_3', kind: 'same' },
  { name: 'conv128_down', kind: 'down', newChannels: 64 },
  { name: 'conv128_1', kind: 'same' },
  { name: 'conv128_2', kind: 'same' },
  // 8 → 3 in the main branch but 4 in the shortcut: the main branch gets a row and a column of zeros.
  { name: 'conv256_down', kind: 'down', newChannels: 128, growMain: true },
  { name: 'conv256_1', kind: 'same' },
  { name: 'conv256_2', kind: 'same' },
  { name: 'conv256_down_out', kind: 'down', newChannels: 0, growMain: true },
] as const;

export function convertFaceRecognition(manifest: Uint8Array, shard: Uint8Array): Uint8Array {
  const weights = readWeights(manifest, shard);
  const graph = new OnnxGraph('face_recognition');
  let x = graph.input('input', ['N', 3, 150, 150]);
  x = graph.node('Sub', [x, graph.floats('mean', [1, 3, 1, 1], MEAN_RGB)]);
  x = graph.node('Div', [x, graph.floats('range', [1], Float32Array.of(255))]);
  x = graph.node('Relu', [scaledConv(graph, weights, 'conv32_down', x, 2, 'VALID')]);
  x = graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] });
  for (const block of BLOCKS) {
    const down = block.kind === 'down';
    let main = scaledConv(graph, weights, `${block.name}/conv1`, x, down ? 2 : 1, down ? 'VALID' : 'SAME');
    main = graph.node('Relu', [main]);
    main = scaledConv(graph, weights, `${block.name}/conv2`, main, 1, 'SAME');
    let shortcut = x;
    if (down) {
      shortcut = graph.node('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
      if (block.newChannels > 0)
        shortcut = pad(graph, shortcut, `${block.name}/channels`, [block.newChannels, 0, 0]);
      if ('growMain' in block) main = pad(graph, main, `${block.name}/edge`, [0, 1, 1]);
    }
    x = graph.node('Relu', [graph.node('Add', [main, shortcut])]);
  }
  x = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  x = graph.node('MatMul', [x, graph.floats('fc', [256, 128], weights('fc').values)]);
  return graph.finish(x, ['N', 128]);
}

/** A convolution with the scale layer after it folded in: (Wx + b)s + t = (Ws)x + (bs + t). */
function scaledConv(
  graph: OnnxGraph,
  weights: Weights,
  name: string,
  x: string,
  stride: 1 | 2,
  padding: 'SAME' | 'VALID',
): string {
  const filters = filtersFirst(weights(`${name}/conv/filters`));
  const bias = weights(`${name}/conv/bias`).values;
  const scale = weights(`${name}/scale/weights`).values;
  const shift = weights(`${name}/scale/biases`).values;
  const each = filters.values.length / bias.length;
  const scaled = filters.values.map((value, i) => value * (scale[Math.floor(i / each)] ?? 0));
  const shifted = bias.map((value, i) => value * (scale[i] ?? 0) + (shift[i] ?? 0));
  const inputs = [
    x,
    graph.floats(`${name}/W`, filters.shape, scaled),
    graph.floats(`${name}/b`, [bias.length], shifted),
  ];
  const edge = padding === 'SAME' ? 1 : 0;
  return graph.node('Conv', inputs, { strides: [stride, stride], pads: [edge, edge, edge, edge] });
}

/** Zeros after the last channel, below the last row, right of the last column. */
function pad(graph: OnnxGraph, x: string, name: string, after: readonly [number, number, number]): string {
  return graph.node('Pad', [x, graph.ints(name, [0, 0, 0, 0, 0, ...after])]);
}
