import type { fakeWiki } from '../../support/fake-wiki.ts';
import { encoding, type OldDatabase } from '../../support/wikivisage.ts';

/** When its projects, files and faces were made, and when people spoke last. */
export const THEN = new Date('2025-03-01T12:00:00Z');
export const LATER = new Date('2025-03-05T12:00:00Z');
/** The ids under which two of its people are known to all wikis. */
export const CENTRAL = { ada: 5001, ben: 5002 };

type Row = Record<string, unknown>;

/**
 * Short ways to fill an old database.
 * @param encrypt as the old tool kept tokens
 * @param statements what stands on the wiki
 */
export function oldRows(
  old: OldDatabase,
  encrypt: (text: string) => string,
  statements: ReturnType<typeof fakeWiki>,
) {
  let central = 6000;
  const user = (name: string, more: Row = {}) =>
    old.add('users', {
      wiki_user_id: ++central,
      wiki_username: name,
      access_token: Buffer.from(encrypt(`access of ${name}`)),
      refresh_token: Buffer.from(encrypt(`refresh of ${name}`)),
      token_expires_at: LATER,
      ...more,
    });
  const project = (userId: number, qid: string, category: string, more: Row = {}) =>
    old.add('projects', {
      user_id: userId,
      wikidata_qid: qid,
      commons_category: category,
      created_at: THEN,
      ...more,
    });
  const image = (projectId: number, pageId: number, more: Row = {}) =>
    old.add('images', {
      project_id: projectId,
      commons_page_id: pageId,
      file_title: `File:Old title ${pageId}.jpg`,
      status: 'processed',
      detection_width: 500,
      detection_height: 400,
      created_at: THEN,
      updated_at: THEN,
      ...more,
    });
  /** A square of 100 pixels at the place, unless something else is said. */
  const face = (imageId: number, left: number, more: Row = {}) =>
    old.add('faces', {
      image_id: imageId,
      encoding: encoding(left),
      bbox_left: left,
      bbox_top: 100,
      bbox_right: left + 100,
      bbox_bottom: 200,
      created_at: THEN,
      updated_at: LATER,
      ...more,
    });
  const saidBy = (userId: number | null, yes = true) => ({
    is_target: yes ? 1 : 0,
    classified_by: 'human',
    classified_by_user_id: userId,
  });

  /** A database with everything in it that can go wrong. */
  async function fill() {
    const [ada, ben] = [
      await user('Ada', { wiki_user_id: CENTRAL.ada }),
      await user('Ben', {
        wiki_user_id: CENTRAL.ben,
        access_token: 'plain access',
        refresh_token: 'plain refresh',
      }),
    ];
    const banned = await user('Banned', { leaderboard_opt_out: 1 });
    const portraits = await project(ada, 'Q1', 'Portraits_of__ada', {
      distance_threshold: 0.55,
      label: 'Ada L.',
    });
    const twin = await project(ada, 'Q1', 'Portraits of ada');
    const done = await project(ben, 'Q2', 'Done', {
      status: 'completed',
      distance_threshold: 7,
      min_confirmed: 500,
    });
    await project(ada, 'Q1', 'Deleted', { status: 'deleted' });
    await project(ada, 'Q404', 'No such item');
    await project(ada, 'nonsense', 'No item at all');
    const merged = await project(ben, 'Q3', 'Merged', { status: 'paused' });
    await old.add('project_members', { project_id: portraits, user_id: ben, joined_at: THEN });
    await old.add('project_members', { project_id: portraits, user_id: ada, role: 'owner' });
    await old.add('project_members', { project_id: portraits, user_id: banned, status: 'banned' });

    const i101 = await image(portraits, 101);
    const written = await face(i101, 10, { ...saidBy(ada), sdc_written: 1 });
    await face(i101, 300, saidBy(ben, false));
    await old.add('sdc_claims', {
      commons_page_id: 101,
      wikidata_qid: 'Q1',
      project_id: portraits,
      face_id: written,
      written_at: LATER,
    });
    const standing = statements.record(101, 'Q1');
    await face(await image(portraits, 102, { bootstrapped: 1 }), 10, {
      is_target: 1,
      classified_by: 'bootstrap',
    });
    statements.record(102, 'Q1');
    await face(await image(portraits, 103), 10, saidBy(ada));
    await face(
      await image(portraits, 104, { detection_width: null, detection_height: null }),
      10,
      saidBy(ada),
    );
    const i105 = await image(portraits, 105);
    const redrawn = await face(i105, 20, {
      ...saidBy(ada),
      bbox_bottom: 190,
      sdc_written: 1,
      created_at: LATER,
    });
    await face(i105, 10, { ...saidBy(ada), superseded_by: redrawn });
    const i106 = await image(portraits, 106);
    await face(i106, 10, { is_target: 1, classified_by: 'model' });
    await face(i106, 200, saidBy(null));
    await face(i106, 350, { is_target: 1, classified_by: 'bootstrap' });
    await image(portraits, 107);
    await image(portraits, 108, { status: 'pending' });
    const removed = await face(await image(portraits, 109), 10, { ...saidBy(banned), sdc_written: 1 });
    await old.add('sdc_claims', {
      commons_page_id: 109,
      wikidata_qid: 'Q1',
      project_id: portraits,
      face_id: removed,
      written_at: LATER,
    });
    const i110 = await image(portraits, 110);
    await face(i110, 10, saidBy(ada));
    await face(i110, 300);
    const i111 = await image(portraits, 111);
    await face(i111, 10, saidBy(ada));
    await face(i111, 11, saidBy(ben));
    await face(await image(portraits, 112), 450, { encoding: Buffer.alloc(10), bbox_right: 520 });
    await face(await image(twin, 101), 10, saidBy(ben));
    await face(await image(done, 120), 10, saidBy(ben));
    // Approved in the old gallery: the matcher's name stayed.
    await face(await image(merged, 101), 12, { ...saidBy(ben), classified_by: 'model' });
    return { standing };
  }

  return { user, project, image, fill };
}
