/** What the product itself has counted, and what its database holds. */
import { sql } from 'kysely';
import type { Store } from '../../../src/core/store/store.ts';
import { METRICS_TOKEN, type RunningRole } from './site.ts';

export interface Busy {
  readonly pieces: number;
  readonly seconds: number;
}

/** What all processes did together, by step (`detect`) and by service (`service database`). */
export async function busyNow(roles: readonly RunningRole[]): Promise<Map<string, Busy>> {
  const all = new Map<string, Busy>();
  for (const { port } of roles) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { authorization: `Bearer ${METRICS_TOKEN}` },
    });
    const text = await answer.text();
    const found = text.matchAll(/^visavis_(step|service)_seconds_(sum|count)\{\w+="(\w+)"\} (\S+)$/gm);
    for (const [, what, kind, label, number] of found) {
      const name = what === 'step' ? `${label}` : `service ${label}`;
      const known = all.get(name) ?? { pieces: 0, seconds: 0 };
      const more = Number(number);
      all.set(
        name,
        kind === 'sum'
          ? { ...known, seconds: known.seconds + more }
          : { ...known, pieces: known.pieces + more },
      );
    }
  }
  return all;
}

/** Times of what happened, UTC milliseconds, out of the rows that it left. */
export async function timesOf({ db }: Store, runId: number) {
  const project = await db
    .selectFrom('projects')
    .select(['created_at', 'crawled_at', 'bootstrapped_at'])
    .executeTakeFirstOrThrow();
  const files = await db
    .selectFrom('files')
    .select((eb) => [eb.fn.min('detected_at').as('first'), eb.fn.max('detected_at').as('last')])
    .executeTakeFirstOrThrow();
  const votes = await db
    .selectFrom('ballots')
    .select((eb) => [eb.fn.min('cast_at').as('first'), eb.fn.max('cast_at').as('last')])
    .executeTakeFirstOrThrow();
  const run = await db
    .selectFrom('runs')
    .select(['created_at', 'finished_at'])
    .where('id', '=', runId)
    .executeTakeFirstOrThrow();
  return { project, files, votes, run };
}

/** Files that were looked at. */
export async function detectedFiles({ db }: Store): Promise<number> {
  const { n } = await db
    .selectFrom('files')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '!=', 'waiting')
    .executeTakeFirstOrThrow();
  return Number(n);
}

export async function countRows({ db }: Store) {
  const count = async (
    table: 'files' | 'faces' | 'embeddings' | 'questions' | 'ballots' | 'votes' | 'posts',
  ) => {
    const { n } = await db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow();
    return Number(n);
  };
  return {
    files: await count('files'),
    faces: await count('faces'),
    embeddings: await count('embeddings'),
    questions: await count('questions'),
    ballots: await count('ballots'),
    votes: await count('votes'),
  };
}

/** Megabytes by table, data and indexes; the largest first. */
export async function databaseSize({
  db,
}: Store): Promise<{ total: number; tables: Record<string, number> }> {
  const { rows } = await sql<{ name: string; bytes: number }>`
    select table_name as name, data_length + index_length as bytes from information_schema.tables
    where table_schema = database() order by bytes desc`.execute(db);
  const megabytes = rows.map(({ name, bytes }) => [name, Number(bytes) / 1024 ** 2] as const);
  return {
    total: megabytes.reduce((sum, [, size]) => sum + size, 0),
    tables: Object.fromEntries(megabytes),
  };
}
