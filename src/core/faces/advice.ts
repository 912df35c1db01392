import { setImmediate } from 'node:timers/promises';
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

const CANDIDATES = [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7];
/** Verdicts looked at: the newest of each kind. Enough to tell, and quick enough for a page. */
const MOST = 200;

/** A face that people have decided, measured as the matcher would have measured it before. */
export interface DecidedDistance {
  readonly isPerson: boolean;
  /** Mean Euclidean distance to the nearest other examples of the person. Lower is nearer. */
  readonly distance: number;
  /** A rejected face is nearer still: then it would not have been suggested at any threshold. */
  readonly rejectedNearer: boolean;
}

/**
 * The newest decided faces of a project, each measured against the other examples of its person, as the matcher does
 * it, without itself. Empty when nothing can be measured: no examples yet, or their embeddings are deleted.
 */
export async function decidedDistances(store: Store, projectId: number): Promise<DecidedDistance[]> {
  const decided = ofOneModel(await decidedFaces(store, projectId));
  const measured: DecidedDistance[] = [];
  for (const own of Map.groupBy(decided, (face) => face.person).values()) {
    // A person takes some milliseconds: others are served in between.
    await setImmediate();
    const examples = own.filter((face) => face.isPerson && isExample(face.quality));
    const rejected = own.filter((face) => !face.isPerson && isExample(face.quality));
    const decidedByPeople = own.filter((face) => face.byPeople && face.heightPx >= SMALLEST_FACE_PX);
    for (const face of decidedByPeople) {
      const near = meanOfNearest(face, examples);
      if (!Number.isFinite(near)) continue;
      const rejectedNearer = rejected.some(
        (other) => other !== face && distance(face.vector, other.vector) <= near,
      );
      measured.push({ isPerson: face.isPerson, distance: near, rejectedNearer });
    }
  }
  return measured;
}

/** What each threshold would have got right so far. Null while there are fewer than three confirmed faces to measure. */
export async function adviseThreshold(store: Store, projectId: number): Promise<Advice | null> {
  return adviceFrom(await decidedDistances(store, projectId));
}

/** As above, of faces that are measured already. */
export function adviceFrom(measured: readonly DecidedDistance[]): Advice | null {
  const faces = measured.filter((one) => one.isPerson).length;
  if (faces < 3) return null;
  const thresholds = CANDIDATES.map((threshold): ThresholdAdvice => {
    const suggested = measured.filter((one) => !one.rejectedNearer && one.distance < threshold);
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
      .where('faces.withdrawn_at', 'is', null)
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
