import type { Random } from '../../src/cli/review/random.ts';

export { seeded, shuffled } from '../../src/cli/review/random.ts';
export type { Random };

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}
