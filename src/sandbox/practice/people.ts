import type { Box } from './truth.ts';

/** A made-up person in the practice photos. */
export interface Person {
  item: string;
  name: string;
}

/** The one whom the practice project looks for: at the right of the first photo, in the middle of the third. */
export const ADA: Person = { item: 'Q9001', name: 'Ada Practice' };
export const BODIL: Person = { item: 'Q9002', name: 'Bodil Sample' };
export const CARMEN: Person = { item: 'Q9003', name: 'Carmen Placeholder' };
export const DANA: Person = { item: 'Q9004', name: 'Dana Fixture' };
export const ELSA: Person = { item: 'Q9005', name: 'Elsa Mockup' };
export const FLORA: Person = { item: 'Q9006', name: 'Flora Stand-in' };
export const GINA: Person = { item: 'Q9007', name: 'Gina Template' };

/** All 22 faces of the six photos, roughly; `null` for people without an item. */
export const PHOTO_FACES: Record<number, { person: Person | null; box: Box }[]> = {
  1: [
    { person: null, box: [0.22, 0.26, 0.11, 0.19] },
    { person: null, box: [0.435, 0.33, 0.105, 0.19] },
    { person: ADA, box: [0.765, 0.17, 0.1, 0.175] },
  ],
  2: [
    { person: null, box: [0.205, 0.08, 0.095, 0.22] },
    { person: null, box: [0.47, 0.18, 0.1, 0.15] },
    { person: null, box: [0.755, 0.12, 0.11, 0.17] },
  ],
  3: [
    { person: BODIL, box: [0.31, 0.25, 0.1, 0.19] },
    { person: ADA, box: [0.58, 0.175, 0.105, 0.205] },
    { person: CARMEN, box: [0.775, 0.235, 0.105, 0.19] },
  ],
  4: [
    { person: null, box: [0.13, 0.12, 0.09, 0.18] },
    { person: DANA, box: [0.35, 0.07, 0.09, 0.16] },
    { person: null, box: [0.52, 0.15, 0.085, 0.165] },
    { person: null, box: [0.66, 0.12, 0.075, 0.165] },
  ],
  5: [
    { person: null, box: [0.19, 0.675, 0.11, 0.195] },
    { person: null, box: [0.31, 0.31, 0.09, 0.17] },
    { person: null, box: [0.42, 0.1, 0.07, 0.14] },
    { person: null, box: [0.585, 0.17, 0.07, 0.13] },
    { person: ELSA, box: [0.74, 0.28, 0.09, 0.185] },
  ],
  6: [
    { person: FLORA, box: [0.145, 0.32, 0.09, 0.17] },
    { person: null, box: [0.37, 0.245, 0.08, 0.165] },
    { person: null, box: [0.625, 0.18, 0.09, 0.17] },
    { person: GINA, box: [0.775, 0.155, 0.105, 0.18] },
  ],
};
