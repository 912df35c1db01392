import { describeError, VisavisError } from '../core/platform/errors.ts';
import type { ProgressOutput } from './progress.ts';

/** Where a command writes. */
export interface Terminal extends ProgressOutput {
  /** One line on stdout. */
  readonly out: (line: string) => void;
}

export const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  errRaw: (text) => void process.stderr.write(text),
  isTty: process.stderr.isTTY === true,
};

/** Whoever reads our output may stop reading (`| head`): then there is nobody left to write for. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

/** One line for a person; the stack only when it was asked for (`--trace`), or when the fault is ours. */
export function reportError(error: unknown, trace: boolean): void {
  const { code, message } = describeError(error);
  terminal.err(
    `visavis: ${message}${code === 'internal' && !trace ? ' (run again with --trace to see where)' : ''}`,
  );
  if (trace) terminal.err(error instanceof Error ? (error.stack ?? '') : String(error));
  if (trace && error instanceof VisavisError && error.cause)
    terminal.err(String((error.cause as Error).stack ?? error.cause));
}
