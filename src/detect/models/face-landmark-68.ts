/**
 * face-api's network for 68 landmarks (MIT), from the weights that it publishes. Input [N, 3, 112, 112] RGB
 * 0..255, output [N, 136]: x, y of each landmark in 0..1 of the input square.
 */
import { OnnxGraph } from './onnx.ts';
import { depthwiseFirst, filtersFirst, MEAN_RGB, readWeights, type Weights } from './weights.ts';

export function convertFaceLandmark68(manifest: Uint8Array, shard: Uint8Array): Uint8Array {
  const weights = readWeights(manifest, shard);
  const graph = new OnnxGraph('face_landmark_68');
  let x = graph.input('input', ['N', 3, 112, 112]);
  x = graph.node('Sub', [x, graph.floats('mean', [1, 3, 1, 1], MEAN_RGB)]);
  x = graph.node('Div', [x, graph.floats('range', [1], Float32Array.of(255))]);
  for (const block of ['dense0', 'dense1', 'dense2', 'dense3']) x = denseBlock(graph, weights, block, x);
  x = graph.node('AveragePool', [x], { kernel_shape: [7, 7], strides: [2, 2] });
  x = graph.node('MatMul', [
    graph.node('Flatten', [x]),
    graph.floats('fc/weights', [256, 136], weights('fc/weights').values),
  ]);
  x = graph.node('Add', [x, graph.floats('fc/bias', [136], weights('fc/bias').values)]);
  return graph.finish(x, ['N', 136]);
}

/** Four convolutions, each fed with the sum of all outputs before it; the first one halves the size. */
function denseBlock(graph: OnnxGraph, weights: Weights, name: string, x: string): string {
  const conv = (i: number, input: string) =>
    name === 'dense0' && i === 0
      ? plainConv(graph, weights, `${name}/conv${i}`, input)
      : separableConv(graph, weights, `${name}/conv${i}`, input, i === 0 ? 2 : 1);
  const add = (a: string, b: string) => graph.node('Add', [a, b]);
  const relu = (value: string) => graph.node('Relu', [value]);
  const o1 = relu(conv(0, x));
  const sum2 = add(o1, conv(1, o1));
  const sum3 = add(sum2, conv(2, relu(sum2)));
  return relu(add(sum3, conv(3, relu(sum3))));
}

// TensorFlow's SAME is not symmetric at stride 2: the extra row and column come last.
const same = (stride: number) => ({ strides: [stride, stride], auto_pad: 'SAME_UPPER' });

function plainConv(graph: OnnxGraph, weights: Weights, name: string, x: string): string {
  const filters = filtersFirst(weights(`${name}/filters`));
  const bias = weights(`${name}/bias`);
  const inputs = [
    x,
    graph.floats(`${name}/W`, filters.shape, filters.values),
    graph.floats(`${name}/b`, bias.shape, bias.values),
  ];
  return graph.node('Conv', inputs, same(2));
}

function separableConv(graph: OnnxGraph, weights: Weights, name: string, x: string, stride: number): string {
  const depthwise = depthwiseFirst(weights(`${name}/depthwise_filter`));
  const pointwise = filtersFirst(weights(`${name}/pointwise_filter`));
  const bias = weights(`${name}/bias`);
  const each = graph.node('Conv', [x, graph.floats(`${name}/D`, depthwise.shape, depthwise.values)], {
    ...same(stride),
    group: depthwise.shape[0] ?? 1,
  });
  return graph.node('Conv', [
    each,
    graph.floats(`${name}/W`, pointwise.shape, pointwise.values),
    graph.floats(`${name}/b`, bias.shape, bias.values),
  ]);
}
