/** How much memory the product takes: this process and all below it, but for those that are no part of it. */
import { readdir, readFile } from 'node:fs/promises';

/** Megabytes; null where there is no /proc. */
export type Megabytes = number | null;

/** Looks a few times a second until it is stopped, and keeps the most. */
export function watchMemory(without: number | null): { stop(): Promise<Megabytes> } {
  let peak: Megabytes = null;
  let looking: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(async () => {
      const now = await productMemory(without);
      if (now !== null) peak = Math.max(peak ?? 0, now);
    });
  }, 250);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
      return peak;
    },
  };
}

/**
 * What these processes would take on a machine where nobody else runs Node: the memory that each has alone, and once
 * what they share with each other (the program itself). The sum of their RSS counts that twice, and the sum of
 * their PSS is less when others run the same program.
 * @param without a process that is no part of the product, with all below it
 */
export async function productMemory(without: number | null): Promise<Megabytes> {
  const parents = await parentsOfAll();
  const belongs = (pid: number): boolean => {
    if (pid === without) return false;
    const parent = parents.get(pid);
    return pid === process.pid || (parent !== undefined && belongs(parent));
  };
  const own = await Promise.all([...parents.keys()].filter(belongs).map(memoryOf));
  if (own.length === 0) return null;
  const alone = own.reduce((sum, { alone }) => sum + alone, 0);
  return (alone + Math.max(...own.map(({ shared }) => shared))) / 1024;
}

async function parentsOfAll(): Promise<Map<number, number>> {
  const names = await readdir('/proc').catch(() => []);
  const parents = new Map<number, number>();
  for (const name of names.filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  return parents;
}

/** Kilobytes. The kernel may keep the details of a process of another user to itself; then all counts as its own. */
async function memoryOf(pid: number): Promise<{ alone: number; shared: number }> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const number = (text: string, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const details = await read('smaps_rollup');
  if (!details) return { alone: number(await read('status'), 'VmRSS'), shared: 0 };
  const shared = number(details, 'Shared_Clean') + number(details, 'Shared_Dirty');
  return { alone: number(details, 'Rss') - shared, shared };
}
