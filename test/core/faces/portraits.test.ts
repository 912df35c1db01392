import { beforeEach, describe, expect, it } from 'vitest';
import type { Detection } from '../../../src/core/faces/detector.ts';
import { matchStep } from '../../../src/core/faces/matching.ts';
import { portraitStep } from '../../../src/core/faces/portraits.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait, at, MODEL } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

const URL = 'https://pictures.example/portrait.jpg';

describe.each(engines())('portraits on %s', (kind) => {
  let store: Store;
  let clock: FakeClock;
  let downloads: string[];
  let project: number;
  let see: () => Detection;
  const nudges = notedNudges();

  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(async () => {
    clock = fakeClock();
    downloads = [];
    see = () => seen(0.25);
    await store.db.updateTable('projects').set({ state: 'deleted' }).execute();
    await store.db.deleteFrom('portraits').execute();
    project = (await addProject(store)).id;
    await setUrl(URL);
  });

  const setUrl = (portrait_url: string | null) =>
    store.db.updateTable('project_persons').set({ portrait_url }).where('project_id', '=', project).execute();
  const seen = (...positions: number[]): Detection => ({
    width: 330,
    height: 400,
    model: MODEL,
    faces: positions.map((position) => ({
      box: [0.2, 0.2, 0.5, 0.5],
      score: 1,
      quality: 1,
      landmarks: [],
      embedding: at(position),
    })),
  });
  const deps = (model = MODEL) => ({
    store,
    clock,
    nudges,
    log: silentLog,
    workerId: 'worker 1',
    model,
    pictures: {
      download: async (url: string) => {
        downloads.push(url);
        return Buffer.from(url);
      },
    },
    detector: {
      model,
      detect: async () => see(),
      draw: () => Promise.reject(new Error('nothing is drawn here')),
      close: async () => {},
    },
  });
  const step = (model?: string) => portraitStep(deps(model));
  const rows = () => store.db.selectFrom('portraits').select(['person', 'state', 'attempts']).execute();

  it('are looked at once, and order the faces of the project', async () => {
    const { faceId } = await addPortrait(store, project, { vector: at(0.75) });
    await matchStep(deps());
    expect(await step()).toBe(true);
    expect(await step()).toBe(false);
    expect(downloads).toEqual([URL]);
    expect(await matchStep(deps())).toBe(true);
    const suggestions = await store.db
      .selectFrom('suggestions')
      .select(['face_id', 'distance', 'suggested', 'near'])
      .where('project_id', '=', project)
      .execute();
    expect(suggestions).toEqual([{ face_id: faceId, distance: 0.5, suggested: 0, near: 1 }]);
  });

  it.each([
    ['no_face', () => seen()],
    ['several_faces', () => seen(0, 1)],
    ['small', () => ({ ...seen(0), height: 90 })],
  ] as const)('are not used with %s, and not tried again', async (state, what) => {
    see = what;
    await step();
    expect(await step()).toBe(false);
    expect(await rows()).toEqual([{ person: 'Q1', state, attempts: 1 }]);
  });

  it('are looked at again when their address is another one, and the old one is forgotten', async () => {
    see = () => seen();
    await step();
    await setUrl('https://pictures.example/newer.jpg');
    see = () => seen(0);
    await step();
    expect(downloads).toHaveLength(2);
    expect(await rows()).toEqual([{ person: 'Q1', state: 'usable', attempts: 1 }]);
  });

  it('are looked at again by another model', async () => {
    await step();
    expect(await step('another model')).toBe(true);
    expect(await rows()).toHaveLength(1);
  });

  it('are tried a few times more when they cannot be had', async () => {
    see = () => {
      throw new VisavisError('detector_unavailable', 'away');
    };
    let tries = 0;
    for (let hour = 0; hour < 24; hour++) {
      if (await step()) tries++;
      expect(await step()).toBe(false);
      clock.advance(60 * 60_000);
    }
    expect(tries).toBe(5);
    expect(await rows()).toEqual([{ person: 'Q1', state: 'failed', attempts: 5 }]);
  });

  it('are not tried again when it is the picture that is broken', async () => {
    see = () => {
      throw new VisavisError('broken_picture', 'broken');
    };
    await step();
    clock.advance(24 * 60 * 60_000);
    expect(await step()).toBe(false);
  });

  it('are not looked at, and are forgotten, without a project that matches', async () => {
    await step();
    await store.db.updateTable('projects').set({ matching: 0 }).where('id', '=', project).execute();
    expect(await step()).toBe(true);
    expect(await rows()).toEqual([]);
    expect(await step()).toBe(false);
  });
});
