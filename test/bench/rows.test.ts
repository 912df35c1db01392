import { describe, expect, it } from 'vitest';
import {
  readChat,
  readDetect,
  readDetectionScale,
  readLoad,
  readMatch,
  readReview,
  readScale,
  readWhole,
} from './rows.ts';

describe('rows of the benchmarks’ table', () => {
  it('of faces found: a worker’s rate beside the bare one, and its memory', () => {
    const results = [{ workers: 2, product: 13, bare: 16, share: 0.8, peakMemory: 634 }];
    expect(readDetect(JSON.stringify({ model: 'm', pictures: 3, results }))).toEqual([
      {
        what: 'faces found, 2 workers',
        value: 13,
        unit: 'pictures/s',
        beside: { what: 'decoding and networks alone', value: 16 },
      },
      { what: '  its memory at most', value: 634, unit: 'MB', beside: null },
    ]);
  });

  it('of matching: beside a plain loop, and beside the same from the start', () => {
    const timings = {
      matching: { faces: 100_000, first: 500, next: 300 },
      verdict: { faces: 5000, cold: 150, ballot: 2, match: 20, question: 4 },
    };
    const rows = readMatch(JSON.stringify(timings), 9000);
    expect(rows.map(({ value, beside }) => [value, beside?.value])).toEqual([
      [300, 9000],
      [20, 150],
      [2, 150],
      [4, 150],
    ]);
  });

  it('of answers: for each right claim, and the wrong ones in per cent', () => {
    const score = (answers: number, right: number, wrong: number) => ({ answers, right, wrong, missed: 0 });
    const compared = {
      perfect: { wikivisage: score(50, 10, 0), ours: score(10, 10, 0) },
      careless: { wikivisage: score(50, 5, 5), ours: score(20, 9, 1) },
    };
    const rows = readReview(JSON.stringify({ seeds: 3, results: [{ persons: 10, files: 10, compared }] }));
    expect(rows.map(({ value, beside }) => [value, beside?.value])).toEqual([
      [1, 5],
      [10, 50],
    ]);
  });

  it('of workers: one beside the network alone, four beside one', () => {
    const rows = readScale(
      JSON.stringify({ files: 480, networkMs: 400, one: 80, four: 20, bare: 64, factor: 4 }),
    );
    expect(rows.map(({ value, beside }) => [value, beside?.value])).toEqual([
      [6, 7.5],
      [24, 6],
    ]);
  });

  it('of workers with detectors: four beside one', () => {
    const result = (workers: number, perSecond: number) => ({ workers, perSecond, perProcessorSecond: 5 });
    const rows = readDetectionScale(
      JSON.stringify({ files: 400, cores: 2, results: [result(1, 6), result(4, 11)] }),
    );
    expect(rows.map(({ value, beside }) => [value, beside?.value])).toEqual([
      [6, undefined],
      [11, 6],
    ]);
  });

  it('of the whole way: rates, requests without pictures, memory beside that after a fifth', () => {
    const rows = readWhole(
      JSON.stringify({
        files: 900,
        claims: 500,
        answers: 300,
        steps: { detection: 90, review: 150, write: 10 },
        requests: {
          untilDryRun: { 'query imageinfo': 20, picture: 900, 'scaled picture': 90 },
          whileWriting: { wbsetclaim: 500 },
        },
        memory: [{ name: 'worker 1', afterAFifth: 200, atTheEnd: 210 }],
        database: { total: 80 },
      }),
    );
    expect(rows.map(({ value, beside }) => [value, beside?.value])).toEqual([
      [10, undefined],
      [2, undefined],
      [50, undefined],
      [520, undefined],
      [80, undefined],
      [210, 200],
    ]);
  });

  it('of the site: each page beside the frame, and failures by themselves', () => {
    const line = (name: string, failed: number, p95: number) =>
      `${name.padEnd(34)}  ${'250'.padEnd(6)}${'50.0'.padEnd(6)}${String(failed).padEnd(6)}  ${['1.0', p95.toFixed(1), '9.0', '9.9'].map((one) => one.padEnd(7)).join('')}2.5`;
    const output = [
      '5000 faces, made in 10 ms; 5 s each',
      line('nothing but the frame (/help)', 0, 2),
      line('project page', 0, 8.5),
      line('answers', 3, 20),
    ].join('\n');
    expect(readLoad(output).map(({ what, value, beside }) => [what, value, beside?.value])).toEqual([
      ['project page, p95', 8.5, 2],
      ['answers, p95', 20, 2],
      ['  of them failed', 3, undefined],
    ]);
    expect(() => readLoad('something else')).toThrow('no lines');
  });

  it('of the chats: beside one request over loopback', () => {
    const output =
      '60 open questions, milliseconds\ndiscord  posted in 900, restored in 259, from reaction to edited post: median 12, p95 27\n';
    expect(readChat(output, 0.5).map(({ value, beside }) => [value, beside?.value])).toEqual([
      [12, 0.5],
      [27, 0.5],
      [259, 0.5],
    ]);
    expect(() => readChat('', 1)).toThrow('no lines');
  });
});
