import type { Store } from '../store/store.ts';

/** What an entry of the log is about, for people: words in place of numbers, and where it can be looked at. */
export interface LogSubject {
  readonly text: string;
  /** On this site or on the wiki; null: nowhere, or not any more. */
  readonly href: string | null;
}

/**
 * @param subjects as the log has them: `project 1`, `run 3`, `face 12 Q5`, `account 7`, or `M27 Q5` for the file with
 * page id 27 and a person
 * @returns those that are known, by subject
 */
export async function logSubjects(
  store: Store,
  subjects: readonly string[],
): Promise<ReadonlyMap<string, LogSubject>> {
  const found = new Map<string, LogSubject>();
  const named = (pattern: RegExp) =>
    [...new Set(subjects)].flatMap((subject) => {
      const match = pattern.exec(subject);
      return match ? [{ subject, id: Number(match[1]), person: match[2] ?? '' }] : [];
    });
  for (const { subject, id, person } of named(/^face ([1-9]\d{0,14})(?: (Q\d+))?$/))
    found.set(subject, { text: `face ${id}${person && ` · ${person}`}`, href: `/faces/${id}` });
  await addProjects(store, named(/^project ([1-9]\d{0,14})$/), found);
  await addRuns(store, named(/^run ([1-9]\d{0,14})$/), found);
  await addAccounts(store, named(/^account ([1-9]\d{0,14})$/), found);
  await addFiles(store, named(/^M([1-9]\d{0,14}) (Q\d+)$/), found);
  return found;
}

type Named = readonly { readonly subject: string; readonly id: number; readonly person: string }[];
type Found = Map<string, LogSubject>;

const idsOf = (named: Named) => named.map((one) => one.id);

async function addProjects({ db }: Store, named: Named, found: Found): Promise<void> {
  if (named.length === 0) return;
  const rows = await db
    .selectFrom('projects')
    .select(['id', 'title', 'state'])
    .where('id', 'in', idsOf(named))
    .execute();
  for (const { subject, id } of named) {
    const row = rows.find((one) => one.id === id);
    if (!row) continue;
    const href = row.state === 'deleted' ? null : `/projects/${id}`;
    found.set(subject, { text: `${row.title} (${subject})`, href });
  }
}

async function addRuns({ db }: Store, named: Named, found: Found): Promise<void> {
  if (named.length === 0) return;
  const rows = await db
    .selectFrom('runs')
    .innerJoin('projects', 'projects.id', 'runs.project_id')
    .select(['runs.id', 'runs.project_id', 'projects.state'])
    .where('runs.id', 'in', idsOf(named))
    .execute();
  for (const { subject, id } of named) {
    const row = rows.find((one) => one.id === id);
    if (row && row.state !== 'deleted')
      found.set(subject, { text: subject, href: `/projects/${row.project_id}/runs/${id}` });
  }
}

async function addAccounts({ db }: Store, named: Named, found: Found): Promise<void> {
  if (named.length === 0) return;
  const rows = await db
    .selectFrom('account_profiles')
    .select(['account_id', 'username'])
    .where('account_id', 'in', idsOf(named))
    .execute();
  for (const { subject, id } of named) {
    const row = rows.find((one) => one.account_id === id);
    if (row) found.set(subject, { text: `${row.username} (${subject})`, href: `/admin/log?who=${id}` });
  }
}

async function addFiles({ db }: Store, named: Named, found: Found): Promise<void> {
  if (named.length === 0) return;
  const files = await db
    .selectFrom('files')
    .select(['page_id', 'title', 'page_url'])
    .where('page_id', 'in', idsOf(named))
    .execute();
  const persons = await db
    .selectFrom('project_persons')
    .select(['person', 'label'])
    .where(
      'person',
      'in',
      named.map((one) => one.person),
    )
    .execute();
  for (const { subject, id, person } of named) {
    const file = files.find((one) => one.page_id === id);
    if (!file) continue;
    const label = persons.find((one) => one.person === person)?.label;
    const who = label ? `${label} (${person})` : person;
    found.set(subject, { text: `${file.title.replace(/^File:/, '')} → ${who}`, href: file.page_url });
  }
}
