import { sql } from 'kysely';
import type { Store } from '../store/store.ts';

export interface LogFilter {
  /** A wiki user name, or the number of somebody who was forgotten; empty: everybody. */
  readonly who: string;
  /** A part of the action; empty: everything. */
  readonly what: string;
  /** null: every project, and the site. */
  readonly project: number | null;
  /** UTC milliseconds, from and until (not included); null: open. */
  readonly from: number | null;
  readonly until: number | null;
}

export interface LogEntry {
  readonly id: number;
  readonly at: number;
  readonly accountId: number | null;
  /** null: the product itself, or somebody who was forgotten. */
  readonly username: string | null;
  readonly action: string;
  readonly subject: string;
  /** Text as it stands in the log (JSON). */
  readonly detail: string;
}

/** A page of the audit log, the latest first. @param before only entries older than this one */
export async function readLog(
  store: Store,
  filter: LogFilter,
  { before, limit }: { before: number | null; limit: number },
): Promise<LogEntry[]> {
  const { who, what, project, from, until } = filter;
  const runs = project === null ? [] : await runSubjects(store, project);
  const rows = await store.db
    .selectFrom('audit')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'audit.account_id')
    .select(['audit.id', 'audit.at', 'audit.account_id', 'account_profiles.username'])
    .select(['audit.action', 'audit.subject', 'audit.detail'])
    .$if(who !== '', (query) =>
      query.where((eb) =>
        eb.or([
          eb('account_profiles.username', '=', who),
          ...(/^[1-9]\d{0,14}$/.test(who) ? [eb('audit.account_id', '=', Number(who))] : []),
        ]),
      ),
    )
    .$if(what !== '', (query) =>
      query.where(sql<boolean>`audit.action like ${`%${escaped(what)}%`} escape '!'`),
    )
    .$if(project !== null, (query) =>
      query.where((eb) =>
        eb.or([
          eb('audit.subject', 'in', [`project ${project}`, ...runs]),
          // Edits speak of the file on the wiki and the person.
          sql<boolean>`audit.subject in (select concat('M', page_id, ' ', person) from sdc_claims where project_id = ${project})`,
          eb('audit.detail', 'like', `%"project":${project},%`),
          eb('audit.detail', 'like', `%"project":${project}}%`),
        ]),
      ),
    )
    .$if(from !== null, (query) => query.where('audit.at', '>=', from ?? 0))
    .$if(until !== null, (query) => query.where('audit.at', '<', until ?? 0))
    .$if(before !== null, (query) => query.where('audit.id', '<', before ?? 0))
    .orderBy('audit.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ account_id, ...row }) => ({ ...row, accountId: account_id }));
}

async function runSubjects(store: Store, project: number): Promise<string[]> {
  const rows = await store.db.selectFrom('runs').select('id').where('project_id', '=', project).execute();
  return rows.map((row) => `run ${row.id}`);
}

/** A part of a name, not a pattern. */
function escaped(text: string): string {
  return text.replace(/[!%_]/g, '!$&');
}
