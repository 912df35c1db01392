import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { OnnxGraph } from '../../src/detect/models/onnx.ts';
import { createBatches } from '../../src/detect/steps/batches.ts';
import type { Network } from '../../src/detect/steps/session.ts';
import { findInTiles, looksLikeCrowd, tilesOf } from '../../src/detect/steps/tiles.ts';
import { openYunet } from '../../src/detect/steps/yunet.ts';

const CELLS = { 8: 80 * 80, 16: 40 * 40, 32: 20 * 20 } as const;

/**
 * A network for 640x640 with YuNet's outputs that sees what it is told, brighter where the picture is bluer: the
 * values of each output are constants, and cls is multiplied with the brightest first plane (blue) over 255.
 */
function fakeYunet(set: (output: string, values: Float32Array) => void): Uint8Array {
  const graph = new OnnxGraph('yunet');
  const input = graph.input('input', [1, 3, 640, 640]);
  const planes = graph.node('Div', [
    graph.node('GlobalMaxPool', [input]),
    graph.floats('range', [1], Float32Array.of(255)),
  ]);
  const first = graph.node('Slice', [
    planes,
    graph.ints('from', [0]),
    graph.ints('to', [1]),
    graph.ints('axis', [1]),
  ]);
  const blue = graph.node('Reshape', [first, graph.ints('shape', [1, 1, 1])]);
  const outputs = ([8, 16, 32] as const).flatMap((stride) =>
    (
      [
        ['cls', 1],
        ['obj', 1],
        ['bbox', 4],
        ['kps', 10],
      ] as const
    ).map(([kind, width]) => {
      const name = `${kind}_${stride}`;
      const values = new Float32Array(CELLS[stride] * width);
      set(name, values);
      const constant = graph.floats(`${name}_values`, [1, CELLS[stride], width], values);
      const factor = kind === 'cls' ? blue : graph.floats(`${name}_one`, [1], Float32Array.of(1));
      return { value: graph.node('Mul', [constant, factor], {}, name), shape: [1, CELLS[stride], width] };
    }),
  );
  return graph.finishAll(outputs);
}

const seeing = (factor = 1) =>
  fakeYunet((output, values) => {
    // Stride 16, row 5, column 10: 45 px wide and 90 px high around (168, 96).
    const cell = 5 * 40 + 10;
    if (output === 'cls_16') values[cell] = 0.81 * factor;
    if (output === 'obj_16') values[cell] = 1.5;
    if (output === 'bbox_16') values.set([0.5, 1, Math.log(45 / 16), Math.log(90 / 16)], cell * 4);
    if (output === 'kps_16') values.set([-0.5, 0, 1.5, 0, 0.5, 1, -0.25, 2, 1.25, 2], cell * 10);
    // The same face seen worse from a neighbouring stride, and a doubtful one elsewhere.
    if (output === 'cls_8') values[12 * 80 + 21] = 0.5 * factor;
    if (output === 'obj_8') values[12 * 80 + 21] = 1;
    if (output === 'bbox_8') values.set([0, 0, Math.log(45 / 8), Math.log(90 / 8)], (12 * 80 + 21) * 4);
    if (output === 'cls_32') values[250] = 0.35;
    if (output === 'obj_32') values[250] = 1;
  });

const plain = async (width: number, height: number, colour: string) => ({
  data: await sharp({ create: { width, height, channels: 3, background: colour } })
    .raw()
    .toBuffer(),
  width,
  height,
});

describe('YuNet', () => {
  it('reads boxes, scores and points off the grid, the better of two for one face, none in doubt', async () => {
    const { find } = await openYunet(seeing());
    const [face, ...others] = await find(await plain(640, 480, '#0000ff'), false);
    expect(others).toEqual([]);
    expect(face?.score).toBeCloseTo(0.9, 5);
    expect(face?.box.map((value) => Math.round(value * 100) / 100)).toEqual([145.5, 51, 45, 90]);
    expect(face?.points?.map(([x, y]) => [x, y])).toEqual([
      [152, 80],
      [184, 80],
      [168, 96],
      [156, 112],
      [180, 112],
    ]);
  });

  it('sees blue first: the network was trained on BGR', async () => {
    const { find } = await openYunet(seeing());
    expect(await find(await plain(640, 480, '#ff0000'), false)).toEqual([]);
  });

  it('gives places in the picture, however much larger it is, and cut at its edge', async () => {
    const { find } = await openYunet(seeing());
    const [face] = await find(await plain(1280, 200, '#0000ff'), false);
    const [left = 0, top = 0, width = 0, height = 0] = face?.box ?? [];
    expect([left, top].map(Math.round)).toEqual([291, 102]);
    expect(left + width).toBeCloseTo(381, 0);
    expect(top + height).toBeCloseTo(200, 0);
  });

  it('never makes a picture larger', async () => {
    const { find } = await openYunet(seeing());
    const [face] = await find(await plain(300, 300, '#0000ff'), false);
    expect(Math.round(face?.box[0] ?? 0)).toBe(146);
  });

  it('gives a drawn box the points of an average face when it sees none there', async () => {
    const { locate } = await openYunet(seeing());
    const points = await locate(await plain(640, 480, '#0000ff'), [400, 300, 100, 100]);
    expect(points).toEqual([
      [431, 340],
      [469, 340],
      [450, 360],
      [435, 379],
      [465, 379],
    ]);
  });
});

describe('tiles', () => {
  const rules = { width: 640, height: 480, threshold: 0.8 };
  const picture = { data: new Uint8Array(), width: 1280, height: 853 };

  it('cover the picture and share a quarter at the least', () => {
    const tiles = tilesOf(picture, rules);
    expect(tiles.map(({ left, top }) => [left, top])).toEqual(
      [0, 187, 373].flatMap((top) => [0, 320, 640].map((left) => [left, top])),
    );
    expect(tilesOf({ ...picture, width: 640, height: 480 }, rules)).toEqual([]);
    expect(tilesOf({ ...picture, width: 700, height: 100 }, rules)).toEqual([
      { left: 0, top: 0, width: 640, height: 100 },
      { left: 60, top: 0, width: 640, height: 100 },
    ]);
  });

  it('add what is whole, small and sure, once', async () => {
    const whole = [{ box: [100, 100, 40, 40], score: 0.7 }] as const;
    const seen = [
      { box: [102, 101, 38, 40], score: 0.99 },
      { box: [300, 300, 20, 20], score: 0.85 },
      { box: [302, 301, 20, 20], score: 0.9 },
      { box: [500, 20, 20, 20], score: 0.79 },
      { box: [200, 10, 100, 170], score: 0.95 },
    ] as const;
    const found = await findInTiles(picture, whole, rules, async ({ left, top }) =>
      // A face at the right edge of the first tile, and at the left edge of the picture.
      left === 0 && top === 0
        ? [...seen, { box: [619, 50, 20, 20], score: 0.9 }, { box: [0, 200, 20, 20], score: 0.91 }]
        : [],
    );
    expect(found.map(({ box }) => box[0])).toEqual([100, 0, 302]);
  });

  it('are looked at when there are several small faces', () => {
    const faces = (count: number, height: number) =>
      Array.from({ length: count }, () => ({ box: [0, 0, 30, height] as const, score: 0.9 }));
    expect(looksLikeCrowd(faces(3, 40))).toBe(false);
    expect(looksLikeCrowd(faces(4, 40))).toBe(true);
    expect(looksLikeCrowd(faces(9, 60))).toBe(false);
  });
});

describe('batches', () => {
  const square = (value: number) => (planes: Float32Array, offset: number) =>
    void planes.fill(value, offset, offset + 3);

  it('take squares of several pictures together, six at the most, and give each its own answer', async () => {
    const sizes: number[] = [];
    const run = async (values: Float32Array, [count = 0]: readonly number[]) => {
      sizes.push(count);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return {
        out: Float32Array.from(
          { length: count * 2 },
          (_, i) => (values[Math.floor(i / 2) * 3] ?? 0) + (i % 2),
        ),
      };
    };
    const batches = createBatches(Object.assign(run, { inputShape: [] }) as Network, 1);
    const answers = await Promise.all(Array.from({ length: 11 }, (_, i) => batches.run(square(i * 10))));
    expect(sizes).toEqual([6, 5]);
    expect(answers.map((answer) => [...answer])).toEqual(
      Array.from({ length: 11 }, (_, i) => [i * 10, i * 10 + 1]),
    );
  });

  it('pass an error on to those that it is about, and go on', async () => {
    let fails = true;
    const run = async (_: Float32Array, [count = 0]: readonly number[]) => {
      if (fails) throw new Error('no memory');
      return { out: new Float32Array(count) };
    };
    const batches = createBatches(Object.assign(run, { inputShape: [] }) as Network, 1);
    await expect(batches.run(square(1))).rejects.toThrow('no memory');
    fails = false;
    expect(await batches.run(square(1))).toHaveLength(1);
  });
});
