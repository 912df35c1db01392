/** Our rules beside the predecessor's, on the same files. */

import type { SeenPicture } from './labels.ts';
import { ourRules } from './ours.ts';
import { type Score, scoreOf, sumOf } from './outcome.ts';
import { type Random, seeded } from './random.ts';
import { careless, perfect } from './reviewer.ts';
import { wikivisageRules } from './wikivisage-rules.ts';
import { makeWorld, type World } from './world.ts';

/** Of the answers of careless people so many are random. */
const CARELESS = 0.05;
/** How often the second voter says what the first one said, without looking. */
const COPIES = 0.5;

export interface Compared {
  /** Every claim is confirmed by a person, one vote is needed. */
  readonly perfect: { readonly wikivisage: Score; readonly ours: Score; readonly oneProject: Score };
  /** The predecessor as it is, one reviewer, guesses written unseen; ours with two votes. */
  readonly careless: { readonly wikivisage: Score; readonly ours: Score; readonly copied: Score };
}

/**
 * The predecessor has a project for each person, over all files; so have ours, and once more all persons in one.
 * @param onSeed called when so many seeds are behind
 */
export async function compare(
  pictures: readonly SeenPicture[],
  size: { readonly persons: number; readonly files: number },
  { seeds }: { readonly seeds: number },
  onSeed: (done: number) => void = () => {},
): Promise<Compared> {
  const all: Compared[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const world = makeWorld(seeded(seed), pictures, size);
    all.push({
      perfect: await perfectReviewers(seeded(1000 + seed), world),
      careless: await carelessReviewers(seeded(2000 + seed), world),
    });
    onSeed(seed);
  }
  const sum = (of: (one: Compared) => Score) => sumOf(all.map(of));
  return {
    perfect: {
      wikivisage: sum((one) => one.perfect.wikivisage),
      ours: sum((one) => one.perfect.ours),
      oneProject: sum((one) => one.perfect.oneProject),
    },
    careless: {
      wikivisage: sum((one) => one.careless.wikivisage),
      ours: sum((one) => one.careless.ours),
      copied: sum((one) => one.careless.copied),
    },
  };
}

async function perfectReviewers(random: Random, world: World): Promise<Compared['perfect']> {
  const community = { votesNeeded: 1, reviewers: [perfect], owner: perfect };
  return {
    wikivisage: sumOf(
      world.persons.map((person) =>
        scoreOf(world, [person], wikivisageRules(random, world, person, perfect, true)),
      ),
    ),
    ours: await scoresOf(world, apart(world), community),
    oneProject: await scoresOf(world, [world.persons], community),
  };
}

async function carelessReviewers(random: Random, world: World): Promise<Compared['careless']> {
  const reviewer = careless(random, CARELESS);
  const copier: Reviewing = (question, before) =>
    before && random() < COPIES ? [...before] : reviewer(question);
  const two = { votesNeeded: 2, owner: reviewer };
  return {
    wikivisage: sumOf(
      world.persons.map((person) =>
        scoreOf(world, [person], wikivisageRules(random, world, person, reviewer, false)),
      ),
    ),
    ours: await scoresOf(world, apart(world), { ...two, reviewers: [reviewer, reviewer] }),
    copied: await scoresOf(world, apart(world), { ...two, reviewers: [reviewer, copier] }),
  };
}

type Community = Parameters<typeof ourRules>[2];
type Reviewing = Community['reviewers'][number];

const apart = (world: World) => world.persons.map((person) => [person]);

async function scoresOf(
  world: World,
  projects: readonly (readonly string[])[],
  community: Community,
): Promise<Score> {
  const outcomes = await ourRules(world, projects, community);
  return sumOf(outcomes.map((outcome, i) => scoreOf(world, projects[i] ?? [], outcome)));
}
