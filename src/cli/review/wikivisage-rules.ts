/** The rules of the predecessor, for comparison. */
import { distance } from '../../core/faces/detector.ts';
import type { SeenFace } from './labels.ts';
import type { Outcome } from './outcome.ts';
import { type Random, shuffled } from './random.ts';
import type { Reviewer } from './reviewer.ts';
import type { World } from './world.ts';

const THRESHOLD = 0.6;
const MIN_CONFIRMED = 5;

/**
 * One reviewer and one person. Files come in random order; an answer settles all faces of a file, of which one may be
 * the person. As soon as five are confirmed, the rest is decided by the distance to the centroid of everything that
 * counts as the person, guesses among it: of each file the nearest face below 0.6 is the person, the others are not.
 *
 * @param confirmed false: guesses are written without anybody having seen them; true: each is approved or rejected
 *   first, one answer each
 */
export function wikivisageRules(
  random: Random,
  world: World,
  person: string,
  reviewer: Reviewer,
  confirmed: boolean,
): Outcome {
  const ofPeople: { file: number; face: SeenFace }[] = [];
  const queue = shuffled(
    random,
    [...world.files.keys()].filter((file) => world.files[file]?.length),
  );
  let answers = 0;
  while (ofPeople.length < MIN_CONFIRMED) {
    const file = queue.pop();
    if (file === undefined) break;
    answers++;
    const face = chosen(reviewer, world.files[file] ?? [], person);
    if (face) ofPeople.push({ file, face });
  }
  const guesses =
    ofPeople.length < MIN_CONFIRMED
      ? []
      : guess(
          world,
          queue,
          ofPeople.map(({ face }) => face),
        );
  const approved = guesses.filter(({ face }) => {
    if (!confirmed) return true;
    answers++;
    return reviewer({ kind: 'single', truth: [face.person === person] })[0] === '✅';
  });
  return { answers, claims: [...ofPeople, ...approved].map(({ file }) => ({ file, person })) };
}

/** A click on one face, or "none of these". */
function chosen(reviewer: Reviewer, faces: readonly SeenFace[], person: string): SeenFace | null {
  const truth = faces.map((face) => face.person === person);
  const [answer = ''] = reviewer({ kind: faces.length > 1 ? 'several' : 'single', truth });
  if (answer === '✅') return faces[0] ?? null;
  return faces[Number.parseInt(answer, 10) - 1] ?? null;
}

/** Everything that is undecided is decided at once; there is nothing left for a second look at the centroid. */
function guess(
  world: World,
  files: readonly number[],
  targets: readonly SeenFace[],
): { file: number; face: SeenFace }[] {
  const centroid = new Float32Array(targets[0]?.vector.length ?? 0);
  for (const { vector } of targets)
    for (const [i, value] of vector.entries()) centroid[i] = (centroid[i] ?? 0) + value / targets.length;
  return files.flatMap((file) => {
    const near = (world.files[file] ?? [])
      .map((face) => ({ file, face, distance: distance(face.vector, centroid) }))
      .filter((one) => one.distance < THRESHOLD)
      .sort((a, b) => a.distance - b.distance);
    return near.slice(0, 1);
  });
}
