import { seeded } from '../../src/cli/review/random.ts';
import type { Db, Store } from '../../src/core/store/store.ts';
import { DAY_MS, type FirstIds, PERSONS, plannedFaces } from './big-project-plan.ts';
import { addAnswers, addClaims, addOpinions, addPictures } from './big-project-rows.ts';
import { addChannel, addMember, addProject } from './people.ts';

export interface BigProject {
  readonly id: number;
  readonly owner: number;
  readonly members: readonly number[];
  /** Q-ids. */
  readonly persons: readonly string[];
  readonly faces: number;
  readonly files: number;
}

export interface BigProjectWish {
  readonly faces: number;
  /** How long people have been at it; the work is spread over these days. */
  readonly days?: number;
  /** The end of the last day, UTC milliseconds. */
  readonly now: number;
  /** Which share of the faces is decided. */
  readonly decided?: number;
  /** Faces that have an embedding: those that are decided, or all. */
  readonly embeddings?: 'decided' | 'all';
  readonly title?: string;
  /** For another draw. */
  readonly seed?: number;
}

/**
 * Puts a project into a store as years of use would leave it: files with one to four faces, questions with their
 * answers, verdicts, suggestions, runs and claims. The same wish makes the same project. Three persons are looked for;
 * an eighth of the faces is each of them, half is nobody of the three.
 */
export async function addBigProject(store: Store, wish: BigProjectWish): Promise<BigProject> {
  const { now, days = 60, decided = 0.4 } = wish;
  const random = seeded(wish.seed ?? 7);
  const begun = now - days * DAY_MS;
  const { id, owner } = await addProject(
    store,
    {
      title: wish.title ?? 'Deputies of the long parliament',
      category: 'Sessions of the long parliament',
      created_at: begun,
      crawled_at: begun + 60_000,
      bootstrapped_at: begun + 60_000,
      votes_needed: 2,
      file_cap: 50_000,
      matched_change: 1,
    },
    PERSONS,
  );
  const members = [owner];
  for (let i = 0; i < 7; i++) members.push(await addMember(store, id));
  const channel = await addChannel(store, id);
  const draw = { random, begun, days, decided };
  const first = await firstIds(store.db);
  const plan = plannedFaces(draw, wish.faces, first);
  await store.transaction(async (trx) => {
    await addPictures(trx, { project: id, random, embeddings: wish.embeddings ?? 'decided' }, plan);
    await addAnswers(trx, { project: id, channel, members, first, now }, plan);
    await addClaims(trx, { project: id, owner, random, first }, plan);
    await addOpinions(trx, { project: id, random }, plan);
  });
  return { id, owner, members, persons: PERSONS, faces: plan.length, files: (plan.at(-1)?.file ?? 0) + 1 };
}

/** Rows are numbered here, so that thousands can be added at once without asking for their ids. */
async function firstIds(db: Db): Promise<FirstIds> {
  const after = async (table: 'files' | 'faces' | 'questions' | 'ballots' | 'votes' | 'runs') => {
    const row = await db
      .selectFrom(table)
      .select((eb) => eb.fn.max<number | null>('id').as('last'))
      .executeTakeFirst();
    return (row?.last ?? 0) + 1;
  };
  return {
    file: await after('files'),
    face: await after('faces'),
    question: await after('questions'),
    ballot: await after('ballots'),
    vote: await after('votes'),
    run: await after('runs'),
  };
}
