/** Who had its turn when, in this process: a large project shall not keep the small ones waiting. */
export interface Turns {
  /** Those whose last turn is longest ago first; between equals the given order. */
  inOrder(ids: readonly number[]): number[];
  took(id: number): void;
}

export function createTurns(): Turns {
  const last = new Map<number, number>();
  let turn = 0;
  return {
    inOrder: (ids) => ids.toSorted((a, b) => (last.get(a) ?? 0) - (last.get(b) ?? 0)),
    took: (id) => void last.set(id, ++turn),
  };
}
