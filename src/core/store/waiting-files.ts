import type { Millis } from './schema.ts';

/** Files to be claimed next, oldest first, by project. */
export type FilesByProject = ReadonlyMap<number, number[]>;

/**
 * The next waiting files as this process saw them a moment ago. Looking for them passes over all that are done already:
 * with every claim that would be as many looks as files, each as long as all of them. Whoever claims looks at each file
 * again, so a list that is out of date costs nothing but that.
 */
export interface WaitingFiles {
  /** What is left of the last look; null when that is too long ago. */
  left(now: Millis): FilesByProject | null;
  saw(files: FilesByProject, now: Millis): void;
}

/** A project that is new gets its share after this. */
const LOOK_AGAIN_MS = 5_000;

export function createWaitingFiles(): WaitingFiles {
  let seen: { readonly files: FilesByProject; readonly at: Millis } | null = null;
  return {
    left: (now) => (seen && Math.abs(now - seen.at) < LOOK_AGAIN_MS ? seen.files : null),
    saw(files, at) {
      seen = { files, at };
    },
  };
}
