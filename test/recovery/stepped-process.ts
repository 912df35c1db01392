/**
 * A process of the product on a machine whose clock somebody sets wrong: composed as `src/main.ts` does it, but with a
 * clock that stands as far ahead as the parent says by IPC. Sleeping takes its real time, as with a real clock.
 */
import { join } from 'node:path';
import type { Role } from '../../src/app.ts';
import { serveCommand } from '../../src/cli/serve.ts';
import { reportError } from '../../src/cli/terminal.ts';
import { systemClock } from '../../src/core/platform/clock.ts';

let aheadMs = Number(process.argv[3] ?? 0);
process.on('message', (ms) => {
  aheadMs = Number(ms);
});
process.channel?.unref();
const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
try {
  process.exitCode = await serveCommand(
    [],
    [process.argv[2] as Role],
    join(import.meta.dirname, '../..'),
    clock,
  );
} catch (error) {
  reportError(error, true);
  process.exitCode = 1;
}
