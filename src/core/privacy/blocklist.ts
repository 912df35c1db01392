import { assertAdmin } from '../accounts/admins.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { reason } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import { projectChanged } from '../projects/changes.ts';
import type { BlockKind } from '../store/schema.ts';
import { type Db, isDuplicate, type Store, type Trx } from '../store/store.ts';
import { eraseEmbeddings } from './embeddings.ts';

export interface BlockDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

export interface Blocked {
  readonly id: number;
  readonly kind: BlockKind;
  /** Q-id or page id. */
  readonly subject: string;
  readonly label: string;
  readonly reason: string;
  readonly blockedAt: number;
}

/** What is on the list, the latest first. */
export async function blockList(store: Store): Promise<Blocked[]> {
  const rows = await store.db.selectFrom('block_list').selectAll().orderBy('id', 'desc').execute();
  return rows.map(({ id, kind, subject, label, reason, blocked_at }) => ({
    id,
    kind,
    subject,
    label,
    reason,
    blockedAt: blocked_at,
  }));
}

/**
 * Nobody looks for this person any more, in any project (SECURITY.md, S19): suggestions, embeddings of confirmed faces
 * and open questions go at once, posts as soon as the chats can be reached, and what was said about the person
 * after that (`purge.ts`). A project that looked for nobody else is paused. Statements that are on the wiki stay
 * there; their number is returned.
 * @throws VisavisError `forbidden`, `bad_input`, `conflict` when it is on the list already
 */
export async function blockPerson(
  deps: BlockDeps,
  args: { accountId: number; person: string; label: string; reason: string },
): Promise<{ written: number }> {
  const { store, clock, nudges } = deps;
  const person = args.person.trim().toUpperCase();
  if (!/^Q[1-9]\d*$/.test(person)) throw refusal('block-person');
  const written = await store.transaction(async (trx) => {
    const now = clock.now();
    await assertAdmin(trx, args.accountId);
    const merged = await trx
      .selectFrom('item_redirects')
      .select('item')
      .where('target', '=', person)
      .execute();
    const ids = [person, ...merged.map(({ item }) => item)];
    await insert(store, trx, { ...args, kind: 'person', subject: person, now });
    const faces = await trx
      .selectFrom('verdicts')
      .select('face_id')
      .where('person', 'in', ids)
      .where('verdict', '=', 'match')
      .execute();
    await eraseEmbeddings(
      trx,
      faces.map((face) => face.face_id),
    );
    for (const table of ['suggestions', 'portraits'] as const)
      await trx.deleteFrom(table).where('person', 'in', ids).execute();
    const questions = await trx.selectFrom('questions').select('id').where('person', 'in', ids).execute();
    await eraseQuestions(
      trx,
      questions.map((question) => question.id),
      now,
    );
    await trx
      .updateTable('sdc_claims')
      .set({ state: 'failed', reason: reason('person-blocked'), changed_at: now })
      .where('state', '=', 'queued')
      .where('person', 'in', ids)
      .execute();
    await leaveProjects(trx, ids);
    const { n } = await trx
      .selectFrom('sdc_claims')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('state', '=', 'written')
      .where('person', 'in', ids)
      .executeTakeFirstOrThrow();
    return n;
  });
  nudges.nudge('posts');
  nudges.nudge('work');
  return { written };
}

/**
 * No project has this file any more, and the crawl passes it by. As with persons, what is known of its faces goes.
 * @throws VisavisError `forbidden`, `conflict` when it is on the list already
 */
export async function blockFile(
  deps: BlockDeps,
  args: { accountId: number; pageId: number; label: string; reason: string },
): Promise<void> {
  const { store, clock, nudges } = deps;
  if (!Number.isSafeInteger(args.pageId) || args.pageId < 1) throw refusal('block-file');
  await store.transaction(async (trx) => {
    const now = clock.now();
    await assertAdmin(trx, args.accountId);
    await insert(store, trx, { ...args, kind: 'file', subject: String(args.pageId), now });
    const file = await trx
      .selectFrom('files')
      .select('id')
      .where('page_id', '=', args.pageId)
      .executeTakeFirst();
    if (!file) return;
    const faces = await trx.selectFrom('faces').select('id').where('file_id', '=', file.id).execute();
    const faceIds = faces.map((face) => face.id);
    await eraseEmbeddings(trx, faceIds);
    if (faceIds.length > 0) {
      await trx.deleteFrom('suggestions').where('face_id', 'in', faceIds).execute();
      const questions = await trx
        .selectFrom('question_faces')
        .select('question_id')
        .distinct()
        .where('face_id', 'in', faceIds)
        .execute();
      await eraseQuestions(
        trx,
        questions.map((question) => question.question_id),
        now,
      );
    }
    await trx
      .updateTable('sdc_claims')
      .set({ state: 'failed', reason: reason('file-blocked'), changed_at: now })
      .where('state', '=', 'queued')
      .where('page_id', '=', args.pageId)
      .execute();
    await trx
      .updateTable('crawl_members')
      .set({ state: 'left_out' })
      .where('page_id', '=', args.pageId)
      .execute();
    const projects = await trx
      .selectFrom('project_files')
      .select('project_id')
      .where('file_id', '=', file.id)
      .orderBy('project_id')
      .execute();
    await trx.deleteFrom('project_files').where('file_id', '=', file.id).execute();
    for (const { project_id } of projects) await projectChanged(trx, project_id);
  });
  nudges.nudge('posts');
  nudges.nudge('work');
}

/** What was taken out does not come back by itself: an owner adds the person again, the next crawl the file. */
export async function unblock(deps: BlockDeps, args: { accountId: number; id: number }): Promise<void> {
  const { store, clock } = deps;
  await store.transaction(async (trx) => {
    await assertAdmin(trx, args.accountId);
    const row = await trx
      .selectFrom('block_list')
      .select(['kind', 'subject'])
      .where('id', '=', args.id)
      .executeTakeFirst();
    if (!row) throw refusal('not-blocked');
    await trx.deleteFrom('block_list').where('id', '=', args.id).execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'unblocked',
      subject: `${row.kind} ${row.subject}`,
    });
  });
}

/** Those of the given persons or page ids that are on the list. */
export async function blockedAmong(
  db: Db,
  kind: BlockKind,
  subjects: readonly (string | number)[],
): Promise<ReadonlySet<string>> {
  if (subjects.length === 0) return new Set();
  const rows = await db
    .selectFrom('block_list')
    .select('subject')
    .where('kind', '=', kind)
    .where('subject', 'in', subjects.map(String))
    .execute();
  return new Set(rows.map((row) => row.subject));
}

async function insert(
  store: Store,
  trx: Trx,
  given: {
    kind: BlockKind;
    subject: string;
    label: string;
    reason: string;
    accountId: number;
    now: number;
  },
): Promise<void> {
  const reason = given.reason.trim();
  if (reason === '') throw refusal('block-reason');
  try {
    await trx
      .insertInto('block_list')
      .values({
        kind: given.kind,
        subject: given.subject,
        label: given.label.slice(0, 255),
        reason: reason.slice(0, 1000),
        blocked_by: given.accountId,
        blocked_at: given.now,
      })
      .execute();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw refusal('blocked-already');
  }
  await audit(store, trx, {
    at: given.now,
    accountId: given.accountId,
    action: 'blocked',
    subject: `${given.kind} ${given.subject}`,
    detail: { reason: reason.slice(0, 1000) },
  });
}

/** Closed, and their posts are taken out of the chats. */
export async function eraseQuestions(trx: Trx, questionIds: readonly number[], now: number): Promise<void> {
  for (let start = 0; start < questionIds.length; start += 500) {
    const ids = questionIds.slice(start, start + 500);
    await trx.updateTable('questions').set({ erase: 1 }).where('id', 'in', ids).execute();
    // Not "withdrawn", which keeps faces from being asked about: other faces of a batch are asked about again.
    await trx
      .updateTable('questions')
      .set({ state: 'decided', closed_at: now })
      .where('id', 'in', ids)
      .where('state', '=', 'open')
      .execute();
  }
}

async function leaveProjects(trx: Trx, persons: readonly string[]): Promise<void> {
  const projects = await trx
    .selectFrom('project_persons')
    .select('project_id')
    .distinct()
    .where('person', 'in', persons)
    .orderBy('project_id')
    .execute();
  await trx.deleteFrom('project_persons').where('person', 'in', persons).execute();
  for (const { project_id } of projects) {
    const left = await trx
      .selectFrom('project_persons')
      .select('person')
      .where('project_id', '=', project_id)
      .executeTakeFirst();
    if (!left) {
      await trx
        .updateTable('projects')
        .set({ state: 'paused', paused_reason: 'blocked' })
        .where('id', '=', project_id)
        .where('state', '=', 'active')
        .execute();
    }
    await projectChanged(trx, project_id);
  }
}
