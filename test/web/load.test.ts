import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { addBigProject, type BigProject } from '../support/big-project.ts';
import { load } from '../support/load.ts';
import { answersOf, openFaces, type SignedIn, signInMembers } from '../support/load-review.ts';
import { engines, freshStore } from '../support/stores.ts';
import { type Site, startSite } from './support/site.ts';

/** How quick it is says `node test/bench/load.ts`; here it only has to be right. */
describe.each(engines())('many at once on %s', { timeout: 180_000 }, (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let site: Site;
  let project: BigProject;
  let members: SignedIn[];
  beforeAll(async () => {
    const fresh = await freshStore(kind, 4);
    store = fresh.store;
    site = await startSite(store);
    dispose = async () => {
      await site.close();
      await fresh.dispose();
    };
    project = await addBigProject(store, { faces: 2000, now: Date.now() });
    members = await signInMembers(store, site.url, project, 4);
  }, 120_000);
  afterAll(() => dispose?.());

  it('pages and answers: no error, and every answer is counted once', async () => {
    const faces = await openFaces(store, project, 25);
    const votes = async () =>
      (
        await store.db
          .selectFrom('votes')
          .select(['account_id', 'face_id', 'person', 'answer'])
          .where('platform', '=', 'web')
          .execute()
      ).map((vote) => `${vote.account_id} ${vote.face_id} ${vote.person} ${vote.answer}`);
    expect(await votes()).toEqual([]);
    const [answers, pages] = await Promise.all([
      load({
        name: 'answers',
        url: site.url,
        rate: 40,
        seconds: 5,
        status: 303,
        next: answersOf(members, faces, project),
      }),
      load({
        name: 'pages',
        url: site.url,
        rate: 20,
        seconds: 5,
        status: 200,
        next: () => ({ method: 'GET', path: `/projects/${project.id}` }),
      }),
    ]);
    expect(answers).toMatchObject({ sent: 200, failed: 0 });
    expect(pages).toMatchObject({ sent: 100, failed: 0 });
    const wanted = members.flatMap(({ accountId }) => faces.map((face) => `${accountId} ${face} Q1 no`));
    expect((await votes()).toSorted()).toEqual(wanted.toSorted());
    const { n } = await store.db
      .selectFrom('verdicts')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('project_id', '=', project.id)
      .where('face_id', 'in', faces)
      .where('verdict', '=', 'no_match')
      .executeTakeFirstOrThrow();
    expect(n).toBe(faces.length);
  });
});
