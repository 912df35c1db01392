/** The result in lines for people. */
import type { MemoryRow } from './memory.ts';
import type { Busy } from './numbers.ts';

export interface WholeResult {
  readonly files: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly claims: number;
  /** What the wiki and the ledger differ in; null: nothing. */
  readonly problem: string | null;
  readonly answers: number;
  /** How far it was, every few seconds. */
  readonly progress: readonly Progress[];
  /** Seconds of the whole, and of each step from its beginning to its end; they overlap. */
  readonly seconds: number;
  readonly steps: Readonly<Record<string, number>>;
  /** By what the product says of itself, all processes together. */
  readonly busy: Readonly<Record<string, Busy>>;
  /** By kind. */
  readonly requests: Readonly<Record<'untilDryRun' | 'whileWriting', Readonly<Record<string, number>>>>;
  readonly memory: readonly MemoryRow[];
  /** Megabytes. */
  readonly database: { readonly total: number; readonly tables: Readonly<Record<string, number>> };
  /** How often which process warned of what. */
  readonly warnings: Readonly<Record<string, number>>;
}

export interface Progress {
  readonly seconds: number;
  /** Files. */
  readonly detected: number;
  readonly answers: number;
  /** Faces that people agree are a person. */
  readonly agreed: number;
}

export function summary(result: WholeResult): string {
  const { files, rows, claims, answers, steps, busy, requests, memory, database } = result;
  const { faces = 0, questions = 0 } = rows;
  const rate = (count: number, seconds = 0) => `${(count / seconds).toFixed(1)}/s`;
  const step = (name: string, count: number, what: string, seconds = steps[name]) =>
    `${name.padEnd(12)} ${(seconds ?? 0).toFixed(1).padStart(8)} s   ${count} ${what}, ${rate(count, seconds)}`;
  return [
    `${files} files, ${faces} faces, ${questions} questions, ${answers} answers, ${claims} statements in ${result.seconds.toFixed(0)} s`,
    '',
    step('crawl', files, 'files'),
    step('bootstrap', files, 'files'),
    step('detection', files, 'files'),
    step('review', answers, 'answers'),
    `dry run      ${(steps.dryRun ?? 0).toFixed(1).padStart(8)} s`,
    `queueing     ${(steps.queueing ?? 0).toFixed(1).padStart(8)} s`,
    step('write', claims, 'statements'),
    '',
    'busy, all processes together',
    ...Object.entries(busy).map(
      ([name, { pieces, seconds }]) =>
        `  ${name.padEnd(20)} ${String(pieces).padStart(8)} ${((1000 * seconds) / pieces).toFixed(1).padStart(9)} ms each`,
    ),
    '',
    'requests to the wiki',
    ...Object.entries(requests).flatMap(([when, kinds]) =>
      Object.entries(kinds).map(
        ([kind, count]) => `  ${when.padEnd(14)} ${kind.padEnd(28)} ${String(count).padStart(7)}`,
      ),
    ),
    '',
    'memory of its own, MB                after a fifth   at the end    most   end / fifth',
    ...memory.map(
      ({ name, afterAFifth, atTheEnd, most, growth }) =>
        `  ${name.padEnd(34)} ${[afterAFifth, atTheEnd, most].map((one) => one.toFixed(0).padStart(12)).join('')} ${growth.toFixed(2).padStart(9)}`,
    ),
    '',
    `database ${database.total.toFixed(1)} MB: ${Object.entries(database.tables)
      .slice(0, 8)
      .map(([name, size]) => `${name} ${size.toFixed(1)}`)
      .join(', ')}`,
    ...Object.entries(result.warnings).map(([what, times]) => `warned ${times} times: ${what}`),
    '',
  ].join('\n');
}
