/** What an import took over, what it had taken over before, and what it left out and why. */
export interface Report {
  /** By kind, such as `faces`. */
  readonly taken: Readonly<Record<string, number>>;
  readonly before: Readonly<Record<string, number>>;
  readonly leftOut: readonly { readonly kind: string; readonly reason: string; readonly count: number }[];
  /** Nothing was new. */
  readonly nothingNew: boolean;
  readonly dryRun: boolean;
}

/** Counts while an import runs. A transaction that may run again gets a tally of its own. */
export class Tally {
  readonly #taken = new Map<string, number>();
  readonly #before = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();

  took(kind: string, count = 1): void {
    add(this.#taken, kind, count);
  }

  hadBefore(kind: string, count = 1): void {
    add(this.#before, kind, count);
  }

  leftOut(kind: string, reason: string, count = 1): void {
    if (count > 0) add(this.#leftOut, `${kind}\n${reason}`, count);
  }

  merge(other: Tally): void {
    for (const [mine, theirs] of [
      [this.#taken, other.#taken],
      [this.#before, other.#before],
      [this.#leftOut, other.#leftOut],
    ] as const) {
      for (const [key, count] of theirs) add(mine, key, count);
    }
  }

  report(dryRun: boolean): Report {
    return {
      taken: Object.fromEntries(this.#taken),
      before: Object.fromEntries(this.#before),
      leftOut: [...this.#leftOut].sort().map(([key, count]) => {
        const [kind = '', reason = ''] = key.split('\n');
        return { kind, reason, count };
      }),
      nothingNew: this.#taken.size === 0,
      dryRun,
    };
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

/** The report as lines for a terminal. */
export function reportLines(report: Report): string[] {
  const lines = [report.dryRun ? 'Would be taken over (nothing was changed):' : 'Taken over:'];
  const entries = Object.entries(report.taken);
  for (const [kind, count] of entries) lines.push(`  ${String(count).padStart(8)}  ${kind}`);
  if (entries.length === 0) lines.push('  nothing: everything that can be is here already');
  const before = Object.entries(report.before);
  if (before.length > 0) {
    lines.push('Here already, from an earlier import:');
    for (const [kind, count] of before) lines.push(`  ${String(count).padStart(8)}  ${kind}`);
  }
  if (report.leftOut.length > 0) {
    lines.push('Left out:');
    for (const { kind, reason, count } of report.leftOut)
      lines.push(`  ${String(count).padStart(8)}  ${kind}: ${reason}`);
  }
  return lines;
}
