import type { Kysely } from 'kysely';
import { createTable } from '../src/core/store/ddl.ts';

/** The tables of the whole way. What each column means stands in `src/core/store/schema.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await people(db);
  await projects(db);
  await pictures(db);
  await review(db);
  await writing(db);
  await house(db);
  await room(db);
}

async function people(db: Kysely<unknown>) {
  await createTable(
    db,
    'accounts',
    { id: 'id', central_hash: 'hash', created_at: 'time', forgotten_at: 'time?' },
    { unique: [['central_hash']] },
  );
  await createTable(
    db,
    'account_profiles',
    {
      account_id: 'ref accounts',
      central_id: 'word(64)',
      username: 'word(255)',
      edit_count: 'int',
      user_groups: 'text',
      registered_at: 'time?',
      blocked: 'flag',
      language: 'word(20)?',
      seen_at: 'time',
    },
    { primary: ['account_id'], unique: [['central_id']] },
  );
  await createTable(
    db,
    'account_tokens',
    {
      account_id: 'ref accounts',
      access_token: 'bytes',
      refresh_token: 'bytes?',
      token_expires_at: 'time',
      broken_at: 'time?',
      broken_reason: 'text?',
    },
    { primary: ['account_id'] },
  );
  await createTable(
    db,
    'sessions',
    { id_hash: 'hash', account_id: 'int?', data: 'text', created_at: 'time', expires_at: 'time' },
    { primary: ['id_hash'], index: [['expires_at'], ['account_id']] },
  );
  await createTable(
    db,
    'identities',
    {
      id: 'id',
      account_id: 'ref accounts',
      platform: 'word(20)',
      external_id: 'word(255)',
      display_name: 'word(255)',
      linked_at: 'time',
    },
    { unique: [['platform', 'external_id']], index: [['account_id']] },
  );
  await createTable(
    db,
    'link_requests',
    {
      token_hash: 'hash',
      platform: 'word(20)',
      external_id: 'word(255)',
      display_name: 'word(255)',
      created_at: 'time',
      expires_at: 'time',
      used_at: 'time?',
      account_id: 'int?',
      told_at: 'time?',
    },
    { primary: ['token_hash'], index: [['expires_at'], ['platform', 'external_id']] },
  );
}

async function projects(db: Kysely<unknown>) {
  await createTable(
    db,
    'projects',
    {
      id: 'id',
      title: 'word(255)',
      category: 'word(255)',
      state: 'word(20)',
      language: 'word(20)',
      votes_needed: 'int',
      threshold: 'real',
      min_confirmed: 'int',
      open: 'flag',
      matching: 'flag',
      depth: 'int',
      file_cap: 'int',
      created_by: 'ref accounts',
      created_at: 'time',
      crawled_at: 'time?',
      crawl_wanted_at: 'time?',
      bootstrapped_at: 'time?',
      change_number: 'int=1',
      matched_change: 'int=0',
    },
    { index: [['state'], ['category']] },
  );
  await createTable(
    db,
    'project_persons',
    {
      project_id: 'ref projects',
      person: 'word(20)',
      label: 'word(255)',
      description: 'word(500)',
      portrait_title: 'word(255)?',
      portrait_url: 'text?',
      position: 'int',
    },
    { primary: ['project_id', 'person'], index: [['person']] },
  );
  await createTable(
    db,
    'project_members',
    {
      project_id: 'ref projects',
      account_id: 'ref accounts',
      role: 'word(20)',
      status: 'word(20)',
      joined_at: 'time',
    },
    { primary: ['project_id', 'account_id'], index: [['account_id']] },
  );
  await createTable(
    db,
    'channels',
    {
      id: 'id',
      platform: 'word(20)',
      external_id: 'word(255)',
      name: 'word(255)',
      project_id: 'int?',
      max_open: 'int',
      bound_by: 'int?',
      bound_at: 'time?',
    },
    { unique: [['platform', 'external_id']], index: [['project_id']] },
  );
}

async function pictures(db: Kysely<unknown>) {
  await createTable(
    db,
    'crawl_queue',
    { project_id: 'ref projects', category: 'word(255)', depth: 'int', next_page: 'text?', done_at: 'time?' },
    { primary: ['project_id', 'category'] },
  );
  await createTable(
    db,
    'files',
    {
      id: 'id',
      page_id: 'int',
      title: 'word(255)',
      sha1: 'word(40)',
      width: 'int',
      height: 'int',
      mime: 'word(100)',
      thumb_url: 'text',
      page_url: 'text',
      author: 'text',
      licence: 'word(255)',
      licence_url: 'text?',
      state: 'word(20)',
      reason: 'text?',
      attempts: 'int=0',
      retry_at: 'time?',
      detected_at: 'time?',
      lease_owner: 'word(100)?',
      lease_expires_at: 'time?',
      fence: 'int=0',
    },
    { unique: [['page_id']], index: [['state', 'lease_expires_at']] },
  );
  await createTable(
    db,
    'project_files',
    { project_id: 'ref projects', file_id: 'ref files', depicts: 'word(20)?', added_at: 'time' },
    { primary: ['project_id', 'file_id'], index: [['file_id']] },
  );
  await createTable(
    db,
    'faces',
    {
      id: 'id',
      file_id: 'ref files',
      sha1: 'word(40)',
      x: 'real',
      y: 'real',
      w: 'real',
      h: 'real',
      score: 'real',
      landmarks: 'text',
      model: 'word(100)',
      seen_width: 'int',
      seen_height: 'int',
      source: 'word(20)',
      created_at: 'time',
    },
    { index: [['file_id']] },
  );
  await createTable(
    db,
    'embeddings',
    { face_id: 'ref faces', model: 'word(100)', vector: 'bytes' },
    { primary: ['face_id', 'model'] },
  );
  await createTable(
    db,
    'suggestions',
    {
      project_id: 'ref projects',
      face_id: 'ref faces',
      person: 'word(20)',
      distance: 'real',
      suggested: 'flag',
    },
    { primary: ['project_id', 'face_id', 'person'], index: [['project_id', 'distance']] },
  );
}

async function review(db: Kysely<unknown>) {
  await createTable(
    db,
    'questions',
    {
      id: 'id',
      project_id: 'ref projects',
      kind: 'word(20)',
      person: 'word(20)',
      state: 'word(20)',
      created_at: 'time',
      closed_at: 'time?',
    },
    { index: [['project_id', 'state']] },
  );
  await createTable(
    db,
    'question_faces',
    { question_id: 'ref questions', face_id: 'ref faces', position: 'int' },
    { primary: ['question_id', 'face_id'], unique: [['question_id', 'position']], index: [['face_id']] },
  );
  await createTable(
    db,
    'posts',
    {
      id: 'id',
      question_id: 'ref questions',
      channel_id: 'ref channels',
      state: 'word(20)',
      external_id: 'word(255)?',
      wanted: 'int=1',
      shown: 'int=0',
      created_at: 'time',
      posted_at: 'time?',
    },
    { unique: [['question_id', 'channel_id']], index: [['channel_id', 'external_id'], ['state']] },
  );
  await createTable(
    db,
    'reactions',
    {
      id: 'id',
      post_id: 'ref posts',
      external_user: 'word(255)',
      emoji: 'word(100)',
      event_id: 'word(255)?',
      added_at: 'time',
      removed_at: 'time?',
    },
    { index: [['post_id', 'external_user'], ['event_id']] },
  );
  await createTable(
    db,
    'votes',
    {
      id: 'id',
      project_id: 'ref projects',
      face_id: 'ref faces',
      person: 'word(20)',
      account_id: 'ref accounts',
      answer: 'word(10)?',
      decides: 'flag',
      question_id: 'int?',
      platform: 'word(20)',
      voted_at: 'time',
    },
    {
      index: [
        ['project_id', 'face_id', 'person'],
        ['account_id', 'voted_at'],
      ],
    },
  );
  await createTable(
    db,
    'verdicts',
    {
      project_id: 'ref projects',
      face_id: 'ref faces',
      person: 'word(20)',
      verdict: 'word(20)',
      source: 'word(20)',
      changed_at: 'time',
    },
    { primary: ['project_id', 'face_id', 'person'], index: [['project_id', 'person', 'verdict']] },
  );
}

async function writing(db: Kysely<unknown>) {
  await createTable(
    db,
    'runs',
    {
      id: 'id',
      project_id: 'ref projects',
      account_id: 'ref accounts',
      kind: 'word(10)',
      undoes: 'int?',
      state: 'word(20)',
      reason: 'text?',
      edit_group: 'word(32)',
      stop_requested_at: 'time?',
      created_at: 'time',
      retry_at: 'time?',
      finished_at: 'time?',
      channel_id: 'int?',
      message_id: 'word(255)?',
      reported: 'text?',
    },
    { index: [['state'], ['project_id']] },
  );
  await createTable(
    db,
    'sdc_claims',
    {
      id: 'id',
      page_id: 'int',
      person: 'word(20)',
      project_id: 'ref projects',
      face_id: 'int?',
      statement_id: 'word(100)',
      state: 'word(20)',
      reason: 'text?',
      account_id: 'ref accounts',
      run_id: 'ref runs',
      undo_run_id: 'int?',
      revision: 'int?',
      changed_at: 'time',
    },
    {
      unique: [['page_id', 'person']],
      index: [
        ['run_id', 'state'],
        ['project_id', 'state'],
      ],
    },
  );
}

async function house(db: Kysely<unknown>) {
  await createTable(
    db,
    'leases',
    { name: 'word(150)', owner: 'word(100)?', expires_at: 'time', fence: 'int' },
    { primary: ['name'] },
  );
  await createTable(
    db,
    'workers',
    { id: 'word(100)', roles: 'word(100)', host: 'word(255)', started_at: 'time', seen_at: 'time' },
    { primary: ['id'] },
  );
  await createTable(
    db,
    'audit',
    {
      id: 'id',
      at: 'time',
      account_id: 'int?',
      action: 'word(50)',
      subject: 'word(255)',
      detail: 'text',
      hash: 'word(64)',
    },
    { unique: [['hash']], index: [['at']] },
  );
  await createTable(db, 'settings', { name: 'word(100)', value: 'text' }, { primary: ['name'] });
}

async function room(db: Kysely<unknown>) {
  await createTable(
    db,
    'room_messages',
    {
      id: 'id',
      channel: 'word(100)',
      user_id: 'word(100)?',
      user_name: 'word(255)',
      only_for: 'word(100)?',
      body: 'text',
      picture: 'bytes?',
      send_key: 'word(100)?',
      sent_at: 'time',
      edited_at: 'time?',
      deleted_at: 'time?',
    },
    { unique: [['send_key']], index: [['channel', 'id']] },
  );
  await createTable(
    db,
    'room_reactions',
    { message_id: 'ref room_messages', user_id: 'word(100)', emoji: 'word(100)', added_at: 'time' },
    { primary: ['message_id', 'user_id', 'emoji'] },
  );
  await createTable(db, 'room_events', {
    id: 'id',
    kind: 'word(20)',
    message_id: 'ref room_messages',
    user_id: 'word(100)',
    user_name: 'word(255)',
    emoji: 'word(100)?',
    at: 'time',
  });
}
