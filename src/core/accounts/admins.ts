import { actAsAdministrator } from '../platform/audit.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import { type Db, isDuplicate, type Store, type Trx } from '../store/store.ts';
import { assertInGoodStanding } from './good-standing.ts';

/*
 * Administrators of the site are named in VISAVIS_ADMINS, and the right is held by the account, which is known by
 * its central id. The safest reading of a list of names:
 *
 * - A name gives the right once: to the first account that the wiki itself says has that name, when it signs in.
 *   From then on it belongs to that account alone.
 * - A rename takes nothing: the account keeps the right as long as its old name stands in the list.
 * - A rename gives nothing: whoever has the name later gets nothing by it, because it is taken. So does an account
 *   that is renamed to a listed name while somebody else holds it.
 * - The list ends the right: when a name is taken out of it, the next start of a web process takes the right away.
 * - Profiles that we keep are not proof of a name (they may be old), so only a sign-in gives the right.
 */

/**
 * In the transaction of a sign-in: the account gets the right when its name is listed and nobody holds it.
 * @param names VISAVIS_ADMINS
 */
export async function grantAdmin(
  trx: Trx,
  names: readonly string[],
  account: { readonly id: number; readonly username: string },
  now: number,
): Promise<void> {
  if (!names.includes(account.username)) return;
  const held = await trx
    .selectFrom('administrators')
    .select('account_id')
    .where((eb) => eb.or([eb('name', '=', account.username), eb('account_id', '=', account.id)]))
    .executeTakeFirst();
  if (held) return;
  const row = { account_id: account.id, name: account.username, since: now };
  await trx
    .insertInto('administrators')
    .values(row)
    .execute()
    // Two browsers at once.
    .catch((error: unknown) => {
      if (!isDuplicate(error)) throw error;
    });
}

/** Takes the right from every account whose name was taken out of the list: at every start of a web process. */
export async function holdAdmins(store: Store, names: readonly string[]): Promise<void> {
  await store.db
    .deleteFrom('administrators')
    .$if(names.length > 0, (query) => query.where('name', 'not in', names))
    .execute();
}

/** Whether the account administrates this site. Blocks are looked at where the right is used. */
export async function isAdmin(db: Db, accountId: number): Promise<boolean> {
  const row = await db
    .selectFrom('administrators')
    .select('account_id')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Inside the transaction that changes something, as every right is checked.
 * @throws VisavisError `forbidden`, `read_only`
 */
export async function assertAdmin(trx: Trx, accountId: number): Promise<void> {
  await assertWritable(trx);
  await assertAdminRight(trx, accountId);
}

/** As `assertAdmin`, also while the site is read-only: for the switch itself. @throws VisavisError `forbidden` */
export async function assertAdminRight(trx: Trx, accountId: number): Promise<void> {
  if (!(await isAdmin(trx, accountId))) throw refusal('admins-only');
  await assertInGoodStanding(trx, accountId);
  actAsAdministrator(trx);
}
