import { beforeEach, describe, expect, it } from 'vitest';
import type { Detection, DetectOptions } from '../../../src/core/faces/detector.ts';
import { embedStep, facesToEmbed } from '../../../src/core/faces/embedding.ts';
import { bytesToVector } from '../../../src/core/faces/vectors.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject, at, MODEL } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

const NEW = 'new-model';

describe.each(engines())('embedding again on %s', (kind) => {
  let store: Store;
  let clock: FakeClock;
  let asked: DetectOptions[];
  let download: () => Promise<Uint8Array>;
  beforeEach(async () => {
    clock = fakeClock();
    asked = [];
    download = async () => new Uint8Array();
    const fresh = await freshStore(kind);
    store = fresh.store;
    return () => fresh.dispose();
  });

  const step = (signal?: AbortSignal) =>
    embedStep(
      {
        store,
        clock,
        nudges: notedNudges(),
        log: silentLog,
        workerId: 'worker 1',
        wiki: { filesByPageId: async () => new Map() },
        pictures: { download: () => download() },
        detector: {
          model: NEW,
          detect: async (_, options = {}): Promise<Detection> => {
            asked.push(options);
            const faces = (options.boxes ?? []).map((box) => ({
              box,
              score: 1,
              quality: 0.75,
              landmarks: [],
              embedding: at(box[0]),
            }));
            return { width: 1280, height: 1280, model: NEW, faces };
          },
          draw: async () => {
            throw new Error('nothing is drawn here');
          },
          close: async () => {},
        },
      },
      signal,
    );
  const embeddings = async (faceId: number) => {
    const rows = await store.db.selectFrom('embeddings').selectAll().where('face_id', '=', faceId).execute();
    return rows.map(({ model, vector }) => [model, bytesToVector(vector)[0]]);
  };
  const changeOf = async (id: number) =>
    (
      await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
    ).change_number;

  it('looks at the known boxes with the model in use, and lets go of what the other one made', async () => {
    const { id } = await addProject(store);
    const file = await addFile(store, id);
    const found = await addFace(store, file, { x: 0.25, vector: at(9) });
    const drawn = await addFace(store, file, { x: 0.5 });
    expect(await facesToEmbed(store, NEW)).toBe(2);
    expect(await facesToEmbed(store, MODEL)).toBe(1);
    expect(await step()).toBe(true);
    expect(asked).toEqual([
      {
        embed: true,
        boxes: [
          [0.25, 0.1, 0.2, 0.2],
          [0.5, 0.1, 0.2, 0.2],
        ],
      },
    ]);
    expect(await embeddings(found)).toEqual([[NEW, 0.25]]);
    expect(await embeddings(drawn)).toEqual([[NEW, 0.5]]);
    const faces = await store.db.selectFrom('faces').select(['quality', 'seen_width', 'score']).execute();
    expect(faces).toEqual(Array(2).fill({ quality: 0.75, seen_width: 1280, score: 0.9 }));
    expect(await changeOf(id)).toBe(2);
    expect(await facesToEmbed(store, NEW)).toBe(0);
    expect(await step()).toBe(false);
  });

  it('looks at drawn faces alone, and again when the box changed meanwhile', async () => {
    const { id } = await addProject(store);
    const file = await addFile(store, id);
    const found = await addFace(store, file, { x: 0.25, vector: at(9), model: NEW });
    const drawn = await addFace(store, file, { x: 0.5 });
    const withdrawn = await addFace(store, file, { x: 0.75 });
    await store.db.updateTable('faces').set({ withdrawn_at: 1 }).where('id', '=', withdrawn).execute();
    download = async () => {
      await store.db.updateTable('faces').set({ x: 0.5625, box_number: 1 }).where('id', '=', drawn).execute();
      return new Uint8Array();
    };
    expect(await step()).toBe(true);
    expect(asked[0]?.boxes).toEqual([[0.5, 0.1, 0.2, 0.2]]);
    expect(await embeddings(drawn)).toEqual([]);
    download = async () => new Uint8Array();
    expect(await step()).toBe(true);
    expect(asked[1]?.boxes).toEqual([[0.5625, 0.1, 0.2, 0.2]]);
    expect(await embeddings(drawn)).toEqual([[NEW, 0.5625]]);
    expect([await embeddings(found), await embeddings(withdrawn)]).toEqual([[[NEW, 9]], []]);
    expect(await step()).toBe(false);
  });

  it('does all files, however they are numbered', async () => {
    const { id } = await addProject(store);
    for (let i = 0; i < 11; i++) await addFace(store, await addFile(store, id), { vector: at(1) });
    let rounds = 0;
    while (await step()) rounds++;
    expect(rounds).toBeLessThanOrEqual(11);
    expect(await facesToEmbed(store, NEW)).toBe(0);
    expect(asked).toHaveLength(11);
  });

  it('makes none where no project with matching wants them, or of another version of the file', async () => {
    const off = await addProject(store, { matching: 0 });
    const over = await addProject(store, { state: 'completed' });
    const file = await addFile(store, off.id);
    await addToProject(store, over.id, file);
    await addFace(store, file);
    const { id } = await addProject(store);
    const old = await addFile(store, id);
    await addFace(store, old);
    await store.db
      .updateTable('files')
      .set({ sha1: 'f'.repeat(40) })
      .where('id', '=', old)
      .execute();
    await addFace(store, await addFile(store, id, { state: 'waiting' }));
    expect(await facesToEmbed(store, NEW)).toBe(0);
    expect(await step()).toBe(false);
  });

  it('waits after an outage, and gives up on a picture that is broken', async () => {
    const { id } = await addProject(store);
    const face = await addFace(store, await addFile(store, id), { vector: at(9) });
    download = async () => {
      throw wikiError('down', { kind: 'later', codes: [], statement: 'not_sent' });
    };
    expect(await step()).toBe(true);
    expect(await step()).toBe(false);
    expect(await facesToEmbed(store, NEW)).toBe(1);
    expect(await embeddings(face)).toEqual([[MODEL, 9]]);
    clock.advance(30 * 60_000);
    download = async () => {
      throw new VisavisError('broken_picture', 'damaged');
    };
    expect(await step()).toBe(true);
    clock.advance(24 * 60 * 60_000);
    expect(await step()).toBe(false);
    expect(await facesToEmbed(store, NEW)).toBe(0);
  });

  it('leaves files to a worker that has them, and stops when it is told to', async () => {
    const { id } = await addProject(store);
    await addFace(store, await addFile(store, id));
    expect(await step(AbortSignal.abort())).toBe(true);
    expect(asked).toEqual([]);
    const taken = { owner: 'worker 2', expires_at: clock.now() + 1000, fence: 7 };
    await store.db.updateTable('leases').set(taken).execute();
    expect(await step()).toBe(false);
    clock.advance(1001);
    expect(await step()).toBe(true);
    expect(asked).toHaveLength(1);
  });
});
