import { keepAccount } from '../core/accounts/accounts.ts';
import { bindChannel } from '../core/projects/channels.ts';
import { createProject, type ProjectDeps } from '../core/projects/projects.ts';
import { ACCOUNTS } from './practice/accounts.ts';
import { ADA } from './practice/people.ts';
import { ROOT_CATEGORY } from './practice/recipes.ts';

/** The channel of the practice room. */
const PRACTICE_CHANNEL = 'practice';
const OWNER = 'Practice Chen';

/**
 * The project that a visitor finds: one vote is enough and everybody may join, so that one person alone can go
 * the whole way. Made once; a project that was deleted stays deleted.
 */
export async function ensurePracticeProject(deps: ProjectDeps & { readonly secret: string }): Promise<void> {
  const { store, clock, secret } = deps;
  const known = await store.db.selectFrom('projects').select('id').limit(1).executeTakeFirst();
  if (known) return;
  const owner = ACCOUNTS.find((account) => account.name === OWNER);
  if (!owner) throw new Error(`no practice account ${OWNER}`);
  const account = await store.transaction((trx) =>
    keepAccount(store, trx, {
      secret,
      now: clock.now(),
      profile: {
        centralId: String(owner.centralId),
        username: owner.name,
        editCount: owner.editcount,
        blocked: false,
        groups: owner.groups,
        registeredAt: owner.registered,
      },
    }),
  );
  const projectId = await createProject(deps, account.id, {
    persons: [ADA.item],
    category: ROOT_CATEGORY,
    title: `Where is ${ADA.name}?`,
    votesNeeded: 1,
    threshold: 0.6,
    minConfirmed: 2,
    open: true,
    matching: true,
    depth: 3,
    acknowledged: true,
  });
  await bindChannel(deps, {
    platform: 'room',
    externalId: PRACTICE_CHANNEL,
    name: '#practice',
    projectId,
    accountId: account.id,
  });
}
