/**
 * How the work of finding faces is shared: one worker with one web site, then four workers with two, with the real
 * detector, over one MariaDB and one Redis:
 *
 *   node test/bench/detection-scale.ts [FILES]
 *
 * Every worker has one detector thread, so that one worker keeps one core busy. Rates are measured between the first fifth
 * of the files and the last tenth, when all detectors have started and all still have work, also for each second of
 * processor time, because other programs may be running. Prints one line of JSON and asserts that no file was lost or
 * looked at twice, and that both sites served all the time.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Member } from './whole/community.ts';
import { processesBelow } from './whole/memory.ts';
import { busyNow, detectedFiles } from './whole/numbers.ts';
import { startSite, type WholeSite } from './whole/site.ts';

const files = Number(process.argv[2] ?? 400);
const OWNER = 'Practice Chen';
const [FROM, TO] = [0.2, 0.9];

interface Measured {
  readonly workers: number;
  readonly sites: number;
  /** Files a second of time, and of processor time that the workers and their detectors took. */
  readonly perSecond: number;
  readonly perProcessorSecond: number;
  /** Files of each worker. */
  readonly shares: readonly number[];
  /** Pages that the sites served meanwhile. */
  readonly served: number;
}

const results: Measured[] = [];
for (const [workers, sites] of [
  [1, 1],
  [4, 2],
] as const) {
  const site = await startSite({ files, workers, sites, bots: false, owner: OWNER });
  try {
    results.push(await measure(site, workers, sites));
  } finally {
    await site.stop();
  }
}
process.stdout.write(`${JSON.stringify({ files, cores: availableParallelism(), results })}\n`);

async function measure(
  { url, wiki, store, roles }: WholeSite,
  workers: number,
  sites: number,
): Promise<Measured> {
  const owner = new Member(OWNER, url, wiki.pocket);
  await owner.signIn();
  await owner.setUp({ votesNeeded: 2 });
  const visits = visitAll(roles.filter(({ role }) => role === 'web').map(({ port }) => port));
  const own = roles.filter(({ role }) => role === 'worker');
  const until = async (count: number) => {
    let now = await detectedFiles(store);
    for (; now < count; now = await detectedFiles(store)) await pause(100);
    return {
      files: now,
      at: performance.now(),
      processor: await processorSeconds(own.map(({ running }) => running.pid)),
    };
  };
  const from = await until(files * FROM);
  const to = await until(files * TO);
  await until(files);
  const served = await visits.stop();
  const shares: number[] = [];
  for (const role of own) shares.push((await busyNow([role])).get('detect')?.pieces ?? 0);
  const twice = await store.db
    .selectFrom('faces')
    .select('file_id')
    .groupBy(['file_id', 'x', 'y'])
    .having((eb) => eb.fn.countAll(), '>', 1)
    .execute();
  if (shares.reduce((sum, one) => sum + one, 0) !== files || twice.length > 0)
    throw new Error(`a file was lost, or looked at twice: ${shares.join(' + ')} of ${files}`);
  return {
    workers,
    sites,
    perSecond: ((to.files - from.files) * 1000) / (to.at - from.at),
    perProcessorSecond: (to.files - from.files) / (to.processor - from.processor),
    shares,
    served,
  };
}

/** People look at every site all the time, now and then. */
function visitAll(ports: readonly number[]): { stop(): Promise<number> } {
  const ending = new AbortController();
  let served = 0;
  const visit = async () => {
    while (!ending.signal.aborted) {
      for (const port of ports) {
        const answer = await fetch(`http://127.0.0.1:${port}/projects/1`);
        if (answer.status !== 200) throw new Error(`a site answered ${answer.status}`);
        await answer.text();
        served++;
      }
      await pause(500);
    }
  };
  const visiting = visit();
  visiting.catch(() => {});
  return {
    async stop() {
      ending.abort();
      await visiting;
      return served;
    },
  };
}

/** That these processes and all below them have taken. */
async function processorSeconds(pids: readonly number[]): Promise<number> {
  const TICKS = 100;
  let sum = 0;
  for (const pid of pids.concat(...(await Promise.all(pids.map(processesBelow))))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    sum += (user + system) / TICKS;
  }
  return sum;
}
