import { afterEach } from 'vitest';
import type { FaceCache } from '../../../src/core/faces/face-cache.ts';
import { matchStep } from '../../../src/core/faces/matching.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Rests } from '../../../src/core/platform/rests.ts';
import type { Turns } from '../../../src/core/platform/turns.ts';
import type { VerdictsTable } from '../../../src/core/store/schema.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addPortrait, at, MODEL } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

/** Whom a verdict is about, and who says so: the votes about Q1 unless the test says otherwise. */
interface About {
  readonly source?: VerdictsTable['source'];
  readonly person?: string;
}

const made: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of made.splice(0)) await dispose();
});

/** The matching step on a database of its own, and short ways to what it works with. */
export async function matchingDesk() {
  const { store, dispose } = await freshStore();
  made.push(dispose);
  const clock = fakeClock();
  const nudges = notedNudges();
  const changed = (projectId: number) =>
    store.db
      .updateTable('projects')
      .set((eb) => ({ change_number: eb('change_number', '+', 1) }))
      .where('id', '=', projectId)
      .execute();
  const verdict = async (
    projectId: number,
    faceId: number,
    value: VerdictsTable['verdict'],
    given: About = {},
  ) => {
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: projectId,
        face_id: faceId,
        person: given.person ?? 'Q1',
        verdict: value,
        source: given.source ?? 'votes',
        changed_at: 0,
      })
      .execute();
    await changed(projectId);
  };
  return {
    store,
    clock,
    nudges,
    step: (more: { turns?: Turns; cache?: FaceCache; rests?: Rests } = {}) =>
      matchStep({ store, clock, nudges, log: silentLog, workerId: 'worker 1', model: MODEL, ...more }),
    /** Something changed that the matcher has to look at. */
    changed,
    verdict,
    /** A face at a position with a verdict. */
    example: async (
      projectId: number,
      position: number,
      value: VerdictsTable['verdict'],
      given: About = {},
    ) => {
      const { faceId } = await addPortrait(store, projectId, { vector: at(position) });
      await verdict(projectId, faceId, value, given);
      return faceId;
    },
    suggestions: (projectId: number) =>
      store.db
        .selectFrom('suggestions')
        .select(['face_id', 'person', 'distance', 'suggested'])
        .where('project_id', '=', projectId)
        .orderBy('face_id')
        .orderBy('person')
        .execute(),
    projectRow: (id: number) =>
      store.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  };
}
