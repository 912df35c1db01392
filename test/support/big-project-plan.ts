/** What a made-up project is to hold; see `big-project.ts`. */
import type { Random } from '../../src/cli/review/random.ts';

export const DAY_MS = 86_400_000;
export const PERSONS = ['Q1', 'Q2', 'Q3'];

export interface Planned {
  readonly faceId: number;
  /** Place of the file among the project's. */
  readonly file: number;
  readonly fileId: number;
  readonly position: number;
  /** Who it really is; null: nobody that is looked for. */
  readonly truth: string | null;
  readonly foundAt: number;
  /** Whom it was asked about for, and when that was decided. */
  readonly asked: {
    readonly person: string;
    readonly verdict: 'match' | 'no_match' | 'disputed';
    readonly at: number;
  } | null;
}

export interface FirstIds {
  readonly file: number;
  readonly face: number;
  readonly question: number;
  readonly ballot: number;
  readonly vote: number;
  readonly run: number;
}

export function plannedFaces(
  { random, begun, days, decided }: { random: Random; begun: number; days: number; decided: number },
  count: number,
  first: FirstIds,
): Planned[] {
  const plan: Planned[] = [];
  // Work comes in waves: much at the beginning, more at the end of a week.
  const someTime = (from: number) => from + random() ** 1.3 * (begun + days * DAY_MS - from);
  for (let file = 0; plan.length < count; file++) {
    const foundAt = Math.round(begun + random() ** 3 * days * 0.6 * DAY_MS);
    const inFile = Math.min(count - plan.length, random() < 0.7 ? 1 : 2 + Math.floor(random() * 3));
    for (let position = 0; position < inFile; position++) {
      const truth = random() < 0.375 ? (PERSONS[Math.floor(random() * 3)] ?? null) : null;
      const person = truth ?? (PERSONS[Math.floor(random() * 3)] as string);
      const verdict = random() < 0.015 ? 'disputed' : truth === null ? 'no_match' : 'match';
      plan.push({
        faceId: first.face + plan.length,
        file,
        fileId: first.file + file,
        position,
        truth,
        foundAt,
        asked: random() < decided ? { person, verdict, at: Math.round(someTime(foundAt)) } : null,
      });
    }
  }
  return plan;
}
