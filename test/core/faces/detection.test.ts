import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { detectStep } from '../../../src/core/faces/detection.ts';
import type { DetectedFace, Detection, DetectOptions } from '../../../src/core/faces/detector.ts';
import { bytesToVector } from '../../../src/core/faces/vectors.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addProject } from '../../support/people.ts';
import { addFace, addFile, addToProject, at, MODEL, sha1Of } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

const MINUTE = 60_000;

function detected(...positions: number[]): Detection {
  return {
    width: 1280,
    height: 853,
    model: MODEL,
    faces: positions.map(
      (position): DetectedFace => ({
        box: [position, 0.25, 0.125, 0.5],
        score: 0.875,
        quality: 0.75,
        landmarks: [
          [0.1, 0.2],
          [0.3, 0.4],
        ],
        embedding: at(position),
      }),
    ),
  };
}

describe.each(engines())('detection on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let clock: FakeClock;
  const nudges = notedNudges();
  let downloads: string[];
  let detections: DetectOptions[];
  let restsUntil: number;
  let download: (url: string) => Promise<Uint8Array> | Uint8Array;
  let detect: (picture: Uint8Array) => Promise<Detection> | Detection;

  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
    dispose = async () => {
      await other.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    clock = fakeClock();
    downloads = [];
    detections = [];
    restsUntil = 0;
    nudges.topics.length = 0;
    download = (url) => Buffer.from(url);
    detect = () => detected(0.25);
    // What earlier tests left waiting is not of interest.
    await store.db.updateTable('files').set({ state: 'gone' }).execute();
  });

  const step = (which: Store = store, signal?: AbortSignal) =>
    detectStep(
      {
        store: which,
        clock,
        nudges,
        log: silentLog,
        workerId: which === store ? 'worker 1' : 'worker 2',
        wiki: {
          filesByPageId: async () => {
            throw new Error('nothing is looked up here');
          },
        },
        pictures: {
          download: async (url) => {
            downloads.push(url);
            return download(url);
          },
        },
        detector: {
          model: MODEL,
          restsUntil,
          detect: async (picture, options = {}) => {
            detections.push(options);
            const found = await detect(picture);
            if (options.embed) return found;
            return { ...found, faces: found.faces.map((face) => ({ ...face, embedding: null })) };
          },
          draw: async () => {
            throw new Error('nothing is drawn here');
          },
          close: async () => {},
        },
      },
      signal,
    );
  const waiting = (projectId: number | null, given: Parameters<typeof addFile>[2] = {}) =>
    addFile(store, projectId, {
      state: 'waiting',
      thumb_url: 'https://pictures.example/x.jpg',
      ...given,
    });
  const fileRow = (id: number) =>
    store.db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const facesOf = (fileId: number) =>
    store.db.selectFrom('faces').selectAll().where('file_id', '=', fileId).orderBy('id').execute();
  const embeddingsOf = (fileId: number) =>
    store.db
      .selectFrom('embeddings')
      .innerJoin('faces', 'faces.id', 'embeddings.face_id')
      .selectAll('embeddings')
      .where('faces.file_id', '=', fileId)
      .orderBy('face_id')
      .execute();
  const changeOf = async (projectId: number) =>
    (
      await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', projectId)
        .executeTakeFirstOrThrow()
    ).change_number;

  it('has nothing to do when nothing waits', async () => {
    expect(await step()).toBe(false);
  });

  it('keeps faces and embeddings, and has every project of the file matched again', async () => {
    const [first, second] = [await addProject(store), await addProject(store)];
    const file = await waiting(first.id, { thumb_url: 'https://pictures.example/a.jpg' });
    await addToProject(store, second.id, file);
    detect = () => detected(0.25, 0.75);
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
    const file = await waiting((await addProject(store)).id);
    detect = () => detected();
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
    expect(await facesOf(file)).toEqual([]);
  });

  it('makes no embeddings unless a project with matching uses the file', async () => {
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
    const file = await waiting((await addProject(store, { matching: 0 })).id);
    await addToProject(store, (await addProject(store)).id, file);
    await step();
    expect(await embeddingsOf(file)).toHaveLength(1);
  });

  it('takes files of active projects only', async () => {
    await waiting(null);
    await waiting((await addProject(store, { state: 'paused' })).id);
    await waiting((await addProject(store, { state: 'completed' })).id);
    expect(await step()).toBe(false);
  });

  it.each(['not_a_picture', 'broken_picture', 'picture_too_large', 'file_unreadable', 'too_large'] as const)(
    'sets a file with the final error %s aside, with the reason',
    async (code) => {
      const { id } = await addProject(store);
      const [bad, good] = [await waiting(id, { thumb_url: 'bad' }), await waiting(id, { thumb_url: 'good' })];
      download = (url) => {
        if (url === 'bad') throw new VisavisError(code, `This file has ${code}.`);
        return Buffer.from(url);
      };
      await step();
      expect(await fileRow(bad)).toMatchObject({
        state: 'set_aside',
        reason: `This file has ${code}.`,
        lease_owner: null,
      });
      expect(await facesOf(bad)).toEqual([]);
      expect(await fileRow(good)).toMatchObject({ state: 'detected' });
      clock.advance(24 * 60 * MINUTE);
      expect(await step()).toBe(false);
    },
  );

  it.each([
    ['the wiki', wikiError('the wiki has trouble', { kind: 'later', codes: [], statement: 'not_sent' })],
    ['the detector', new VisavisError('detector_unavailable', 'the detector is restarting')],
    ['the models', new VisavisError('model_unavailable', 'no models')],
    ['something unknown', new TypeError('cannot read properties')],
  ])('tries again later when %s fails, and never takes it for no faces', async (_, error) => {
    const { id } = await addProject(store);
    const file = await waiting(id);
    detect = () => {
      throw error;
    };
    const pauses: number[] = [];
    for (let i = 0; i < 12; i++) {
      expect(await step()).toBe(true);
      const row = await fileRow(file);
      expect(row).toMatchObject({
        state: 'waiting',
        reason: error.message,
        detected_at: null,
        attempts: i + 1,
      });
      const pause = (row.retry_at ?? 0) - clock.now();
      pauses.push(pause);
      clock.advance(pause - 1);
      expect(await step()).toBe(false);
      clock.advance(1);
    }
    expect(pauses.slice(0, 5)).toEqual([1, 2, 4, 8, 16].map((minutes) => minutes * MINUTE));
    expect(pauses.at(-1)).toBe(6 * 60 * MINUTE);
    expect(await changeOf(id)).toBe(1);
    detect = () => detected(0.5);
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected', reason: null });
    expect(await facesOf(file)).toHaveLength(1);
  });

  it('claims nothing while the detector rests, so that no file loses an attempt', async () => {
    const file = await waiting((await addProject(store)).id);
    restsUntil = clock.now() + MINUTE;
    expect(await step()).toBe(false);
    expect(await fileRow(file)).toMatchObject({ state: 'waiting', attempts: 0, retry_at: null });
    clock.advance(MINUTE);
    expect(await step()).toBe(true);
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
  });

  it('waits at least as long as the wiki asks', async () => {
    const file = await waiting((await addProject(store)).id);
    download = () => {
      throw wikiError('slow down', {
        kind: 'later',
        codes: ['HTTP_429'],
        statement: 'not_sent',
        retryAfterMs: 30 * MINUTE,
      });
    };
    await step();
    expect((await fileRow(file)).retry_at).toBe(clock.now() + 30 * MINUTE);
  });

  it('writes nothing when another worker has taken over', async () => {
    const { id } = await addProject(store);
    const file = await waiting(id);
    let inside = false;
    detect = async () => {
      if (inside) return detected(0.75);
      inside = true;
      clock.advance(6 * MINUTE);
      expect(await step(other)).toBe(true);
      return detected(0.25, 0.5);
    };
    await step();
    expect((await facesOf(file)).map((face) => face.x)).toEqual([0.75]);
    expect(await changeOf(id)).toBe(2);
  });

  it('does not set aside what another worker has detected meanwhile', async () => {
    const file = await waiting((await addProject(store)).id);
    let inside = false;
    detect = async () => {
      if (inside) return detected(0.75);
      inside = true;
      clock.advance(6 * MINUTE);
      await step(other);
      throw new VisavisError('broken_picture', 'It ends early.');
    };
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected', reason: null });
  });

  it('looks again when a new version came in the meantime', async () => {
    const file = await waiting((await addProject(store)).id);
    const newVersion = { sha1: sha1Of(77), thumb_url: 'new', state: 'waiting', attempts: 0 } as const;
    detect = async () => {
      await other.db.updateTable('files').set(newVersion).where('id', '=', file).execute();
      return detected(0.25);
    };
    await step();
    expect(await facesOf(file)).toEqual([]);
    const row = await fileRow(file);
    expect(row).toMatchObject({ state: 'waiting', lease_owner: null });
    expect(row.attempts).toBeGreaterThanOrEqual(0);
    detect = () => detected(0.75);
    await step();
    expect(downloads.at(-1)).toBe('new');
    expect(await facesOf(file)).toMatchObject([{ x: 0.75, sha1: sha1Of(77) }]);
  });

  it('does not hold the new version to be as broken as the old one', async () => {
    const file = await waiting((await addProject(store)).id);
    detect = async () => {
      await other.db
        .updateTable('files')
        .set({ sha1: sha1Of(78), attempts: 0 })
        .where('id', '=', file)
        .execute();
      throw new VisavisError('broken_picture', 'The old one ends early.');
    };
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'waiting', reason: null, retry_at: null });
    detect = () => detected(0.75);
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected' });
  });

  it('replaces the faces of an old version, but not those that people voted about', async () => {
    const { id, owner } = await addProject(store);
    const file = await waiting(id);
    const [untouched, voted] = [await addFace(store, file, { vector: at(1) }), await addFace(store, file)];
    await store.db
      .insertInto('suggestions')
      .values({ project_id: id, face_id: untouched, person: 'Q1', distance: 0.1, suggested: 1 })
      .execute();
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: id,
        face_id: untouched,
        person: 'Q1',
        verdict: 'match',
        source: 'bootstrap',
        changed_at: 0,
      })
      .execute();
    await store.db
      .insertInto('votes')
      .values({
        project_id: id,
        face_id: voted,
        person: 'Q1',
        account_id: owner,
        answer: 'yes',
        decides: 0,
        question_id: null,
        platform: 'web',
        voted_at: 0,
      })
      .execute();
    await step();
    const ids = (await facesOf(file)).map((face) => face.id);
    expect(ids).toContain(voted);
    expect(ids).not.toContain(untouched);
    expect(ids).toHaveLength(2);
    for (const table of ['suggestions', 'verdicts', 'embeddings'] as const) {
      const rows = await store.db
        .selectFrom(table as 'embeddings')
        .select('face_id')
        .where('face_id', '=', untouched)
        .execute();
      expect(rows, table).toEqual([]);
    }
  });

  it('gives back what it has not begun when it is stopped', async () => {
    const { id } = await addProject(store);
    const files: number[] = [];
    for (let i = 0; i < 8; i++) files.push(await waiting(id));
    const stop = new AbortController();
    detect = () => {
      stop.abort();
      return detected(0.25);
    };
    await step(store, stop.signal);
    const rows = await Promise.all(files.map(fileRow));
    const left = rows.filter((row) => row.state === 'waiting');
    expect(left.length).toBeGreaterThanOrEqual(5);
    for (const row of left) {
      expect(row).toMatchObject({ lease_owner: null, lease_expires_at: null, attempts: 0 });
    }
    detect = () => detected(0.25);
    expect(await step(other)).toBe(true);
    expect((await Promise.all(files.map(fileRow))).every((row) => row.state === 'detected')).toBe(true);
  });

  it('detects each file once with two workers at it', async () => {
    const { id } = await addProject(store, { created_by: await addAccount(store) });
    for (let i = 0; i < 20; i++) await waiting(id, { thumb_url: `file ${i}` });
    const work = async (which: Store) => {
      while (await step(which));
    };
    await Promise.all([work(store), work(other)]);
    expect(downloads.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `file ${i}`).toSorted());
    expect(await changeOf(id)).toBe(21);
  });

  it('asks for three pictures at once, no more', async () => {
    const { id } = await addProject(store);
    for (let i = 0; i < 8; i++) await waiting(id);
    let [now, most] = [0, 0];
    let third: () => void = () => {};
    const three = new Promise<void>((resolve) => {
      third = resolve;
    });
    download = async (url) => {
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
