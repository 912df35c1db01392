import { facesToEmbed } from '../faces/embedding.ts';
import type { Store } from '../store/store.ts';

/** What waits before each step of the way. */
export const QUEUES = ['crawl', 'detect', 'embed', 'match', 'ask', 'write', 'purge'] as const;
export type QueueName = (typeof QUEUES)[number];

export interface Queue {
  readonly name: QueueName;
  readonly waiting: number;
  /** Since when the oldest of them waits, UTC milliseconds; null: nothing waits, or nobody keeps that. */
  readonly oldest: number | null;
}

/**
 * How much waits: projects to be read (crawl), compared (match) or cleared away (purge), files for detection, faces to
 * be embedded, posts that are not up yet (ask), claims to be written (write).
 * @param model the model in use; null: this process does not know it, and nothing is said about embedding
 */
export async function queues(store: Store, model: string | null): Promise<Queue[]> {
  const { db } = store;
  const crawl = await db
    .selectFrom('projects')
    .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.min('crawl_wanted_at').as('oldest')])
    .where('state', '=', 'active')
    .where('crawl_wanted_at', 'is not', null)
    .executeTakeFirstOrThrow();
  const detect = await db
    .selectFrom('files')
    .innerJoin('project_files', 'project_files.file_id', 'files.id')
    .innerJoin('projects', 'projects.id', 'project_files.project_id')
    .select((eb) => [eb.fn.count<number>('files.id').distinct().as('n'), eb.fn.min('added_at').as('oldest')])
    .where('files.state', '=', 'waiting')
    .where('projects.state', '=', 'active')
    .executeTakeFirstOrThrow();
  const match = await db
    .selectFrom('projects')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '=', 'active')
    .whereRef('change_number', '!=', 'matched_change')
    .executeTakeFirstOrThrow();
  const ask = await db
    .selectFrom('posts')
    .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.min('created_at').as('oldest')])
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow();
  const write = await db
    .selectFrom('sdc_claims')
    .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.min('changed_at').as('oldest')])
    .where('state', 'in', ['queued', 'writing', 'removing'])
    .executeTakeFirstOrThrow();
  const purge = await db
    .selectFrom('projects')
    .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.min('deleted_at').as('oldest')])
    .where('state', '=', 'deleted')
    .where('purged_at', 'is', null)
    .executeTakeFirstOrThrow();
  const queue = (name: QueueName, { n, oldest }: { n: number | string; oldest?: number | null }): Queue => ({
    name,
    waiting: Number(n),
    oldest: oldest == null ? null : Number(oldest),
  });
  return [
    queue('crawl', crawl),
    queue('detect', detect),
    ...(model === null ? [] : [queue('embed', { n: await facesToEmbed(store, model) })]),
    queue('match', match),
    queue('ask', ask),
    queue('write', write),
    queue('purge', purge),
  ];
}

/** Runs that are not over, by state. */
export async function runsByState(
  store: Store,
): Promise<Readonly<Record<'waiting' | 'working' | 'paused', number>>> {
  const rows = await store.db
    .selectFrom('runs')
    .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
    .where('state', 'in', ['waiting', 'working', 'paused'])
    .groupBy('state')
    .execute();
  const count = (state: string) => Number(rows.find((row) => row.state === state)?.n ?? 0);
  return { waiting: count('waiting'), working: count('working'), paused: count('paused') };
}
