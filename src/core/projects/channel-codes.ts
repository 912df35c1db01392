import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import { describeError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import { forUpdate } from '../store/store.ts';
import { type BindArgs, bindIn, type ChannelDeps } from './channels.ts';
import { hashOf, newCode, readCode } from './codes.ts';
import { enterProject } from './members.ts';

/** An owner copies it from a page into a chat, or tells it to whoever looks after the channel. */
export const CHANNEL_CODE_LIFETIME_MS = 10 * 60_000;
const LENGTH = 8;

/**
 * An owner makes a code that binds one channel within ten minutes, said there by somebody who may manage it. It takes
 * the place of the owner's earlier one for this project. Only its hash is stored, so this is the one time that it can
 * be shown.
 * @returns the code, 8 characters without blanks, never digits alone
 * @throws VisavisError `forbidden`, `not_found`
 */
export async function createChannelCode(
  { store, clock }: ChannelDeps,
  args: { projectId: number; accountId: number },
): Promise<{ code: string; expiresAt: number }> {
  const { projectId, accountId } = args;
  let code = newCode(LENGTH);
  // Digits alone are the number of a project.
  while (/^\d+$/.test(code)) code = newCode(LENGTH);
  const now = clock.now();
  const expiresAt = now + CHANNEL_CODE_LIFETIME_MS;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    await trx
      .deleteFrom('channel_codes')
      .where((eb) =>
        eb.or([
          eb('expires_at', '<=', now),
          eb.and([eb('project_id', '=', projectId), eb('created_by', '=', accountId)]),
        ]),
      )
      .execute();
    await trx
      .insertInto('channel_codes')
      .values({
        code_hash: hashOf(code),
        project_id: projectId,
        created_by: accountId,
        created_at: now,
        expires_at: expiresAt,
      })
      .execute();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'channel code made',
      subject: `project ${projectId}`,
    });
  });
  return { code, expiresAt };
}

/** Whether this is written like a code, and not like the number of a project. */
export function isChannelCode(given: string): boolean {
  return readCode(given, LENGTH) !== '' && !/^\d+$/.test(given);
}

/**
 * Binds a channel by a code, which is used up. The right to the project is that of the owner who made the code, as it
 * is now; whoever says it brings the right to the channel, and need be no member.
 * @returns the project
 * @throws VisavisError `not_found` (no such code now), `forbidden` (who says it is blocked), `bad_input`
 */
export async function bindByCode(
  deps: ChannelDeps,
  args: Omit<BindArgs, 'projectId'> & { code: string },
): Promise<number> {
  const { store, clock, nudges } = deps;
  const projectId = await store.transaction(async (trx) => {
    const code_hash = hashOf(readCode(args.code, LENGTH));
    const usable = trx
      .selectFrom('channel_codes')
      .select(['id', 'project_id', 'created_by'])
      .where('code_hash', '=', code_hash)
      .where('expires_at', '>', clock.now());
    const seen = await usable.executeTakeFirst();
    if (!seen) throw refusal('channel-code-over');
    const { project_id: projectId, created_by: maker } = seen;
    await enterProject(store, trx, projectId, maker, 'owner').catch((error: unknown) => {
      // What became of the owner is not for those who are told a code.
      const { code } = describeError(error);
      throw code === 'forbidden' || code === 'not_found' ? refusal('channel-code-over') : error;
    });
    await assertNotBlocked(trx, args.accountId);
    // It may have been used before the project was ours.
    const found = await forUpdate(store, usable).executeTakeFirst();
    if (!found) throw refusal('channel-code-over');
    await trx.deleteFrom('channel_codes').where('id', '=', found.id).execute();
    await bindIn(deps, trx, { ...args, projectId }, { codeOf: maker });
    return projectId;
  });
  nudges.nudge('posts');
  return projectId;
}
