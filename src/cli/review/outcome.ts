import type { World } from './world.ts';

/** What a project came to. */
export interface Outcome {
  /** Submissions of all reviewers, whatever they covered. */
  readonly answers: number;
  /** Files (by their place in the world) in which somebody is said to be. */
  readonly claims: readonly { readonly file: number; readonly person: string }[];
}

export interface Score {
  readonly answers: number;
  readonly right: number;
  readonly wrong: number;
  /** Files that show the person with a face that was found, without a claim. */
  readonly missed: number;
}

/** @param persons whom the project looked for */
export function scoreOf(world: World, persons: readonly string[], { answers, claims }: Outcome): Score {
  const said = new Set(claims.map(({ file, person }) => `${file} ${person}`));
  const there = world.files.flatMap((faces, file) =>
    persons
      .filter((person) => faces.some((face) => face.person === person))
      .map((person) => `${file} ${person}`),
  );
  const right = there.filter((pair) => said.has(pair)).length;
  return { answers, right, wrong: said.size - right, missed: there.length - right };
}

export function sumOf(scores: readonly Score[]): Score {
  return scores.reduce(
    (sum, one) => ({
      answers: sum.answers + one.answers,
      right: sum.right + one.right,
      wrong: sum.wrong + one.wrong,
      missed: sum.missed + one.missed,
    }),
    { answers: 0, right: 0, wrong: 0, missed: 0 },
  );
}
