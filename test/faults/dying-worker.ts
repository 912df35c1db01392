import { type WriterPoint, writeStep } from '../../src/core/depicts/writer.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { type DatabaseAddress, openStore } from '../../src/core/store/store.ts';
import { accountOf, hookAt, wikiAt } from './work.ts';

/** What the worker is told: where its database and its wiki are, and where to wait for its death. */
export interface DyingWorker {
  readonly address: DatabaseAddress;
  readonly apiUrl: string;
  readonly username: string;
  readonly token: string;
  readonly point: WriterPoint;
  readonly nth: number;
}

/** A worker in a process of its own. It says `here` at the place it was told, and does nothing more. */
const told = JSON.parse(process.argv[2] ?? '') as DyingWorker;
const store = openStore(told.address);
await writeStep({
  store,
  clock: systemClock,
  wiki: wikiAt(told.apiUrl, systemClock),
  wikiAccount: () => accountOf(told.username, told.token),
  nudges: memoryNudges(),
  log: silentLog,
  workerId: `dying worker ${process.pid}`,
  editsPerMinute: null,
  unsafeTestHook: hookAt(told.point, told.nth, async () => {
    process.stdout.write('here\n');
    setInterval(() => {}, 60_000);
    await new Promise(() => {});
  }),
});
await store.close();
process.stdout.write('ended\n');
