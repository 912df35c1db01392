import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { createTable } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/origins.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'csp_sources',
    { csp_user: 'uint', csp_domain: 'varbinary(255)', csp_timestamp: 'binary(14)' },
    { unique: [['csp_user', 'csp_domain']] },
  );
  await createTable(
    db,
    'csp_source_details',
    {
      csp_user: 'uint',
      csp_domain: 'varbinary(255)',
      paused: 'flag=0',
      note: 'word(255)',
      assurance: 'word(10)',
      approved_at: 'time',
      expires_at: 'time',
      sent_on: 'int?',
    },
    { primary: ['csp_user', 'csp_domain'] },
  );
  await createTable(
    db,
    'csp_pending',
    {
      id: 'id',
      csp_user: 'uint',
      subject: 'word(600)',
      act: 'text',
      created_at: 'time',
      effective_at: 'time',
    },
    { unique: [['csp_user', 'subject']], index: [['effective_at']] },
  );
  await createTable(
    db,
    'csp_approvals',
    {
      id: 'id',
      account_id: 'ref accounts',
      act: 'text',
      nonce: 'word(64)',
      method: 'word(10)',
      created_at: 'time',
      expires_at: 'time',
      approved_at: 'time?',
      used_at: 'time?',
    },
    { index: [['account_id']] },
  );
  await createTable(
    db,
    'passkeys',
    {
      id: 'id',
      account_id: 'ref accounts',
      credential: 'varbinary(1023)',
      public_key: 'bytes',
      counter: 'uint',
      transports: 'word(100)',
      name: 'word(100)',
      created_at: 'time',
      usable_from: 'time',
      used_at: 'time?',
    },
    { unique: [['credential']], index: [['account_id']] },
  );
  await createTable(
    db,
    'account_notices',
    {
      id: 'id',
      account_id: 'ref accounts',
      kind: 'word(30)',
      subject: 'word(600)',
      at: 'time',
      seen_at: 'time?',
    },
    { index: [['account_id']] },
  );
  await administrators(db);
  await reports(db);
  await projects(db);
}

async function administrators(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'csp_denied',
    { host: 'word(253)', reason: 'word(500)', added_by: 'ref accounts', added_at: 'time' },
    { primary: ['host'] },
  );
  await createTable(
    db,
    'csp_allowed',
    { origin: 'word(255)', label: 'word(255)', added_by: 'ref accounts', added_at: 'time' },
    { primary: ['origin'] },
  );
  await createTable(db, 'csp_shared_hosts', { host: 'word(253)', segments: 'int' }, { primary: ['host'] });
  // Hosts that the public suffix list does not know, as they were when this step was written. Those that are there
  // already were put in when this step was cut off.
  await sql`delete from csp_shared_hosts`.execute(db);
  for (const [host, segments] of Object.entries({
    'tools.wmflabs.org': 1,
    'tools-static.wmflabs.org': 1,
    'public-paws.wmcloud.org': 1,
    'raw.githubusercontent.com': 2,
    'gist.githubusercontent.com': 1,
    'cdn.jsdelivr.net': 2,
    'unpkg.com': 1,
    'cdnjs.cloudflare.com': 3,
    'storage.googleapis.com': 1,
    'sites.google.com': 2,
  })) {
    await sql`insert into csp_shared_hosts (host, segments) values (${host}, ${segments})`.execute(db);
  }
}

async function reports(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'csp_violations',
    { origin: 'word(255)', directive: 'word(32)', route: 'word(100)', day: 'int', seen: 'int' },
    { primary: ['day', 'origin', 'directive', 'route'] },
  );
  await createTable(
    db,
    'csp_own_violations',
    { csp_user: 'uint', origin: 'word(255)', directive: 'word(32)', day: 'int' },
    { primary: ['csp_user', 'origin', 'directive'] },
  );
  await createTable(
    db,
    'csp_changes',
    { id: 'id', csp_user: 'uint?', at: 'time' },
    { index: [['csp_user']] },
  );
}

async function projects(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'project_origins',
    {
      project_id: 'ref projects',
      origin: 'word(255)',
      who: 'word(255)',
      purpose: 'word(500)',
      added_by: 'ref accounts',
      added_at: 'time',
    },
    { primary: ['project_id', 'origin'] },
  );
  await createTable(
    db,
    'project_references',
    {
      id: 'id',
      project_id: 'ref projects',
      person: 'word(20)',
      kind: 'word(10)',
      url: 'text',
      title: 'word(255)',
      added_by: 'ref accounts',
      added_at: 'time',
    },
    { index: [['project_id', 'person']] },
  );
}
