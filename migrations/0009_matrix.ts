import type { Kysely } from 'kysely';
import { createTable } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/matrix.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'matrix_state', { name: 'word(255)', value: 'text' }, { primary: ['name'] });
  await createTable(
    db,
    'matrix_messages',
    {
      txn_id: 'word(64)',
      room_id: 'word(255)',
      event_id: 'word(255)?',
      picture: 'text?',
      sent_at: 'time',
      gone_at: 'time?',
    },
    { primary: ['txn_id'], unique: [['event_id']] },
  );
  await createTable(
    db,
    'matrix_reactions',
    {
      event_id: 'word(255)',
      room_id: 'word(255)',
      message_id: 'word(255)',
      user_id: 'word(255)',
      emoji: 'word(100)',
      seen_at: 'time',
      removed_at: 'time?',
    },
    { primary: ['event_id'], index: [['message_id', 'user_id'], ['user_id']] },
  );
  await createTable(
    db,
    'matrix_handled',
    { event_id: 'word(255)', seen_at: 'time' },
    { primary: ['event_id'], index: [['seen_at']] },
  );
}
