/** What a verdict is about: one face and one person. */
export interface Pair {
  readonly faceId: number;
  readonly person: string;
}

/** The same text for the same face and person. */
export function pairKey({ faceId, person }: Pair): string {
  return `${faceId} ${person}`;
}

/** Each face and person once. */
export function distinctPairs<P extends Pair>(pairs: readonly P[]): P[] {
  return [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
}

/** Lists that go into one query, no longer than a database takes. */
export function inChunks<T>(list: readonly T[], size = 500): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
