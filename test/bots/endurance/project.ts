import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import type { Stage } from './stages.ts';

export interface Member {
  readonly accountId: number;
  /** By platform. */
  readonly ids: Readonly<Record<string, string>>;
}

/**
 * A project with one face in each picture, asked in the channel of each stage, `pictures` in each; and members who
 * are linked everywhere.
 */
export async function askOn(
  store: Store,
  stages: readonly Stage[],
  given: { pictures: number; people: number; votesNeeded: number },
): Promise<Member[]> {
  const { id: projectId } = await addProject(store, {
    crawled_at: 1,
    check_every: 0,
    matching: 0,
    votes_needed: given.votesNeeded,
  });
  for (const stage of stages) {
    const channelId = await addChannel(store, projectId);
    await store.db
      .updateTable('channels')
      .set({ platform: stage.platform, external_id: stage.channel, max_open: given.pictures })
      .where('id', '=', channelId)
      .execute();
    for (let i = 0; i < given.pictures; i++)
      await addFace(
        store,
        await addFile(store, projectId, { author: 'A. Photographer', licence: 'CC BY 4.0' }),
      );
  }
  const members: Member[] = [];
  for (let i = 0; i < given.people; i++) {
    const accountId = await addAccount(store, { username: `Person ${i}` });
    await addMember(store, projectId, { accountId });
    const ids = Object.fromEntries(stages.map((stage) => [stage.platform, stage.person(`person${i}`)]));
    for (const [platform, external_id] of Object.entries(ids))
      await store.db
        .insertInto('identities')
        .values({
          account_id: accountId,
          platform: platform as Stage['platform'],
          external_id,
          display_name: `Person ${i}`,
          linked_at: 0,
        })
        .execute();
    members.push({ accountId, ids });
  }
  return members;
}

/** How many questions are posted to the end, with everything below them. */
export async function countShown(store: Store): Promise<number> {
  const rows = await store.db
    .selectFrom('posts')
    .select('id')
    .where('state', '=', 'up')
    .whereRef('shown', '=', 'wanted')
    .execute();
  return rows.length;
}

/** Everybody's votes in their order, by `MESSAGE ACCOUNT`: the message asks about the face. */
export async function votesByMessage(store: Store): Promise<Map<string, (string | null)[]>> {
  const rows = await store.db
    .selectFrom('votes')
    .innerJoin('question_faces', 'question_faces.face_id', 'votes.face_id')
    .innerJoin('posts', 'posts.question_id', 'question_faces.question_id')
    .select(['posts.external_id', 'votes.account_id', 'votes.answer'])
    .orderBy('votes.id')
    .execute();
  const found = Map.groupBy(rows, (row) => `${row.external_id} ${row.account_id}`);
  return new Map([...found].map(([key, all]) => [key, all.map((row) => row.answer)]));
}
