import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { isDuplicate, type Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';

describe.each(engines())('the store on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  let count = 0;
  const key = () => `key-${++count}`;

  it('has every table that the code knows, with its columns', async () => {
    const tables = await store.db.introspection.getTables();
    const names = tables
      .map((table) => table.name)
      .filter((name) => !name.startsWith('kysely_'))
      .sort();
    expect(names).toEqual(
      [
        'account_notices',
        'account_pace',
        'account_profiles',
        'account_tokens',
        'accounts',
        'administrators',
        'audit',
        'ballots',
        'block_list',
        'channel_codes',
        'channels',
        'check_answers',
        'crawl_members',
        'crawl_queue',
        'csp_allowed',
        'csp_approvals',
        'csp_changes',
        'csp_denied',
        'csp_own_violations',
        'csp_pending',
        'csp_shared_hosts',
        'csp_source_details',
        'csp_sources',
        'csp_violations',
        'embeddings',
        'face_boxes',
        'faces',
        'files',
        'identities',
        'import_ids',
        'invitations',
        'item_redirects',
        'kept_counts',
        'kept_votes',
        'leases',
        'link_requests',
        'matched_persons',
        'matrix_handled',
        'matrix_messages',
        'matrix_reactions',
        'matrix_state',
        'passkeys',
        'portraits',
        'posts',
        'project_exclusions',
        'project_files',
        'project_members',
        'project_origins',
        'project_persons',
        'project_references',
        'projects',
        'question_faces',
        'questions',
        'reactions',
        'reopenings',
        'room_events',
        'room_messages',
        'room_reactions',
        'runs',
        'sdc_claims',
        'sessions',
        'settings',
        'site_blocks',
        'skips',
        'suggestions',
        'verdicts',
        'votes',
        'workers',
      ].sort(),
    );
  });

  it('answers at all', async () => {
    const { rows } = await sql<{ one: number }>`select 1 as one`.execute(store.db);
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('counts ids up and never gives one out twice, not even after a deletion', async () => {
    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      const { id } = await store.db
        .insertInto('audit')
        .values({ at: i, account_id: null, action: 'a', subject: 's', detail: '{}', hash: key() })
        .returning('id')
        .executeTakeFirstOrThrow();
      seen.push(id);
      await store.db.deleteFrom('audit').where('id', '=', id).execute();
    }
    expect(new Set(seen).size).toBe(5);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('answers counts and sums as numbers', async () => {
    const { id: project } = await addProject(store, { votes_needed: 2 });
    const row = await store.db
      .selectFrom('projects')
      .select((eb) => [eb.fn.countAll<number>().as('n'), eb.fn.sum<number>('votes_needed').as('votes')])
      .where('id', '=', project)
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ n: 1, votes: 2 });
  });

  it('says so when a unique key is there already, and changes nothing', async () => {
    const name = key();
    await store.db.insertInto('settings').values({ name, value: 'first' }).execute();
    const error = await store.db
      .insertInto('settings')
      .values({ name, value: 'second' })
      .execute()
      .catch((e) => e);
    expect(isDuplicate(error)).toBe(true);
    const row = await store.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.value).toBe('first');
  });

  it('refuses a row that points nowhere', async () => {
    await expect(
      store.db
        .insertInto('account_tokens')
        .values({
          account_id: 999_999_999,
          access_token: new Uint8Array([1]),
          refresh_token: null,
          token_expires_at: 0,
          broken_at: null,
          broken_reason: null,
        })
        .execute(),
    ).rejects.toThrow(/foreign key/i);
  });

  it('counts rows that an update found, changed or not', async () => {
    const name = key();
    await store.db.insertInto('settings').values({ name, value: 'same' }).execute();
    const again = await store.db
      .updateTable('settings')
      .set({ value: 'same' })
      .where('name', '=', name)
      .executeTakeFirst();
    expect(again.numUpdatedRows).toBe(1n);
    const none = await store.db
      .updateTable('settings')
      .set({ value: 'x' })
      .where('name', '=', key())
      .executeTakeFirst();
    expect(none.numUpdatedRows).toBe(0n);
  });

  it('treats what looks like SQL as text', async () => {
    const name = key();
    const value = "'; delete from settings; --";
    await store.db.insertInto('settings').values({ name, value }).execute();
    const found = await store.db.selectFrom('settings').select('name').where('value', '=', value).execute();
    expect(found).toEqual([{ name }]);
  });
});
