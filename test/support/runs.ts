import type { RunsTable } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';

/** A run that has written what it should, unless the test says otherwise; its id. */
export async function addRun(
  store: Store,
  projectId: number,
  accountId: number,
  given: Partial<Omit<RunsTable, 'id'>> = {},
): Promise<number> {
  const { id } = await store.db
    .insertInto('runs')
    .values({
      project_id: projectId,
      account_id: accountId,
      kind: 'write',
      undoes: null,
      state: 'done',
      reason: null,
      edit_group: 'abcd',
      stop_requested_at: null,
      created_at: 0,
      retry_at: null,
      finished_at: 0,
      channel_id: null,
      message_id: null,
      reported: null,
      ...given,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
