import type { Store } from '../../../src/core/store/store.ts';

export const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;

/** A project with hostile names everywhere: one face with two agreeing votes, one open, one file set aside. */
export async function seedProject(store: Store, owner: number): Promise<number> {
  const { db } = store;
  const at = Date.UTC(2026, 0, 1);
  const { id } = await db
    .insertInto('projects')
    .values({
      title: HOSTILE,
      category: HOSTILE,
      state: 'active',
      language: 'en',
      votes_needed: 2,
      threshold: 0.6,
      min_confirmed: 2,
      open: 0,
      matching: 1,
      depth: 3,
      file_cap: 9000,
      created_by: owner,
      created_at: at,
      crawled_at: at,
      crawl_wanted_at: null,
      bootstrapped_at: at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('project_persons')
    .values({
      project_id: id,
      person: 'Q7259',
      label: HOSTILE,
      description: HOSTILE,
      portrait_title: null,
      portrait_url: 'javascript:alert(1)',
      portrait_page_url: 'javascript:alert(1)',
      portrait_author: HOSTILE,
      portrait_licence: HOSTILE,
      portrait_licence_url: 'javascript:alert(1)',
      position: 0,
    })
    .execute();
  await db
    .insertInto('project_members')
    .values({ project_id: id, account_id: owner, role: 'owner', status: 'active', joined_at: at })
    .execute();
  for (const n of [1, 2, 3]) {
    const file = await db
      .insertInto('files')
      .values({
        page_id: id * 100 + n,
        title: `File:${n} ${HOSTILE}.jpg`,
        sha1: `sha${n}`,
        width: 100,
        height: 100,
        mime: 'image/jpeg',
        thumb_url: 'http://localhost:9999/x.jpg',
        page_url: 'javascript:alert(1)',
        author: HOSTILE,
        licence: HOSTILE,
        licence_url: 'data:text/html,x',
        state: n === 3 ? 'set_aside' : 'detected',
        reason: n === 3 ? HOSTILE : null,
        retry_at: null,
        detected_at: at,
        lease_owner: null,
        lease_expires_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('project_files')
      .values({ project_id: id, file_id: file.id, depicts: null, added_at: at })
      .execute();
    if (n === 3) continue;
    const face = await db
      .insertInto('faces')
      .values({
        file_id: file.id,
        sha1: `sha${n}`,
        x: 0.1,
        y: 0.1,
        w: 0.5,
        h: 0.5,
        score: 0.9,
        landmarks: '[]',
        model: 'm',
        seen_width: 100,
        seen_height: 100,
        source: 'detector',
        created_at: at,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const subject = { project_id: id, face_id: face.id, person: 'Q7259' };
    await db
      .insertInto('votes')
      .values({
        ...subject,
        account_id: owner,
        answer: 'yes',
        decides: 0,
        question_id: null,
        platform: 'room',
        voted_at: at,
      })
      .execute();
    if (n === 1) {
      await db
        .insertInto('verdicts')
        .values({ ...subject, verdict: 'match', source: 'votes', changed_at: at })
        .execute();
    }
  }
  return id;
}
