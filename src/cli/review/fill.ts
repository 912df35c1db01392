/** Puts a world into an empty database, as if its files had been crawled and its faces found. */
import { randomBytes } from 'node:crypto';
import { vectorToBytes } from '../../core/faces/vectors.ts';
import type { Clock } from '../../core/platform/clock.ts';
import type { Store } from '../../core/store/store.ts';
import type { World } from './world.ts';

export const MODEL = 'bench';

export interface FilledFace {
  readonly file: number;
  /** Who it really is. */
  readonly person: string | null;
}

/** @returns the faces by their ids, and the ids of the files in the world's order */
export async function fillFiles(
  store: Store,
  world: World,
): Promise<{ faces: Map<number, FilledFace>; fileIds: number[] }> {
  const faces = new Map<number, FilledFace>();
  const fileIds: number[] = [];
  for (const [file, found] of world.files.entries()) {
    const sha1 = file.toString(16).padStart(40, '0');
    const { id } = await store.db
      .insertInto('files')
      .values({
        page_id: file + 1,
        title: `File:Picture ${file + 1}.jpg`,
        sha1,
        width: 1280,
        height: 960,
        mime: 'image/jpeg',
        thumb_url: '',
        page_url: '',
        author: '',
        licence: '',
        licence_url: null,
        state: 'detected',
        reason: null,
        retry_at: null,
        detected_at: 0,
        lease_owner: null,
        lease_expires_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    fileIds.push(id);
    for (const { box, quality, heightPx, vector, person } of found) {
      const [x, y, w, h] = box;
      const { id: faceId } = await store.db
        .insertInto('faces')
        .values({
          file_id: id,
          sha1,
          x,
          y,
          w,
          h,
          score: 1,
          quality,
          landmarks: '[]',
          model: MODEL,
          seen_width: 0,
          seen_height: Math.round(heightPx / h),
          source: 'detector',
          created_at: 0,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await store.db
        .insertInto('embeddings')
        .values({ face_id: faceId, model: MODEL, vector: vectorToBytes(vector) })
        .execute();
      faces.set(faceId, { file, person });
    }
  }
  return { faces, fileIds };
}

export interface FilledProject {
  readonly projectId: number;
  readonly channelId: number;
  readonly owner: number;
  readonly reviewers: readonly number[];
}

/** A project over all files that looks for some of the persons; Q-ids are places in the list of persons. */
export async function fillProject(
  store: Store,
  clock: Clock,
  given: {
    fileIds: readonly number[];
    persons: readonly { readonly item: string; readonly portraitUrl: string | null }[];
    votesNeeded: number;
    reviewers: number;
  },
): Promise<FilledProject> {
  const now = clock.now();
  const owner = await addAccount(store, now);
  const { id: projectId } = await store.db
    .insertInto('projects')
    .values({
      title: 'Bench',
      category: 'Bench',
      state: 'active',
      language: 'en',
      votes_needed: given.votesNeeded,
      threshold: 0.6,
      min_confirmed: 2,
      open: 0,
      matching: 1,
      depth: 0,
      file_cap: 9000,
      created_by: owner,
      created_at: now,
      crawled_at: now,
      crawl_wanted_at: null,
      bootstrapped_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const files = given.fileIds.map((file_id) => ({
    project_id: projectId,
    file_id,
    depicts: null,
    depicts_read_at: now,
    added_at: now,
  }));
  for (let start = 0; start < files.length; start += 500) {
    await store.db
      .insertInto('project_files')
      .values(files.slice(start, start + 500))
      .execute();
  }
  const persons = given.persons.map(({ item, portraitUrl }, position) => ({
    project_id: projectId,
    person: item,
    label: item,
    description: '',
    portrait_title: null,
    portrait_url: portraitUrl,
    position,
  }));
  await store.db.insertInto('project_persons').values(persons).execute();
  const reviewers: number[] = [];
  for (let i = 0; i < given.reviewers; i++) reviewers.push(await addAccount(store, now));
  for (const [account_id, role] of [[owner, 'owner'], ...reviewers.map((id) => [id, 'member'])] as [
    number,
    'owner' | 'member',
  ][]) {
    await store.db
      .insertInto('project_members')
      .values({ project_id: projectId, account_id, role, status: 'active', joined_at: now })
      .execute();
  }
  const { id: channelId } = await store.db
    .insertInto('channels')
    .values({
      platform: 'bench',
      external_id: String(projectId),
      name: 'bench',
      project_id: projectId,
      max_open: 1,
      bound_by: owner,
      bound_at: now,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { projectId, channelId, owner, reviewers };
}

async function addAccount(store: Store, now: number): Promise<number> {
  const { id } = await store.db
    .insertInto('accounts')
    .values({ central_hash: randomBytes(32), created_at: now, forgotten_at: null })
    .returning('id')
    .executeTakeFirstOrThrow();
  await store.db
    .insertInto('account_profiles')
    .values({
      account_id: id,
      central_id: String(id),
      username: `Reviewer ${id}`,
      edit_count: 0,
      user_groups: '[]',
      registered_at: null,
      blocked: 0,
      language: null,
      seen_at: now,
    })
    .execute();
  return id;
}
