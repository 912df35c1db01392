import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import { blockedAmong } from '../privacy/blocklist.ts';
import type { ProjectState } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { categoryTitle } from '../wiki/categories.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { projectCounts } from './counts.ts';
import { duplicatesOf } from './duplicates.ts';
import { findPortraits, portraitColumns } from './portraits.ts';
import { checkFileCap, checkRules, FILE_CAP, type ProjectRules } from './settings.ts';

export interface ProjectDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'items' | 'categoryInfo' | 'thumbnails'>;
  readonly nudges: Nudges;
}

export interface ProjectInput extends ProjectRules {
  /** Q-ids, one or several. */
  readonly persons: readonly string[];
  /** With or without its namespace. */
  readonly category: string;
  readonly title?: string;
  readonly open: boolean;
  readonly matching: boolean;
  readonly language?: string;
  /** The owner has read the rules for photographs of identifiable people; needed where a person is living. */
  readonly acknowledged: boolean;
  /** Refuse when another project looks for one of the persons in the category, and name it. Default: no. */
  readonly refuseDuplicates?: boolean;
}

const MAX_PERSONS = 50;
/** Bytes: MediaWiki's longest name of a page, and the namespace in front. */
const LONGEST_CATEGORY = 'Category:'.length + 255;

/**
 * Makes a project and its creator the owner. Persons must be human, and merged items are followed; the category
 * must exist and hold something.
 * @throws VisavisError `bad_input` in words for the form; `conflict` with `details.duplicates` (Duplicate[])
 */
export async function createProject(
  deps: ProjectDeps,
  accountId: number,
  input: ProjectInput,
): Promise<number> {
  const { store, clock, nudges } = deps;
  const language = input.language ?? 'en';
  checkRules(input);
  const persons = await findPersons(deps, input.persons, language);
  const living = persons.filter((person) => person.living);
  if (living.length > 0 && !input.acknowledged) {
    const names = living.map((person) => person.label).join(', ');
    throw refusal('living-people', [names]);
  }
  const category = await findCategory(deps, input.category);
  const portraits = await findPortraits(
    deps.wiki,
    persons.flatMap((person) => person.portrait ?? []),
  );
  const now = clock.now();
  const title = (input.title?.trim() || persons.map((person) => person.label).join(', ')).slice(0, 255);

  const { fileCap = FILE_CAP } = input;
  const id = await store.transaction(async (trx) => {
    await assertNotBlocked(trx, accountId);
    await checkFileCap(trx, accountId, fileCap);
    // Here, so that nobody is put on the list between the check and the project.
    const blocked = await blockedAmong(
      trx,
      'person',
      persons.map((person) => person.id),
    );
    const first = persons.find((person) => blocked.has(person.id));
    if (first) throw refusal('person-blocked', [first.label, first.id]);
    if (input.refuseDuplicates) await assertNoDuplicate(trx, category, persons);
    const project = await trx
      .insertInto('projects')
      .values({
        title,
        category,
        state: 'active',
        language,
        votes_needed: input.votesNeeded,
        threshold: input.threshold,
        min_confirmed: input.minConfirmed,
        open: input.open ? 1 : 0,
        matching: input.matching ? 1 : 0,
        depth: input.depth,
        file_cap: fileCap,
        created_by: accountId,
        created_at: now,
        crawled_at: null,
        crawl_wanted_at: now,
        bootstrapped_at: null,
        ...(input.acknowledged ? { acknowledged_by: accountId, acknowledged_at: now } : {}),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const [position, person] of persons.entries()) {
      await trx
        .insertInto('project_persons')
        .values({
          project_id: project.id,
          person: person.id,
          label: person.label.slice(0, 255),
          description: person.description.slice(0, 500),
          ...portraitColumns(person.portrait, portraits.get(person.portrait ?? '') ?? null),
          position,
          living: person.living ? 1 : 0,
        })
        .execute();
    }
    await trx
      .insertInto('project_members')
      .values({
        project_id: project.id,
        account_id: accountId,
        role: 'owner',
        status: 'active',
        joined_at: now,
      })
      .execute();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'project created',
      subject: `project ${project.id}`,
      detail: { persons: persons.map((person) => person.id), category },
    });
    return project.id;
  });
  nudges.nudge('work');
  return id;
}

async function assertNoDuplicate(trx: Trx, category: string, persons: readonly Person[]): Promise<void> {
  const ids = persons.map((person) => person.id);
  const duplicates = await duplicatesOf(trx, { category, persons: ids });
  if (duplicates.length === 0) return;
  throw refusal('project-duplicate', [], {
    details: { duplicates },
  });
}

interface Person {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly portrait: string | null;
  /** No date of death is known. */
  readonly living: boolean;
}

async function findPersons(deps: ProjectDeps, given: readonly string[], language: string): Promise<Person[]> {
  const ids = [...new Set(given.map((id) => id.trim().toUpperCase()).filter((id) => id !== ''))];
  if (ids.length === 0) throw refusal('persons-missing');
  if (ids.length > MAX_PERSONS) throw refusal('persons-most', [MAX_PERSONS]);
  for (const id of ids) if (!/^Q[1-9]\d*$/.test(id)) throw refusal('no-item-like', [id]);
  const found = await deps.wiki.items(ids, language);
  const persons = new Map<string, Person>();
  for (const id of ids) {
    const item = found.get(id);
    if (!item) throw refusal('item-unknown', [id]);
    if (!item.isHuman) throw refusal('not-human', [item.label ?? id, id]);
    persons.set(item.id, {
      id: item.id,
      label: item.label ?? item.id,
      description: item.description ?? '',
      portrait: item.portrait,
      living: !item.dead,
    });
  }
  return [...persons.values()];
}

async function findCategory(deps: ProjectDeps, given: string): Promise<string> {
  if (given.trim() === '') throw refusal('category-missing');
  if (Buffer.byteLength(categoryTitle(given)) > LONGEST_CATEGORY) throw refusal('category-too-long');
  const info = await deps.wiki.categoryInfo(given);
  const name = info.title.replace(/^[^:]*:/, '');
  if (!info.exists && info.files + info.subcategories === 0) throw refusal('category-unknown', [name]);
  if (info.files + info.subcategories === 0) throw refusal('category-empty', [name]);
  return name;
}

export interface ProjectListItem {
  readonly id: number;
  readonly title: string;
  readonly category: string;
  readonly state: ProjectState;
  readonly persons: readonly { readonly person: string; readonly label: string }[];
  readonly files: number;
  readonly faces: number;
  readonly matches: number;
  readonly written: number;
  readonly portraitUrl: string | null;
}

/** All projects that are not deleted, the newest first. */
export async function listProjects(store: Store): Promise<ProjectListItem[]> {
  const rows = await store.db
    .selectFrom('projects')
    .select((eb) => [
      'id',
      'title',
      'category',
      'state',
      ...projectCounts(eb),
      eb
        .selectFrom('project_files')
        .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('project_files.project_id', '=', 'projects.id')
        .where('faces.withdrawn_at', 'is', null)
        .as('faces'),
    ])
    .where('state', '!=', 'deleted')
    .orderBy('id', 'desc')
    .execute();
  const persons = await store.db.selectFrom('project_persons').selectAll().orderBy('position').execute();
  return rows.map((row) => {
    const own = persons.filter((person) => person.project_id === row.id);
    return {
      id: row.id,
      title: row.title,
      category: row.category,
      state: row.state,
      persons: own.map(({ person, label }) => ({ person, label })),
      files: row.files ?? 0,
      faces: row.faces ?? 0,
      matches: row.matches ?? 0,
      written: row.written ?? 0,
      portraitUrl: own.find((person) => person.portrait_url)?.portrait_url ?? null,
    };
  });
}
