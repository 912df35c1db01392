import { randomBytes } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { MemberRole, ProjectsTable } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';

let count = 0;

/** An account with a profile, as after a sign-in. */
export async function addAccount(
  store: Store,
  given: { username?: string; blocked?: boolean } = {},
): Promise<number> {
  const number = ++count;
  const { id } = await store.db
    .insertInto('accounts')
    .values({ central_hash: randomBytes(32), created_at: 0, forgotten_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  await store.db
    .insertInto('account_profiles')
    .values({
      account_id: id,
      central_id: `${process.pid}${number}`,
      username: given.username ?? `User ${number}`,
      edit_count: 100,
      user_groups: '[]',
      registered_at: null,
      blocked: given.blocked ? 1 : 0,
      language: null,
      seen_at: 0,
    })
    .execute();
  return id;
}

/** The account of somebody who has signed in. */
export async function accountIdOf(store: Store, username: string): Promise<number> {
  const row = await store.db
    .selectFrom('account_profiles')
    .select('account_id')
    .where('username', '=', username)
    .executeTakeFirstOrThrow();
  return row.account_id;
}

/** An administrator of the site, as after a sign-in under a name of VISAVIS_ADMINS. */
export async function addAdministrator(store: Store, username?: string): Promise<number> {
  const id = await addAccount(store, username ? { username } : {});
  const { username: name } = await store.db
    .selectFrom('account_profiles')
    .select('username')
    .where('account_id', '=', id)
    .executeTakeFirstOrThrow();
  await store.db.insertInto('administrators').values({ account_id: id, name, since: 0 }).execute();
  return id;
}

export async function addMember(
  store: Store,
  projectId: number,
  given: { role?: MemberRole; status?: 'active' | 'banned'; blocked?: boolean; accountId?: number } = {},
): Promise<number> {
  const accountId = given.accountId ?? (await addAccount(store, { blocked: given.blocked ?? false }));
  await store.db
    .insertInto('project_members')
    .values({
      project_id: projectId,
      account_id: accountId,
      role: given.role ?? 'member',
      status: given.status ?? 'active',
      joined_at: 0,
    })
    .execute();
  return accountId;
}

export interface TestProject {
  readonly id: number;
  readonly owner: number;
}

/** An active project with an owner; one vote is enough unless the test says otherwise. */
export async function addProject(
  store: Store,
  given: Partial<Omit<Insertable<ProjectsTable>, 'id'>> = {},
  persons: readonly string[] = ['Q1'],
): Promise<TestProject> {
  const owner = given.created_by ?? (await addAccount(store));
  const { id } = await store.db
    .insertInto('projects')
    .values({
      title: 'A project',
      category: 'Portraits',
      state: 'active',
      language: 'en',
      votes_needed: 1,
      threshold: 0.6,
      min_confirmed: 2,
      open: 0,
      matching: 1,
      depth: 3,
      file_cap: 9000,
      created_at: 0,
      crawled_at: null,
      crawl_wanted_at: null,
      bootstrapped_at: null,
      ...given,
      created_by: owner,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const [position, person] of persons.entries()) {
    await store.db
      .insertInto('project_persons')
      .values({
        project_id: id,
        person,
        label: `Person ${person}`,
        description: '',
        portrait_title: null,
        portrait_url: null,
        position,
      })
      .execute();
  }
  await addMember(store, id, { role: 'owner', accountId: owner });
  return { id, owner };
}

/** A channel that is bound to a project. */
export async function addChannel(store: Store, projectId: number | null): Promise<number> {
  const { id } = await store.db
    .insertInto('channels')
    .values({
      platform: 'room',
      external_id: `channel-${++count}`,
      name: 'A channel',
      project_id: projectId,
      max_open: 3,
      bound_by: null,
      bound_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
