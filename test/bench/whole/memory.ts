/** What processes take in memory, looked at all the time. */
import { readdir, readFile } from 'node:fs/promises';

export interface Watched {
  readonly name: string;
  readonly pid: number;
  /** Its detector: reported apart. */
  readonly detector: boolean;
}

interface Sample {
  readonly at: number;
  /** Megabytes by name. */
  readonly memory: ReadonlyMap<string, number>;
}

export interface MemoryRow {
  readonly name: string;
  /** Megabytes that the process has alone: the median of the samples round that time. */
  readonly afterAFifth: number;
  readonly atTheEnd: number;
  readonly most: number;
  /** atTheEnd / afterAFifth. */
  readonly growth: number;
}

export interface MemoryWatch {
  /** Megabytes of each at the last look, in the order in which they were given. */
  now(): string;
  stop(): Promise<void>;
  /** @param fifth when a fifth was done, and `end` when all was, as `performance.now()` says it */
  rows(fifth: number, end: number): MemoryRow[];
}

const LOOK_EVERY_MS = 4_000;

/** Samples of so long are taken together, so that it does not matter what was just collected as garbage. */
const WINDOW_MS = 60_000;

export function watchMemory(watched: readonly Watched[]): MemoryWatch {
  const samples: Sample[] = [];
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    samples.push({ at: performance.now(), memory: await memoryNow(watched) });
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, LOOK_EVERY_MS);
  return {
    now: () => [...(samples.at(-1)?.memory.values() ?? [])].map((value) => value.toFixed(0)).join(' '),
    async stop() {
      clearInterval(timer);
      await looking;
    },
    rows(fifth, end) {
      const names = [...new Set(samples.flatMap(({ memory }) => [...memory.keys()]))];
      return names.map((name) => {
        const between = (from: number, to: number) =>
          samples.filter(({ at }) => at >= from && at <= to).flatMap(({ memory }) => memory.get(name) ?? []);
        const afterAFifth = median(between(fifth - WINDOW_MS / 2, fifth + WINDOW_MS / 2));
        const atTheEnd = median(between(end - WINDOW_MS, end));
        const most = Math.max(0, ...between(0, end));
        return { name, afterAFifth, atTheEnd, most, growth: atTheEnd / afterAFifth };
      });
    },
  };
}

async function memoryNow(watched: readonly Watched[]): Promise<Map<string, number>> {
  const parents = await parentsOfAll();
  const memory = new Map<string, number>();
  for (const { name, pid, detector } of watched) {
    memory.set(name, await ownMegabytes(pid));
    if (!detector) continue;
    const all = await Promise.all(below(parents, pid).map(ownMegabytes));
    memory.set(
      `${name}: its detector`,
      all.reduce((sum, one) => sum + one, 0),
    );
  }
  return memory;
}

/** Its children, and theirs. */
export async function processesBelow(pid: number): Promise<number[]> {
  return below(await parentsOfAll(), pid);
}

function below(parents: ReadonlyMap<number, number>, pid: number): number[] {
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one);
    return parent !== undefined && (parent === pid || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

async function parentsOfAll(): Promise<Map<number, number>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map<number, number>();
  for (const pid of pids) {
    // Its fourth field; the second may hold spaces and brackets.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (parent) parents.set(pid, parent);
  }
  return parents;
}

/** Without what it shares with others that run the same program; 0 when it is gone. */
async function ownMegabytes(pid: number): Promise<number> {
  const details = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const own = [...details.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].map(([, kilobytes]) =>
    Number(kilobytes),
  );
  return own.reduce((sum, one) => sum + one, 0) / 1024;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
