import type { Box } from './truth.ts';

export const ROOT_CATEGORY = 'Category:Practice photos';
const EVENING = 'Category:Practice evening';
const PORTRAITS = 'Category:Practice portraits';
const GREY_PORTRAITS = 'Category:Black and white practice portraits';

/** Categories with the one above each; the grey portraits are two steps below the top. */
export const CATEGORIES: { title: string; parent: string | null }[] = [
  { title: ROOT_CATEGORY, parent: null },
  { title: EVENING, parent: ROOT_CATEGORY },
  { title: PORTRAITS, parent: ROOT_CATEGORY },
  { title: GREY_PORTRAITS, parent: PORTRAITS },
];

/** How one practice file is made from one of the six photos. */
export interface Recipe {
  /** Without the namespace. */
  title: string;
  category: string;
  description: string;
  /** 1 to 6. */
  photo: number;
  crop?: Box;
  mirrored?: boolean;
  grey?: boolean;
  /** Brightness, 1 as it is. */
  light?: number;
  /** Degrees clockwise, on a plain background. */
  turned?: number;
  /** Widest, in pixels. */
  width?: number;
  license?: 'cc-by-4.0' | 'cc0';
}

const TEAM = 'The practice team at a meeting';
const OUT = 'Three friends at a practice evening';

export const RECIPES: Recipe[] = [
  { title: 'Practice team meeting 01.jpg', category: ROOT_CATEGORY, description: TEAM, photo: 3 },
  {
    title: 'Practice team meeting 02.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, seen in a mirror`,
    photo: 3,
    mirrored: true,
    width: 1600,
  },
  {
    title: 'Practice team meeting 03.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, left half`,
    photo: 3,
    crop: [0.2, 0.05, 0.53, 0.75],
  },
  {
    title: 'Practice team meeting 04.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, right half`,
    photo: 3,
    crop: [0.48, 0.04, 0.5, 0.7],
  },
  {
    title: 'Practice team meeting 05.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, camera held askew`,
    photo: 3,
    turned: 6,
    width: 1500,
  },
  {
    title: 'Practice team meeting 06.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, small copy`,
    photo: 3,
    width: 800,
    license: 'cc-by-4.0',
  },
  {
    title: 'Practice team meeting 07.jpg',
    category: ROOT_CATEGORY,
    description: `${TEAM}, late light`,
    photo: 3,
    light: 0.6,
    width: 1280,
  },
  {
    title: 'Ada Practice, portrait.jpg',
    category: PORTRAITS,
    description: 'Ada Practice, member of the practice team',
    photo: 3,
    crop: [0.49, 0.07, 0.28, 0.5],
  },
  {
    title: 'Practice portrait 02.jpg',
    category: PORTRAITS,
    description: 'Portrait, mirrored',
    photo: 3,
    crop: [0.52, 0.1, 0.22, 0.4],
    mirrored: true,
  },
  {
    title: 'Practice portrait 03.jpg',
    category: PORTRAITS,
    description: 'A guest of the team',
    photo: 3,
    crop: [0.22, 0.15, 0.27, 0.5],
  },
  {
    title: 'Practice portrait 04.jpg',
    category: PORTRAITS,
    description: 'A guest of the team',
    photo: 3,
    crop: [0.72, 0.14, 0.26, 0.46],
  },
  { title: 'Practice evening 01.jpg', category: EVENING, description: OUT, photo: 1 },
  {
    title: 'Practice evening 02.jpg',
    category: EVENING,
    description: `${OUT}, mirrored`,
    photo: 1,
    mirrored: true,
    width: 1600,
  },
  {
    title: 'Practice evening 03.jpg',
    category: EVENING,
    description: `${OUT}, detail`,
    photo: 1,
    crop: [0.38, 0.04, 0.6, 0.66],
  },
  {
    title: 'Practice evening 04.jpg',
    category: EVENING,
    description: `${OUT}, black and white`,
    photo: 1,
    grey: true,
    width: 1280,
    license: 'cc0',
  },
  {
    title: 'Practice evening 05.jpg',
    category: EVENING,
    description: `${OUT}, lights up`,
    photo: 1,
    light: 1.5,
    width: 1500,
  },
  {
    title: 'Ada Practice at the practice evening.jpg',
    category: PORTRAITS,
    description: 'Ada Practice laughing',
    photo: 1,
    crop: [0.64, 0.04, 0.33, 0.62],
  },
  {
    title: 'Practice portrait 06.jpg',
    category: GREY_PORTRAITS,
    description: 'Portrait in black and white',
    photo: 1,
    crop: [0.66, 0.06, 0.3, 0.5],
    grey: true,
    turned: -5,
  },
  {
    title: 'Practice portrait 07.jpg',
    category: GREY_PORTRAITS,
    description: 'Portrait in black and white',
    photo: 4,
    crop: [0.28, 0.01, 0.22, 0.42],
    grey: true,
  },
  {
    title: 'Practice portrait 08.jpg',
    category: PORTRAITS,
    description: 'Portrait on the stairs',
    photo: 5,
    crop: [0.66, 0.16, 0.28, 0.5],
  },
  {
    title: 'Practice portrait 09.jpg',
    category: PORTRAITS,
    description: 'Portrait at the window',
    photo: 6,
    crop: [0.74, 0.06, 0.2, 0.4],
    license: 'cc-by-4.0',
  },
  {
    title: 'Practice portrait 10.jpg',
    category: PORTRAITS,
    description: 'Portrait at the window',
    photo: 6,
    crop: [0.05, 0.2, 0.29, 0.5],
  },
  { title: 'Practice sofa 01.jpg', category: ROOT_CATEGORY, description: 'Three people on a sofa', photo: 2 },
  {
    title: 'Practice sofa 02.jpg',
    category: ROOT_CATEGORY,
    description: 'Three people on a sofa, mirrored',
    photo: 2,
    mirrored: true,
    light: 0.75,
    width: 1400,
  },
  {
    title: 'Practice hallway 01.jpg',
    category: ROOT_CATEGORY,
    description: 'Four people in a hallway',
    photo: 4,
    license: 'cc0',
  },
  {
    title: 'Practice hallway 02.jpg',
    category: ROOT_CATEGORY,
    description: 'Two people in a hallway',
    photo: 4,
    crop: [0.47, 0.02, 0.45, 0.7],
  },
  {
    title: 'Practice hallway 03.jpg',
    category: ROOT_CATEGORY,
    description: 'Four people in a hallway, black and white',
    photo: 4,
    grey: true,
    mirrored: true,
    width: 1280,
  },
  {
    title: 'Practice stairs 01.jpg',
    category: ROOT_CATEGORY,
    description: 'Five people on the stairs',
    photo: 5,
  },
  {
    title: 'Practice stairs 02.jpg',
    category: ROOT_CATEGORY,
    description: 'On the stairs, upper part',
    photo: 5,
    crop: [0.25, 0, 0.7, 0.6],
    turned: 4,
  },
  {
    title: 'Practice window 01.jpg',
    category: ROOT_CATEGORY,
    description: 'Four people at a window',
    photo: 6,
  },
  {
    title: 'Practice window 02.jpg',
    category: ROOT_CATEGORY,
    description: 'Two people at a window',
    photo: 6,
    crop: [0.05, 0.1, 0.48, 0.75],
    width: 900,
  },
  {
    title: 'Practice window 03.jpg',
    category: ROOT_CATEGORY,
    description: 'Two people at a window, mirrored',
    photo: 6,
    crop: [0.53, 0.06, 0.42, 0.6],
    mirrored: true,
  },
  {
    title: 'Practice room without people.jpg',
    category: ROOT_CATEGORY,
    description: 'The room before the meeting',
    photo: 3,
    crop: [0.02, 0, 0.24, 0.28],
  },
];

/** A sound, which a search for faces has to leave out. */
export const SOUND = {
  title: 'Practice greeting.wav',
  category: ROOT_CATEGORY,
  description: 'A short tone',
};

/** The portrait (P18) of the one whom the practice project looks for. */
export const ADA_PORTRAIT = 'Ada Practice, portrait.jpg';

/** Says already whom it shows, as example to begin with. */
export const ADA_DEPICTED = 'Ada Practice at the practice evening.jpg';

/** Somebody else's statement on a photo of a group, with the place of the face. */
export const GROUP_DEPICTED = 'Practice team meeting 06.jpg';
