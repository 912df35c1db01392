/** `visavis bench match`: how long matching takes on this machine, with made-up embeddings. */
import { parseArgs } from 'node:util';
import { migrations } from '../../migrations/index.ts';
import { createFaceCache } from '../core/faces/face-cache.ts';
import { type FaceColumns, type KnownPerson, match } from '../core/faces/matcher.ts';
import { matchStep } from '../core/faces/matching.ts';
import { nextQuestion } from '../core/faces/next.ts';
import { systemClock } from '../core/platform/clock.ts';
import { silentLog } from '../core/platform/log.ts';
import { memoryNudges } from '../core/platform/nudges.ts';
import { castBallot } from '../core/review/votes.ts';
import { migrate } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { createMeasures } from '../detect/products.ts';
import type { DetectContext } from './detect.ts';
import { fillFiles, fillProject, MODEL } from './review/fill.ts';
import type { SeenFace } from './review/labels.ts';
import { type Random, seeded } from './review/random.ts';
import { wrongUsage } from './usage.ts';

const HELP = `visavis bench match [--faces N] [--turns T] [--json]

Matching with made-up embeddings, on one core beside the process that waits:
100,000 faces against 50 persons with 1,000 examples, without the database; and
what a new verdict costs in a project with N faces on SQLite.

  --faces N  faces of the project (20000)
  --turns T  verdicts; the median is shown (9)
  --json     one JSON object`;

interface Timings {
  /** Milliseconds. */
  readonly matching: { readonly faces: number; readonly first: number; readonly next: number };
  readonly verdict: {
    readonly faces: number;
    readonly cold: number;
    readonly ballot: number;
    readonly match: number;
    readonly question: number;
  };
}

export async function benchMatchCommand(args: string[], context: DetectContext): Promise<number> {
  let faces: number;
  let turns: number;
  let json: boolean;
  try {
    const { values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        faces: { type: 'string', default: '20000' },
        turns: { type: 'string', default: '9' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      context.out(HELP);
      return 0;
    }
    [faces, turns, json] = [Number(values.faces), Number(values.turns), values.json];
    if (!(faces >= 100)) throw new Error('--faces is not a number from 100 on');
    if (!(turns >= 1)) throw new Error('--turns is not a number above 0');
  } catch (error) {
    return wrongUsage(context, 'bench', error);
  }
  const timings = await measureAll(Math.round(faces), Math.round(turns));
  if (json) context.out(JSON.stringify(timings));
  else print(timings, context.out);
  return 0;
}

async function measureAll(faces: number, turns: number): Promise<Timings> {
  const measures = createMeasures();
  try {
    return {
      matching: await timeMatching(measures, 100_000),
      verdict: await timeVerdict(measures, faces, turns),
    };
  } finally {
    await measures.close();
  }
}

type Measures = ReturnType<typeof createMeasures>;

const PERSONS = 50;
const EXAMPLES = 1000;
const DIMS = 128;

async function timeMatching(measures: Measures, count: number): Promise<Timings['matching']> {
  const random = seeded(1);
  const centres = Array.from({ length: PERSONS }, () => centre(random));
  const vectors = new Float32Array(new SharedArrayBuffer((count + EXAMPLES) * DIMS * 4));
  // Half of the faces are people whom nobody looks for.
  for (let i = 0; i < count + EXAMPLES; i++) {
    const known = i >= count || random() < 0.5;
    vectors.set(around(random, known ? (centres[i % PERSONS] as Float32Array) : centre(random)), i * DIMS);
  }
  const all = Array.from({ length: count + EXAMPLES }, (_, i) => i);
  const faces: FaceColumns = {
    faceIds: all,
    fileIds: all,
    heights: new Float32Array(all.length).fill(100),
    qualities: new Float32Array(all.length).fill(1),
    vectors,
    dims: DIMS,
  };
  const persons = centres.map((_, p): KnownPerson => {
    const confirmed = all.slice(count).filter((i) => i % PERSONS === p);
    return { person: `Q${p + 1}`, confirmed, rejected: [], settled: [], portrait: null, enough: true };
  });
  const once = () => timed(() => match(measures, faces, persons, 0.6));
  return { faces: count, first: await once(), next: median([await once(), await once(), await once()]) };
}

/** One person, a tenth of the faces hers; she is confirmed in more and more of them. */
async function timeVerdict(measures: Measures, count: number, turns: number): Promise<Timings['verdict']> {
  const random = seeded(2);
  const her = centre(random);
  const face = (person: string | null): SeenFace => ({
    person,
    box: [0.1, 0.1, 0.2, 0.2],
    heightPx: 200,
    quality: 1,
    vector: around(random, person === null ? centre(random) : her),
  });
  const files = Array.from({ length: count }, (_, i) => [face(i % 10 === 0 ? 'her' : null)]);
  const store = openStore({ kind: 'sqlite', path: ':memory:' });
  try {
    await migrate(store, migrations);
    const clock = systemClock;
    const filled = await fillFiles(store, { persons: ['her'], files, portraits: new Map() });
    const { projectId, reviewers } = await fillProject(store, clock, {
      fileIds: filled.fileIds,
      persons: [{ item: 'Q1', portraitUrl: null }],
      votesNeeded: 1,
      reviewers: 1,
    });
    const deps = { store, clock, nudges: memoryNudges(), log: silentLog, workerId: 'bench', model: MODEL };
    const matching = { ...deps, measures, cache: createFaceCache(clock) };
    const hers = [...filled.faces].filter(([, { person }]) => person !== null).map(([faceId]) => faceId);
    const confirm = (faceIds: number[]) =>
      castBallot(deps, {
        projectId,
        accountId: reviewers[0] ?? 0,
        answers: faceIds.map((faceId) => ({ faceId, person: 'Q1', answer: 'yes' })),
        questionId: null,
        platform: 'bench',
      });
    // So many examples that the nearest seven are not always the same.
    await confirm(hers.splice(0, Math.min(100, Math.floor(hers.length / 2))));
    const cold = await timed(() => matchStep(matching));
    const spent = { ballot: [] as number[], match: [] as number[], question: [] as number[] };
    for (let turn = 0; turn < turns; turn++) {
      spent.ballot.push(await timed(() => confirm(hers.splice(0, 1))));
      spent.match.push(await timed(() => matchStep(matching)));
      spent.question.push(await timed(() => store.transaction((trx) => nextQuestion(trx, projectId))));
    }
    const { ballot, match: matched, question } = spent;
    return { faces: count, cold, ballot: median(ballot), match: median(matched), question: median(question) };
  } finally {
    await store.close();
  }
}

/** Distances as the embedder has them: about 0.8 between people, 0.4 between pictures of one. */
function centre(random: Random): Float32Array {
  return Float32Array.from({ length: DIMS }, () => 0.1 + (normal(random) * 0.52) / Math.sqrt(DIMS));
}

function around(random: Random, middle: Float32Array): Float32Array {
  return middle.map((value) => value + (normal(random) * 0.28) / Math.sqrt(DIMS));
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function print({ matching, verdict }: Timings, out: (line: string) => void): void {
  const line = (text: string, ms: number) =>
    out(`  ${text.padEnd(50)}${Math.round(ms).toString().padStart(6)} ms`);
  out(`${matching.faces} faces against ${PERSONS} persons with ${EXAMPLES} examples, one core`);
  line('first time, with the start of the thread', matching.first);
  line('after that', matching.next);
  out(`a verdict in a project with ${verdict.faces} faces, SQLite`);
  line('matching for the first time, everything read', verdict.cold);
  line('the vote', verdict.ballot);
  line('matching after it', verdict.match);
  line('the next question', verdict.question);
}
