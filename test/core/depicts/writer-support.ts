import type { Store } from '../../../src/core/store/store.ts';
import type { Match } from './support.ts';

/** Tests of the writer share a database: what one left under way is not the next one's. */
export async function endRuns(store: Store): Promise<void> {
  await store.db.updateTable('runs').set({ state: 'stopped', retry_at: null }).execute();
}

/** What the log has about the statements of these matches. */
export function auditOf(store: Store, matches: readonly Match[]) {
  const subjects = matches.map(({ pageId }) => `M${pageId} Q1`);
  return store.db.selectFrom('audit').selectAll().where('subject', 'in', subjects).orderBy('id').execute();
}
