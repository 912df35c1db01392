import { categoryName } from '../catalog/exclusions.ts';
import { audit } from '../platform/audit.ts';
import { portraitColumns } from '../projects/portraits.ts';
import { FILE_CAP } from '../projects/settings.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Known } from './known.ts';
import type { PlannedPerson, ProjectPlan } from './plan.ts';
import type { Tally } from './report.ts';

/** The old tool went down without limit; this is the deepest that a project may be set to. */
const DEEPEST = 10;

/**
 * The project with its person and members, made when it is new here.
 * @returns our id; null when it is left out
 */
export async function takeProject(
  { store, now }: { store: Store; now: number },
  trx: Trx,
  known: Known,
  plan: ProjectPlan,
  tally: Tally,
): Promise<number | null> {
  const { project, person } = plan;
  const before = await known.get('project', project.id);
  if (before !== null) {
    const row = await trx.selectFrom('projects').select('state').where('id', '=', before).executeTakeFirst();
    if (!row || row.state === 'deleted') {
      tally.leftOut('projects', 'deleted here since an earlier import');
      return null;
    }
    tally.hadBefore('projects');
    await takeMembers(trx, known, before, plan, now, tally);
    return before;
  }
  if (!person) {
    tally.leftOut('projects', `there is no item ${project.wikidata_qid.slice(0, 20)}`);
    return null;
  }
  const owner = await known.get('user', project.user_id);
  const category = categoryName(project.commons_category);
  if (owner === null || category === '' || category.length > 255) {
    tally.leftOut('projects', 'without an owner or a category');
    return null;
  }
  // "A_b" and "A b" are one category, which the old tool did not know.
  const twin = await twinOf(trx, known, { owner, category, person: person.item.id });
  if (twin !== null) {
    await known.keep('project', project.id, twin);
    tally.took('projects that are another one in a different spelling');
    await takeMembers(trx, known, twin, plan, now, tally);
    return twin;
  }
  const id = await insertProject(trx, plan, { owner, category, person, now });
  await known.keep('project', project.id, id);
  await audit(store, trx, {
    at: now,
    accountId: null,
    action: 'project imported',
    subject: `project ${id}`,
    detail: { from: 'WikiVisage', was: project.id, person: person.item.id, category },
  });
  tally.took('projects');
  if (project.status === 'active' && !person.item.dead)
    tally.took('projects about living people, paused until an owner acknowledges the rules and goes on');
  await takeMembers(trx, known, id, plan, now, tally);
  return id;
}

async function insertProject(
  trx: Trx,
  { project }: ProjectPlan,
  given: { owner: number; category: string; person: PlannedPerson; now: number },
): Promise<number> {
  const { item, portrait } = given.person;
  const label = (project.label.trim() || item.label || item.id).slice(0, 255);
  const { id } = await trx
    .insertInto('projects')
    .values({
      title: label,
      category: given.category,
      // Nobody has acknowledged the rules for photographs of living people yet: an owner does that first.
      state: project.status === 'active' && !item.dead ? 'paused' : project.status,
      language: 'en',
      // One person's word was enough there, and stays enough for what was said there.
      votes_needed: 1,
      threshold: inside(project.distance_threshold ?? 0.6, 0.1, 1),
      min_confirmed: inside(Math.round(project.min_confirmed ?? 5), 1, 100),
      open: 0,
      matching: 1,
      depth: DEEPEST,
      file_cap: FILE_CAP,
      created_by: given.owner,
      created_at: project.created_at,
      crawled_at: null,
      crawl_wanted_at: given.now,
      bootstrapped_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('project_persons')
    .values({
      project_id: id,
      person: item.id,
      label,
      description: (item.description ?? '').slice(0, 500),
      ...portraitColumns(item.portrait, portrait),
      position: 0,
      living: item.dead ? 0 : 1,
    })
    .execute();
  await addMember(trx, id, {
    accountId: given.owner,
    role: 'owner',
    status: 'active',
    at: project.created_at,
  });
  return id;
}

async function twinOf(
  trx: Trx,
  known: Known,
  wanted: { owner: number; category: string; person: string },
): Promise<number | null> {
  const imported = [...new Set((await known.all('project')).values())];
  if (imported.length === 0) return null;
  const row = await trx
    .selectFrom('projects')
    .innerJoin('project_persons', 'project_persons.project_id', 'projects.id')
    .select('projects.id')
    .where('projects.id', 'in', imported)
    .where('created_by', '=', wanted.owner)
    .where('category', '=', wanted.category)
    .where('person', '=', wanted.person)
    .where('state', '!=', 'deleted')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Who is a member here already stays as they are: roles may have changed since an earlier import. */
async function takeMembers(
  trx: Trx,
  known: Known,
  projectId: number,
  { project, members }: ProjectPlan,
  now: number,
  tally: Tally,
): Promise<void> {
  for (const member of members) {
    if (member.user_id === project.user_id) continue;
    const accountId = await known.get('user', member.user_id);
    if (accountId === null) {
      tally.leftOut('members', 'of an account that is not there');
      continue;
    }
    const added = await addMember(trx, projectId, {
      accountId,
      role: member.role === 'owner' ? 'owner' : 'member',
      status: member.status === 'banned' ? 'banned' : 'active',
      at: member.joined_at ?? now,
    });
    if (added) tally.took('members');
    else tally.hadBefore('members');
  }
}

async function addMember(
  trx: Trx,
  projectId: number,
  member: { accountId: number; role: 'owner' | 'member'; status: 'active' | 'banned'; at: number },
): Promise<boolean> {
  const there = await trx
    .selectFrom('project_members')
    .select('role')
    .where('project_id', '=', projectId)
    .where('account_id', '=', member.accountId)
    .executeTakeFirst();
  if (there) return false;
  await trx
    .insertInto('project_members')
    .values({
      project_id: projectId,
      account_id: member.accountId,
      role: member.role,
      status: member.status,
      joined_at: member.at,
    })
    .execute();
  return true;
}

function inside(value: number, low: number, high: number): number {
  return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : low;
}
