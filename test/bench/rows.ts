/** Rows of one table, out of what each benchmark prints. Whatever it prints otherwise is an error. */
import { z } from 'zod';

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Measured in the same run: the machine's limit, or another program. */
  readonly beside: { readonly what: string; readonly value: number } | null;
}

const detect = z.object({
  results: z.array(
    z.object({
      workers: z.number(),
      product: z.number(),
      bare: z.number(),
      peakMemory: z.number().nullable(),
    }),
  ),
});

export function readDetect(output: string): Row[] {
  return detect.parse(JSON.parse(output)).results.flatMap(({ workers, product, bare, peakMemory }) => [
    {
      what: `faces found, ${workers} worker${workers === 1 ? '' : 's'}`,
      value: product,
      unit: 'pictures/s',
      beside: { what: 'decoding and networks alone', value: bare },
    },
    ...(peakMemory === null
      ? []
      : [{ what: '  its memory at most', value: peakMemory, unit: 'MB', beside: null }]),
  ]);
}

const endurance = z.object({
  pictures: z.number(),
  atTheEnd: z.number().nullable(),
  afterAFifth: z.number().nullable(),
});

export function readEndurance(output: string): Row[] {
  const { pictures, atTheEnd, afterAFifth } = endurance.parse(JSON.parse(output));
  if (atTheEnd === null || afterAFifth === null) return [];
  return [
    {
      what: `memory of the detector after ${pictures} pictures`,
      value: atTheEnd,
      unit: 'MB',
      beside: { what: 'after a fifth of them', value: afterAFifth },
    },
  ];
}

const oneRate = z.object({ picturesASecond: z.number() });
const dlib = z.object({ dlib: oneRate, ours: oneRate });

export function readDlib(output: string): Row[] {
  const { dlib: theirs, ours } = dlib.parse(JSON.parse(output));
  return [
    {
      what: 'faces found in decoded pictures, one thread',
      value: ours.picturesASecond,
      unit: 'pictures/s',
      beside: { what: "dlib's HOG detector", value: theirs.picturesASecond },
    },
  ];
}

const match = z.object({
  matching: z.object({ faces: z.number(), first: z.number(), next: z.number() }),
  verdict: z.object({
    faces: z.number(),
    cold: z.number(),
    ballot: z.number(),
    match: z.number(),
    question: z.number(),
  }),
});

/** @param plain milliseconds of a plain loop for the same distances */
export function readMatch(output: string, plain: number): Row[] {
  const { matching, verdict } = match.parse(JSON.parse(output));
  const cold = { what: 'matching that project from the start', value: verdict.cold };
  return [
    {
      what: `matching ${matching.faces} faces, 50 persons`,
      value: matching.next,
      unit: 'ms',
      beside: { what: 'a plain loop over the distances', value: plain },
    },
    {
      what: `matching after a verdict, ${verdict.faces} faces`,
      value: verdict.match,
      unit: 'ms',
      beside: cold,
    },
    { what: '  the answer before it', value: verdict.ballot, unit: 'ms', beside: cold },
    { what: '  the next question after it', value: verdict.question, unit: 'ms', beside: cold },
  ];
}

const score = z.object({ answers: z.number(), right: z.number(), wrong: z.number() });
const review = z.object({
  results: z.array(
    z.object({
      persons: z.number(),
      files: z.number(),
      compared: z.object({
        perfect: z.object({ wikivisage: score, ours: score }),
        careless: z.object({ wikivisage: score, ours: score }),
      }),
    }),
  ),
});

export function readReview(output: string): Row[] {
  const each = ({ answers, right }: z.infer<typeof score>) => answers / right;
  const wrong = (one: z.infer<typeof score>) => (100 * one.wrong) / (one.right + one.wrong);
  return review.parse(JSON.parse(output)).results.flatMap(({ persons, files, compared }) => [
    {
      what: `answers a right claim, ${persons} persons of ${files} files`,
      value: each(compared.perfect.ours),
      unit: 'answers',
      beside: { what: "WikiVisage's rules, each confirmed", value: each(compared.perfect.wikivisage) },
    },
    {
      what: '  wrong claims, 5 % of answers random',
      value: wrong(compared.careless.ours),
      unit: '%',
      beside: { what: "WikiVisage's rules", value: wrong(compared.careless.wikivisage) },
    },
  ]);
}

const scale = z.object({
  files: z.number(),
  networkMs: z.number(),
  one: z.number(),
  four: z.number(),
  bare: z.number(),
});

export function readScale(output: string): Row[] {
  const { files, networkMs, one, four, bare } = scale.parse(JSON.parse(output));
  const each = `${networkMs} ms of network each`;
  return [
    {
      what: `files by 1 worker, ${each}`,
      value: files / one,
      unit: 'files/s',
      beside: { what: 'the network alone', value: files / bare },
    },
    {
      what: `files by 4 workers, ${each}`,
      value: files / four,
      unit: 'files/s',
      beside: { what: '1 worker', value: files / one },
    },
  ];
}

/** A line of `load.ts`: name in 34 columns, sent, a second, failed, p50, p95, p99, most, load. */
const LOAD = /^(.{34}) {2}(\d+) +([\d.]+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)/;

export function readLoad(output: string): Row[] {
  const lines = output.split('\n').flatMap((line) => {
    const [, name = '', , , failed, , p95] = LOAD.exec(line) ?? [];
    return p95 === undefined ? [] : [{ name: name.trim(), failed: Number(failed), p95: Number(p95) }];
  });
  const [frame, ...pages] = lines;
  if (!frame || pages.length === 0) throw new Error('the load printed no lines that can be read');
  const beside = { what: frame.name, value: frame.p95 };
  return pages.flatMap(({ name, failed, p95 }) => [
    { what: `${name}, p95`, value: p95, unit: 'ms', beside },
    ...(failed > 0 ? [{ what: `  of them failed`, value: failed, unit: 'requests', beside: null }] : []),
  ]);
}

const CHAT = /^(\w+) +posted in (\d+), restored in (\d+), .*median ([\d.]+), p95 ([\d.]+)/gm;

/** @param bare milliseconds of one request over loopback */
export function readChat(output: string, bare: number): Row[] {
  const beside = { what: 'one request over loopback', value: bare };
  const rows = [...output.matchAll(CHAT)].flatMap(([, platform, , restored, median, p95]) => [
    { what: `reaction to edited post on ${platform}, median`, value: Number(median), unit: 'ms', beside },
    { what: '  p95', value: Number(p95), unit: 'ms', beside },
    { what: '  open questions read again at a start', value: Number(restored), unit: 'ms', beside },
  ]);
  if (rows.length === 0) throw new Error('the chats printed no lines that can be read');
  return rows;
}

const shared = z.object({
  cores: z.number(),
  results: z.array(z.object({ workers: z.number(), perSecond: z.number(), perProcessorSecond: z.number() })),
});

export function readDetectionScale(output: string): Row[] {
  const { cores, results } = shared.parse(JSON.parse(output));
  const [one] = results;
  return results.map(({ workers, perSecond }) => ({
    what: `files by ${workers} worker${workers === 1 ? '' : 's'} with detectors`,
    value: perSecond,
    unit: 'files/s',
    beside: workers === 1 || !one ? null : { what: `1 worker; ${cores} cores`, value: one.perSecond },
  }));
}

const whole = z.object({
  files: z.number(),
  claims: z.number(),
  answers: z.number(),
  steps: z.record(z.string(), z.number()),
  requests: z.record(z.string(), z.record(z.string(), z.number())),
  memory: z.array(z.object({ name: z.string(), afterAFifth: z.number(), atTheEnd: z.number() })),
  database: z.object({ total: z.number() }),
});

export function readWhole(output: string): Row[] {
  const { files, claims, answers, steps, requests, memory, database } = whole.parse(JSON.parse(output));
  const rate = (what: string, count: number, seconds = 0, unit: string): Row[] =>
    seconds > 0 ? [{ what, value: count / seconds, unit, beside: null }] : [];
  const asked = Object.values(requests)
    .flatMap((kinds) => Object.entries(kinds))
    .filter(([kind]) => !kind.endsWith('picture'))
    .reduce((sum, [, count]) => sum + count, 0);
  return [
    ...rate(`files read and looked at, of ${files}`, files, steps.detection, 'files/s'),
    ...rate(`  answers to questions about them, ${answers}`, answers, steps.review, 'answers/s'),
    ...rate(`  statements written, ${claims}`, claims, steps.write, 'edits/s'),
    { what: '  requests to the wiki, without pictures', value: asked, unit: 'requests', beside: null },
    { what: '  database', value: database.total, unit: 'MB', beside: null },
    ...memory.map(({ name, afterAFifth, atTheEnd }) => ({
      what: `  memory of ${name} at the end`,
      value: atTheEnd,
      unit: 'MB',
      beside: { what: 'after a fifth', value: afterAFifth },
    })),
  ];
}
