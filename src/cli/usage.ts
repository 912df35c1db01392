import type { ProgressOutput } from './progress.ts';

/** Says in one line what is wrong with the way a command was called. @returns its exit code */
export function wrongUsage({ err }: Pick<ProgressOutput, 'err'>, command: string, problem: unknown): 2 {
  // Node adds sentences of advice that fit other programs.
  const [first = ''] = (problem instanceof Error ? problem.message : String(problem)).split(/\.(?: |$)/);
  err(`visavis ${command}: ${first}; "visavis ${command} --help" tells more`);
  return 2;
}

/** Help is help wherever it stands. */
export const asksForHelp = (args: readonly string[]) => args.includes('--help') || args.includes('-h');
