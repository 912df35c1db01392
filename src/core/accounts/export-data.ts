import { type ExportedSources, exportSources } from '../origins/export.ts';
import type { Clock } from '../platform/clock.ts';
import { refusal } from '../platform/refusals.ts';
import type { Answer, Millis } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** Everything that is kept about a person, for the person. Times are ISO 8601, UTC. No tokens and no sessions' ids. */
export interface AccountExport {
  readonly exportedAt: string;
  readonly profile: {
    readonly username: string;
    readonly centralId: string;
    readonly editCount: number;
    readonly groups: unknown;
    readonly registeredAt: string | null;
    readonly blocked: boolean;
    /** Which of the operator's rules the account does not meet. */
    readonly barred: string | null;
    readonly language: string | null;
    readonly hiddenOnLeaderboard: boolean;
    readonly lastSeenAt: string;
  };
  /** Browsers that are signed in. */
  readonly sessions: number;
  readonly identities: readonly Record<string, unknown>[];
  readonly memberships: readonly Record<string, unknown>[];
  readonly votes: readonly {
    readonly at: string;
    readonly project: number;
    readonly file: string;
    readonly face: number;
    readonly person: string;
    /** null: an earlier answer was taken back. */
    readonly answer: Answer | null;
    readonly platform: string;
    readonly decides: boolean;
    readonly undone: boolean;
  }[];
  /** Answers to questions that were asked to see who looks. */
  readonly checks: readonly Record<string, unknown>[];
  readonly skips: readonly Record<string, unknown>[];
  /** Boxes that the account drew, drew anew or withdrew. */
  readonly boxes: readonly Record<string, unknown>[];
  /** Origins that the account allowed data from, its passkeys, and what was blocked for it. */
  readonly dataSources: ExportedSources;
  /** What the linked chat names put below the bot's posts. */
  readonly reactions: readonly Record<string, unknown>[];
  readonly runs: readonly Record<string, unknown>[];
  /** What the audit log says that the account did. */
  readonly log: readonly Record<string, unknown>[];
}

/** @throws VisavisError `not_found` when the account was forgotten */
export async function exportAccount(
  { store, clock }: { store: Store; clock: Clock },
  accountId: number,
): Promise<AccountExport> {
  const profile = await store.db
    .selectFrom('account_profiles')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!profile) throw refusal('account-unknown');
  return {
    exportedAt: iso(clock.now()),
    profile: {
      username: profile.username,
      centralId: profile.central_id,
      editCount: profile.edit_count,
      groups: JSON.parse(profile.user_groups),
      registeredAt: isoOrNull(profile.registered_at),
      blocked: profile.blocked === 1,
      barred: profile.barred,
      language: profile.language,
      hiddenOnLeaderboard: profile.hidden === 1,
      lastSeenAt: iso(profile.seen_at),
    },
    sessions: await countSessions(store, accountId, clock.now()),
    identities: await identities(store, accountId),
    memberships: await memberships(store, accountId),
    votes: await votes(store, accountId),
    checks: await checks(store, accountId),
    skips: await skips(store, accountId),
    boxes: await boxes(store, accountId),
    dataSources: await exportSources(store, accountId),
    reactions: await reactions(store, accountId),
    runs: await runs(store, accountId),
    log: await log(store, accountId),
  };
}

async function countSessions({ db }: Store, accountId: number, now: Millis): Promise<number> {
  const { n } = await db
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return n;
}

async function identities({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('identities')
    .select(['platform', 'external_id', 'display_name', 'linked_at'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    platform: row.platform,
    id: row.external_id,
    name: row.display_name,
    linkedAt: iso(row.linked_at),
  }));
}

async function memberships({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('project_members')
    .innerJoin('projects', 'projects.id', 'project_members.project_id')
    .select(['projects.id', 'title', 'role', 'status', 'joined_at', 'banned_at'])
    .where('account_id', '=', accountId)
    .orderBy('projects.id')
    .execute();
  return rows.map((row) => ({
    project: row.id,
    title: row.title,
    role: row.role,
    status: row.status,
    joinedAt: iso(row.joined_at),
    bannedAt: isoOrNull(row.banned_at),
  }));
}

async function votes({ db }: Store, accountId: number): Promise<AccountExport['votes']> {
  const rows = await db
    .selectFrom('votes')
    .innerJoin('faces', 'faces.id', 'votes.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .leftJoin('ballots', 'ballots.id', 'votes.ballot_id')
    .select(['voted_at', 'votes.project_id', 'files.title', 'face_id', 'person', 'answer', 'platform'])
    .select(['decides', 'undone_at'])
    .where('votes.account_id', '=', accountId)
    .orderBy('votes.id')
    .execute();
  return rows.map((row) => ({
    at: iso(row.voted_at),
    project: row.project_id,
    file: row.title,
    face: row.face_id,
    person: row.person,
    answer: row.answer,
    platform: row.platform,
    decides: row.decides === 1,
    undone: row.undone_at !== null,
  }));
}

async function checks({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('check_answers')
    .select(['answered_at', 'project_id', 'face_id', 'person', 'answer'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    at: iso(row.answered_at),
    project: row.project_id,
    face: row.face_id,
    person: row.person,
    answer: row.answer,
  }));
}

async function skips({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('skips')
    .select(['skipped_at', 'project_id', 'face_id', 'person'])
    .where('account_id', '=', accountId)
    .orderBy('skipped_at')
    .orderBy('face_id')
    .execute();
  return rows.map((row) => ({
    at: iso(row.skipped_at),
    project: row.project_id,
    face: row.face_id,
    person: row.person,
  }));
}

async function boxes({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('face_boxes')
    .select(['done_at', 'project_id', 'face_id', 'act', 'x', 'y', 'w', 'h'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    at: iso(row.done_at),
    project: row.project_id,
    face: row.face_id,
    act: row.act,
    box: [row.x, row.y, row.w, row.h],
  }));
}

async function reactions({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('reactions')
    .innerJoin('posts', 'posts.id', 'reactions.post_id')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('identities', (join) =>
      join
        .onRef('identities.platform', '=', 'channels.platform')
        .onRef('identities.external_id', '=', 'reactions.external_user'),
    )
    .select(['channels.platform', 'posts.question_id', 'emoji', 'added_at', 'removed_at'])
    .where('identities.account_id', '=', accountId)
    .orderBy('reactions.id')
    .execute();
  return rows.map((row) => ({
    platform: row.platform,
    question: row.question_id,
    emoji: row.emoji,
    addedAt: iso(row.added_at),
    removedAt: isoOrNull(row.removed_at),
  }));
}

async function runs({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'project_id', 'kind', 'state', 'edit_group', 'created_at', 'finished_at'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    run: row.id,
    project: row.project_id,
    kind: row.kind,
    state: row.state,
    editGroup: row.edit_group,
    createdAt: iso(row.created_at),
    finishedAt: isoOrNull(row.finished_at),
  }));
}

async function log({ db }: Store, accountId: number) {
  const rows = await db
    .selectFrom('audit')
    .select(['at', 'action', 'subject'])
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ at: iso(row.at), action: row.action, subject: row.subject }));
}

function iso(at: Millis): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: Millis | null): string | null {
  return at === null ? null : iso(at);
}
