import { describe, expect, it } from 'vitest';
import { bytesToVector } from '../../../src/core/faces/vectors.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addToProject, at, MODEL } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { detected, detectionDesk } from './detection-support.ts';

describe.each(engines())('detection on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('has nothing to do when nothing waits', async () => {
    const { step } = await detectionDesk(store);
    expect(await step()).toBe(false);
  });

  it('keeps faces and embeddings, and has every project of the file matched again', async () => {
    const {
      clock,
      nudges,
      downloads,
      detections,
      world,
      step,
      waiting,
      fileRow,
      facesOf,
      embeddingsOf,
      changeOf,
    } = await detectionDesk(store);
    const [first, second] = [await addProject(store), await addProject(store)];
    const file = await waiting(first.id, { thumb_url: 'https://pictures.example/a.jpg' });
    await addToProject(store, second.id, file);
    world.detect = () => detected(0.25, 0.75);
    expect(await step()).toBe(true);
    expect(downloads).toEqual(['https://pictures.example/a.jpg']);
    expect(detections).toEqual([{ embed: true }]);
    const faces = await facesOf(file);
    expect(faces).toMatchObject([
      {
        x: 0.25,
        y: 0.25,
        w: 0.125,
        h: 0.5,
        score: 0.875,
        model: MODEL,
        seen_width: 1280,
        seen_height: 853,
        source: 'detector',
        sha1: (await fileRow(file)).sha1,
        created_at: clock.now(),
      },
      { x: 0.75 },
    ]);
    expect(JSON.parse(faces[0]?.landmarks ?? '')).toEqual([
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
    const embeddings = await embeddingsOf(file);
    expect(embeddings.map(({ face_id, model }) => [face_id, model])).toEqual(
      faces.map((face) => [face.id, MODEL]),
    );
    expect(bytesToVector(embeddings[1]?.vector ?? new Uint8Array())).toEqual(at(0.75));
    expect(await fileRow(file)).toMatchObject({
      state: 'detected',
      detected_at: clock.now(),
      reason: null,
      lease_owner: null,
      lease_expires_at: null,
    });
    expect([await changeOf(first.id), await changeOf(second.id)]).toEqual([2, 2]);
    expect(nudges.topics).toContain('posts');
    expect(await step()).toBe(false);
  });

  it('keeps a picture without faces as such', async () => {
    const { world, step, waiting, fileRow, facesOf } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    world.detect = () => detected();
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
    expect(await facesOf(file)).toEqual([]);
  });

  it('makes no embeddings unless a project with matching uses the file', async () => {
    const { detections, step, waiting, facesOf, embeddingsOf } = await detectionDesk(store);
    const off = await addProject(store, { matching: 0 });
    const over = await addProject(store, { matching: 1, state: 'completed' });
    const file = await waiting(off.id);
    await addToProject(store, over.id, file);
    await step();
    expect(detections).toEqual([{ embed: false }]);
    expect(await facesOf(file)).toHaveLength(1);
    expect(await embeddingsOf(file)).toEqual([]);
  });

  it('makes embeddings when one of its projects matches', async () => {
    const { step, waiting, embeddingsOf } = await detectionDesk(store);
    const file = await waiting((await addProject(store, { matching: 0 })).id);
    await addToProject(store, (await addProject(store)).id, file);
    await step();
    expect(await embeddingsOf(file)).toHaveLength(1);
  });

  it('takes files of active projects only', async () => {
    const { step, waiting } = await detectionDesk(store);
    await waiting(null);
    await waiting((await addProject(store, { state: 'paused' })).id);
    await waiting((await addProject(store, { state: 'completed' })).id);
    expect(await step()).toBe(false);
  });

  it('asks for three pictures at once, no more', async () => {
    const { world, step, waiting } = await detectionDesk(store);
    const { id } = await addProject(store);
    for (let i = 0; i < 8; i++) await waiting(id);
    let [now, most] = [0, 0];
    let third: () => void = () => {};
    const three = new Promise<void>((resolve) => {
      third = resolve;
    });
    world.download = async (url) => {
      most = Math.max(most, ++now);
      if (now === 3) third();
      await three;
      now--;
      return Buffer.from(url);
    };
    await step();
    expect(most).toBe(3);
  });
});
