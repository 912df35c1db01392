import { eraseDataSources } from '../origins/erase.ts';
import { audit } from '../platform/audit.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertWritable } from '../platform/read-only.ts';
import { giveUpProjects } from '../projects/ownerless.ts';
import { forgetRoomUser } from '../room/forgetting.ts';
import type { Trx } from '../store/store.ts';
import type { LinkDeps } from './linking.ts';
import { endForgottenSessions } from './sessions.ts';

/**
 * Deletes what can identify a person: identities, tokens, sessions and the profile with the name. Votes and
 * audit entries keep the opaque member key; the keyed hash of the central id stays, so that nobody votes twice
 * by leaving and coming back. Projects of which it is the only owner are paused (`projects/ownerless.ts`).
 * @throws VisavisError `read_only`
 */
export async function forgetAccount(
  { store, clock, nudges }: LinkDeps & { readonly nudges: Nudges },
  accountId: number,
): Promise<void> {
  const paused = await store.transaction(async (trx) => {
    await assertWritable(trx);
    const ownerless = await giveUpProjects(store, trx, { accountId, now: clock.now() });
    const links = await trx
      .selectFrom('identities')
      .select(['platform', 'external_id'])
      .where('account_id', '=', accountId)
      .execute();
    const earlier = await trx
      .selectFrom('link_requests')
      .select(['platform', 'external_id'])
      .where('account_id', '=', accountId)
      .execute();
    for (const { platform, external_id } of [...links, ...earlier]) {
      await trx
        .deleteFrom('link_requests')
        .where('platform', '=', platform)
        .where('external_id', '=', external_id)
        .execute();
      await forgetChatUser(trx, platform, external_id, clock.now());
    }
    await showVotersAnew(trx, accountId);
    await trx.deleteFrom('link_requests').where('account_id', '=', accountId).execute();
    await trx.deleteFrom('identities').where('account_id', '=', accountId).execute();
    await trx.deleteFrom('account_tokens').where('account_id', '=', accountId).execute();
    const roomUsers = links.filter((one) => one.platform === 'room').map((one) => one.external_id);
    await endForgottenSessions(trx, accountId, roomUsers);
    await trx.deleteFrom('administrators').where('account_id', '=', accountId).execute();
    await eraseDataSources(store, trx, accountId, clock.now());
    await trx.deleteFrom('account_profiles').where('account_id', '=', accountId).execute();
    await trx
      .updateTable('accounts')
      .set({ forgotten_at: clock.now() })
      .where('id', '=', accountId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'account forgotten',
      subject: String(accountId),
    });
    return ownerless;
  });
  nudges.nudge('posts');
  for (const id of paused) nudges.nudge(`project:${id}`);
}

/** Reactions and hints are kept under the name that the chat knows the person by; the votes stay. */
async function forgetChatUser(trx: Trx, platform: string, externalId: string, now: number): Promise<void> {
  await trx
    .deleteFrom('reactions')
    .where('external_user', '=', externalId)
    .where('post_id', 'in', (eb) =>
      eb
        .selectFrom('posts')
        .innerJoin('channels', 'channels.id', 'posts.channel_id')
        .select('posts.id')
        .where('channels.platform', '=', platform),
    )
    .execute();
  if (platform === 'matrix')
    await trx.deleteFrom('matrix_reactions').where('user_id', '=', externalId).execute();
  // Other chats keep their own messages; this one is ours.
  if (platform === 'room') await forgetRoomUser(trx, externalId, now);
  const hint = `hint ${platform} ${externalId}`.slice(0, 100);
  await trx.deleteFrom('settings').where('name', '=', hint).execute();
}

/** Posts of decided questions name who voted. */
async function showVotersAnew(trx: Trx, accountId: number): Promise<void> {
  await trx
    .updateTable('posts')
    .set((eb) => ({ wanted: eb('wanted', '+', 1) }))
    .where('state', '!=', 'gone')
    .where('question_id', 'in', (eb) =>
      eb
        .selectFrom('question_faces')
        .innerJoin('votes', 'votes.face_id', 'question_faces.face_id')
        .select('question_faces.question_id')
        .where('votes.account_id', '=', accountId),
    )
    .execute();
}
