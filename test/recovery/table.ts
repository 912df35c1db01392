import type { RecoveryResult } from './recovery.ts';

/** What happened in a run, for people to read. */
export function tableOf(result: RecoveryResult): string {
  const { seed, minutes, counts, returns, merged, stops, totals, wrong, leftOut } = result;
  const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const lines = [`Seed ${seed}: ${all} faults in ${minutes} minutes`, ''];
  lines.push(`${'fault'.padEnd(28)}${'times'.padStart(6)}${'slowest return'.padStart(17)}   of`);
  for (const [fault, times] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    const worst = returns.filter((one) => one.fault === fault).sort((a, b) => b.ms - a.ms)[0];
    lines.push(
      `${fault.padEnd(28)}${String(times).padStart(6)}${(worst ? inSeconds(worst.ms) : '-').padStart(17)}   ${worst?.role ?? ''}`,
    );
  }
  const stop = stops.toSorted((a, b) => b.ms - a.ms)[0];
  lines.push(
    '',
    `Slowest return to service: ${inSeconds(worstReturn(result))}; ${returns.length} measured, ${merged} of them with a fault that followed before the return`,
    `Slowest end after SIGTERM: ${stop ? `${inSeconds(stop.ms)} (${stop.role})` : '-'}`,
    `Votes ${totals.votes} · claims ${totals.claims}, of which written ${totals.written} and taken back ${totals.takenBack} · edits ${totals.edits} · runs ${totals.runs} · posts ${totals.posts} · faces found ${totals.faces}`,
    ...leftOut.map((one) => `LEFT OUT: ${one}`),
    wrong.length === 0 ? 'Nothing was lost, nothing is there twice.' : `${wrong.length} WRONG:`,
    ...wrong.map((one) => `  ${one}`),
  );
  return lines.join('\n');
}

/** In milliseconds, over all faults and processes. */
function worstReturn({ returns }: RecoveryResult): number {
  return Math.max(0, ...returns.map((one) => one.ms));
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
