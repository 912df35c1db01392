import type { Store } from '../../src/core/store/store.ts';
import { addMember, addProject } from './people.ts';
import { addPortrait } from './pictures.ts';

/** A face with the votes of one member from three places, as the tables before 0006 have them, in a project of its own. */
export async function addOldVotes(store: Store) {
  const { id: projectId } = await addProject(store);
  const accountId = await addMember(store, projectId);
  const { faceId } = await addPortrait(store, projectId);
  for (const [platform, answer] of [
    ['import', 'yes'],
    ['room', 'no'],
    ['web', 'yes'],
  ] as const)
    await store.db
      .insertInto('votes')
      .values({
        project_id: projectId,
        face_id: faceId,
        person: 'Q1',
        account_id: accountId,
        answer,
        decides: 0,
        question_id: null,
        platform,
        voted_at: 1,
      })
      .execute();
  return { projectId, accountId, faceId };
}
