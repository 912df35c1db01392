import { type Person, PHOTO_FACES } from './people.ts';
import { RECIPES, type Recipe } from './recipes.ts';

/** `[left, top, width, height]` in fractions of the upright picture. */
export type Box = [number, number, number, number];

export interface TrueFace {
  /** Item of the person, or null for the people without one. */
  item: string | null;
  box: Box;
}

/** What is to be seen in each practice file, by title with `File:`. */
export const practiceTruth: Readonly<Record<string, { faces: TrueFace[]; items: string[] }>> =
  Object.fromEntries(RECIPES.map((recipe) => [`File:${recipe.title}`, truthOf(recipe)]));

function truthOf(recipe: Recipe): { faces: TrueFace[]; items: string[] } {
  const faces = facesIn(recipe);
  return { faces, items: faces.flatMap(({ item }) => item ?? []) };
}

/** Faces of the photo whose middle is inside the crop, moved to where the recipe puts them. */
function facesIn(recipe: Recipe): TrueFace[] {
  const [left, top, width, height] = recipe.crop ?? [0, 0, 1, 1];
  const inCrop = (PHOTO_FACES[recipe.photo] ?? []).flatMap(({ person, box }) => {
    const [x, y, w, h] = box;
    const moved: Box = [(x - left) / width, (y - top) / height, w / width, h / height];
    const inside = within(moved[0] + moved[2] / 2) && within(moved[1] + moved[3] / 2);
    return inside ? [{ person, box: moved }] : [];
  });
  return inCrop
    .map(({ person, box }) => ({ item: itemOf(person), box: recipe.mirrored ? mirrored(box) : box }))
    .map((face) => ({ ...face, box: face.box.map(rounded) as Box }))
    .sort((a, b) => a.box[0] - b.box[0]);
}

function itemOf(person: Person | null): string | null {
  return person === null ? null : person.item;
}

function mirrored([x, y, w, h]: Box): Box {
  return [1 - x - w, y, w, h];
}

function within(value: number): boolean {
  return value > 0 && value < 1;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
