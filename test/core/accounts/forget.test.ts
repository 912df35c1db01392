import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signIn } from '../../../src/core/accounts/accounts.ts';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { confirmLink, startLink, unlinkChatUser } from '../../../src/core/accounts/linking.ts';
import { createSessions } from '../../../src/core/accounts/sessions.ts';
import { firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { postMessage } from '../../../src/core/room/messages.ts';
import { addReaction } from '../../../src/core/room/reactions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { placesOf } from '../../support/words.ts';
import { fakeClock } from '../wiki/fakes.ts';

const NAME = 'Zebedee Quux';
const CENTRAL_ID = '770077007700';
const CHAT_ID = 'chat-user-5150';
const EARLIER_CHAT_ID = 'earlier-user-5151';
const NICK = 'Zebby the nick';

describe('forgetting an account', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  let account: number;
  let post: number;
  let projectId: number;
  let faceId: number;

  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    const fernet = createFernet([Buffer.alloc(32, 1).toString('base64')], clock, randomBytes);
    const entered = await signIn(
      { store, clock, secret: 'a secret', fernet },
      {
        profile: {
          centralId: CENTRAL_ID,
          username: NAME,
          editCount: 1,
          blocked: false,
          groups: [],
          grants: [],
          registeredAt: null,
        },
        tokens: { accessToken: 'an access token', refreshToken: 'a refresh token', expiresAt: 1 },
      },
    );
    account = entered.id;
    const link = async (externalId: string) => {
      const user = { platform: 'room', externalId, displayName: NICK };
      await confirmLink({ store, clock }, await startLink({ store, clock }, user), account);
    };
    await link(EARLIER_CHAT_ID);
    await unlinkChatUser({ store, clock }, 'room', EARLIER_CHAT_ID);
    await link(CHAT_ID);
    await createSessions({ store, clock }).create('session id', { accountId: account });

    projectId = (await addProject(store, { votes_needed: 2 })).id;
    await addMember(store, projectId, { accountId: account });
    ({ faceId } = await addPortrait(store, projectId));
    const channel = await addChannel(store, projectId);
    const question = await store.transaction((trx) =>
      openQuestion(trx, { projectId, kind: 'single', person: 'Q1', faceIds: [faceId] }, channel, clock.now()),
    );
    post = question.postId;
    for (const external_user of [CHAT_ID, EARLIER_CHAT_ID, 'somebody else']) {
      await store.db
        .insertInto('reactions')
        .values({
          post_id: post,
          external_user,
          emoji: '✅',
          event_id: null,
          added_at: 0,
          removed_at: null,
        })
        .execute();
      await store.db
        .insertInto('settings')
        .values({ name: `hint room ${external_user}`, value: '1' })
        .execute();
    }
    await castBallot(
      { store, clock, nudges: notedNudges() },
      {
        projectId,
        accountId: account,
        answers: [{ faceId, person: 'Q1', answer: 'yes' }],
        questionId: question.questionId,
        platform: 'room',
      },
    );
    await store.db.updateTable('posts').set({ shown: 5, wanted: 5 }).execute();
    const room = { store, clock, nudges: notedNudges() };
    const user = { id: CHAT_ID, name: NICK };
    await postMessage(room, { channel: 'practice', user, body: { text: `I am ${NAME}` } });
    const told = { text: `You are now linked to the Wikimedia account ${NAME}` };
    await postMessage(room, { channel: 'practice', user: null, body: told, onlyFor: CHAT_ID });
    const messageId = await postMessage(room, { channel: 'practice', user: null, body: { text: 'Hello' } });
    await addReaction(room, { messageId, user, emoji: '👋' });
  });
  afterAll(() => dispose());

  it('finds the person before, so that the search below means something', async () => {
    expect(await placesOf(store, [NAME, CENTRAL_ID, NICK])).toEqual([
      'account_profiles.central_id',
      'account_profiles.username',
      'identities.display_name',
      'link_requests.display_name',
      'room_events.user_name',
      'room_messages.body',
      'room_messages.user_name',
    ]);
    expect(await placesOf(store, [CHAT_ID, EARLIER_CHAT_ID])).toEqual([
      'identities.external_id',
      'link_requests.external_id',
      'reactions.external_user',
      'room_events.user_id',
      'room_messages.only_for',
      'room_messages.user_id',
      'room_reactions.user_id',
      'settings.name',
    ]);
  });

  it('leaves nothing that can identify the person', async () => {
    const before = await store.db.selectFrom('votes').selectAll().execute();
    await forgetAccount({ store, clock, nudges: notedNudges() }, account);
    expect(await placesOf(store, [NAME, CENTRAL_ID, NICK, CHAT_ID, EARLIER_CHAT_ID])).toEqual([]);
    for (const table of ['account_tokens', 'account_profiles', 'identities', 'sessions'] as const) {
      expect(
        await store.db
          .selectFrom(table as 'identities')
          .selectAll()
          .where('account_id', '=', account)
          .execute(),
        table,
      ).toEqual([]);
    }
    expect(await store.db.selectFrom('votes').selectAll().execute()).toEqual(before);
  });

  it('keeps the keyed hash, what others did, and a whole audit log', async () => {
    const row = await store.db
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', account)
      .executeTakeFirstOrThrow();
    expect(row.forgotten_at).toBe(clock.now());
    expect(row.central_hash).toHaveLength(32);
    const reactions = await store.db.selectFrom('reactions').select('external_user').execute();
    expect(reactions).toEqual([{ external_user: 'somebody else' }]);
    const actions = await store.db.selectFrom('audit').select(['account_id', 'action']).execute();
    expect(actions.at(-1)).toEqual({ account_id: account, action: 'account forgotten' });
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('has the posts that name the voters shown anew', async () => {
    const row = await store.db
      .selectFrom('posts')
      .select(['wanted', 'shown'])
      .where('id', '=', post)
      .executeTakeFirstOrThrow();
    expect(row.wanted).toBeGreaterThan(row.shown);
  });

  it('lets a vote of somebody who left stand', async () => {
    const other = await addMember(store, projectId);
    await castBallot(
      { store, clock, nudges: notedNudges() },
      {
        projectId,
        accountId: other,
        answers: [{ faceId, person: 'Q1', answer: 'yes' }],
        questionId: null,
        platform: 'web',
      },
    );
    const verdict = await store.db.selectFrom('verdicts').select('verdict').executeTakeFirstOrThrow();
    expect(verdict.verdict).toBe('match');
  });
});
