import type { Store } from '../../src/core/store/store.ts';
import { Browser } from '../web/support/browser.ts';
import type { BigProject } from './big-project.ts';
import type { LoadWish } from './load.ts';
import { addMember } from './people.ts';

/** A member who is signed in. */
export interface SignedIn {
  readonly accountId: number;
  readonly csrf: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Members of a project with a session each. */
export async function signInMembers(
  store: Store,
  url: string,
  project: BigProject,
  count: number,
): Promise<SignedIn[]> {
  const members: SignedIn[] = [];
  for (let i = 0; i < count; i++) {
    const browser = new Browser(url);
    const username = `Practice member ${i + 1}`;
    await browser.signIn(username);
    const csrf = await browser.csrf();
    const { account_id: accountId } = await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', username)
      .executeTakeFirstOrThrow();
    await addMember(store, project.id, { accountId });
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    members.push({ accountId, csrf, headers: { cookie } });
  }
  return members;
}

/** Faces of a project about which nothing was decided. */
export async function openFaces(store: Store, project: BigProject, most: number): Promise<number[]> {
  const rows = await store.db
    .selectFrom('faces')
    .innerJoin('project_files', 'project_files.file_id', 'faces.file_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.face_id', '=', 'faces.id')
        .onRef('verdicts.project_id', '=', 'project_files.project_id'),
    )
    .select('faces.id')
    .where('project_files.project_id', '=', project.id)
    .where('verdicts.face_id', 'is', null)
    .orderBy('faces.id')
    .limit(most)
    .execute();
  return rows.map((row) => row.id);
}

/** One answer after the other: every member says "no" about each face, and says it twice. */
export function answersOf(
  members: readonly SignedIn[],
  faces: readonly number[],
  project: BigProject,
): LoadWish['next'] {
  let count = 0;
  return () => {
    const each = count++;
    const member = members[Math.floor(each / 2) % members.length];
    const face = faces[Math.floor(each / (2 * members.length)) % faces.length];
    if (!member || face === undefined) throw new Error('there is nobody, or nothing to answer');
    return {
      method: 'POST',
      path: `/projects/${project.id}/review`,
      headers: { ...member.headers, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        csrf: member.csrf,
        person: 'Q1',
        faces: String(face),
        answer: 'no',
      }).toString(),
    };
  };
}
