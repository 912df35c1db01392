/**
 * `npm run test:recovery -- [SEED] [MINUTES]`: the long run. It ends with 1 when anything was lost or is there twice,
 * when a process came back too late, or when fewer things went wrong than were wanted.
 */
import { randomInt } from 'node:crypto';
import { recover } from './recovery.ts';
import { tableOf } from './table.ts';

/** So soon every process is in service again after a fault has ended. */
const RETURN_MS = 15_000;
/** A supervisor's patience. */
const STOP_MS = 10_000;
const FAULTS_PER_MINUTE = 10;
const GAP_MS = 4_500;

const [seedText, minutesText = '20'] = process.argv.slice(2);
const seed = seedText === undefined ? randomInt(1, 1_000_000) : Number(seedText);
const minutes = Number(minutesText);
if (!Number.isSafeInteger(seed) || !(minutes > 0)) {
  process.stderr.write('npm run test:recovery -- [SEED] [MINUTES]: both are numbers\n');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.stdout.write(`seed ${seed}: the same seed gives the same sequence of faults\n`);
const result = await recover({
  seed,
  minutes,
  gapMs: GAP_MS,
  faces: Math.ceil(40 + minutes * 25),
  limits: { returnMs: RETURN_MS, stopMs: STOP_MS },
  say: (line) => void process.stdout.write(`${line}\n`),
});
const faults = [...result.counts.values()].reduce((sum, n) => sum + n, 0);
const wrong = [...result.wrong, ...(faults < minutes * FAULTS_PER_MINUTE ? [`only ${faults} faults`] : [])];
process.stdout.write(`\n${tableOf({ ...result, wrong })}\n`);
if (result.wrong.length > 0) process.stdout.write(`Logs: ${result.folder}\n`);
process.exit(wrong.length === 0 ? 0 : 1);
