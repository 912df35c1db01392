import type { Store } from '../store/store.ts';
import { distance } from './detector.ts';
import { isExample, NEAREST, SMALLEST_FACE_PX } from './matcher.ts';
import { bytesToVector } from './vectors.ts';

/** What a threshold would have suggested of the faces that people have decided. */
export interface ThresholdAdvice {
  readonly threshold: number;
  /** Faces that are the person and would have been suggested. */
  readonly right: number;
  /** Faces that are not, and would have been suggested all the same. */
  readonly wrong: number;
}

export interface Advice {
  /** Faces of the person that could be measured against others. */
  readonly faces: number;
  readonly thresholds: readonly ThresholdAdvice[];
  /** The fewest wrong ones, then the most right ones; of equals the highest, because people look at every one. */
  readonly best: ThresholdAdvice;
}

export const CANDIDATES = [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7];
/** Verdicts looked at: the newest of each kind. Enough to tell, and quick enough for a page. */
const MOST = 200;

/**
 * What each threshold would have got right so far: every face that people decided is measured against the other
 * examples of its person, as the matcher does it, without itself. Null while there are fewer than three confirmed
 * faces to measure.
 */
export async function adviseThreshold(store: Store, projectId: number): Promise<Advice | null> {
  const decided = ofOneModel(await decidedFaces(store, projectId));
  const measured: { isPerson: boolean; distance: number }[] = [];
  for (const own of Map.groupBy(decided, (face) => face.person).values()) {
    const examples = own.filter((face) => face.isPerson && isExample(face.quality));
    const rejected = own.filter((face) => !face.isPerson && isExample(face.quality));
    const decidedByPeople = own.filter((face) => face.byPeople && face.heightPx >= SMALLEST_FACE_PX);
    for (const face of decidedByPeople) {
      const near = meanOfNearest(face, examples);
      const nearer = rejected.some((other) => other !== face && distance(face.vector, other.vector) <= near);
      // A rejected face that is nearer keeps it from being suggested at any threshold.
      if (Number.isFinite(near)) {
        measured.push({ isPerson: face.isPerson, distance: nearer ? Number.POSITIVE_INFINITY : near });
      }
    }
  }
  const faces = measured.filter((one) => one.isPerson).length;
  if (faces < 3) return null;
  const thresholds = CANDIDATES.map((threshold): ThresholdAdvice => {
    const suggested = measured.filter((one) => one.distance < threshold);
    const right = suggested.filter((one) => one.isPerson).length;
    return { threshold, right, wrong: suggested.length - right };
  });
  const [best] = thresholds.toSorted(
    (a, b) => a.wrong - b.wrong || b.right - a.right || b.threshold - a.threshold,
  );
  return best ? { faces, thresholds, best } : null;
}

interface DecidedFace {
  readonly person: string;
  readonly isPerson: boolean;
  readonly byPeople: boolean;
  readonly model: string;
  readonly heightPx: number;
  readonly quality: number;
  readonly vector: Float32Array;
}

/** Embeddings of different models are never compared; while faces are embedded again there are two. */
function ofOneModel(faces: readonly DecidedFace[]): readonly DecidedFace[] {
  const models = [...Map.groupBy(faces, (face) => face.model).values()];
  return models.toSorted((a, b) => b.length - a.length)[0] ?? [];
}

async function decidedFaces(store: Store, projectId: number): Promise<DecidedFace[]> {
  const found: DecidedFace[] = [];
  for (const verdict of ['match', 'no_match'] as const) {
    const rows = await store.db
      .selectFrom('verdicts')
      .innerJoin('faces', 'faces.id', 'verdicts.face_id')
      .innerJoin('embeddings', 'embeddings.face_id', 'faces.id')
      .select([
        'verdicts.person',
        'verdicts.source',
        'h',
        'seen_height',
        'quality',
        'embeddings.model',
        'vector',
      ])
      .where('verdicts.project_id', '=', projectId)
      .where('verdicts.verdict', '=', verdict)
      .orderBy('verdicts.changed_at', 'desc')
      .orderBy('verdicts.face_id')
      .limit(MOST)
      .execute();
    found.push(
      ...rows.map((row) => ({
        person: row.person,
        isPerson: verdict === 'match',
        byPeople: row.source !== 'bootstrap',
        model: row.model,
        heightPx: row.h * row.seen_height,
        quality: row.quality ?? Number.NaN,
        vector: bytesToVector(row.vector),
      })),
    );
  }
  return found;
}

function meanOfNearest(face: DecidedFace, examples: readonly DecidedFace[]): number {
  const spread = examples
    .filter((other) => other !== face)
    .map((other) => distance(face.vector, other.vector))
    .sort((a, b) => a - b)
    .slice(0, NEAREST);
  return spread.reduce((sum, value) => sum + value, 0) / spread.length;
}
