import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, startApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { systemClock } from '../src/core/platform/clock.ts';
import { silentLog } from '../src/core/platform/log.ts';
import { memoryNudges } from '../src/core/platform/nudges.ts';
import { castBallot } from '../src/core/review/votes.ts';
import { openStore, type Store } from '../src/core/store/store.ts';
import { practiceTruth } from '../src/sandbox/practice/truth.ts';
import { dataDir, preparedPhotos } from './detect/prepared.ts';

const ADA = 'Q9001';
const root = join(import.meta.dirname, '..');

/**
 * The practice project with the real detector and the real matcher: what is suggested has to be right, at every
 * number of confirmed faces, although one other person's distance is below the threshold in these photos.
 */
describe('suggestions in the practice project', { timeout: 180_000 }, () => {
  let folder: string;
  let app: App;
  let store: Store;

  beforeAll(async () => {
    await preparedPhotos();
    folder = mkdtempSync(join(tmpdir(), 'visavis-practice-'));
    for (const name of ['models', 'practice']) symlinkSync(join(dataDir, name), join(folder, name));
    const port = 41_000 + (process.pid % 10_000);
    const config = loadConfig({ PORT: String(port), VISAVIS_DATA_DIR: folder }, root);
    app = await startApp({ config, roles: ['web', 'worker'], log: silentLog, root });
    store = openStore(config.database);
    await until(async () => {
      const waiting = await store.db
        .selectFrom('files')
        .select('id')
        .where('state', '=', 'waiting')
        .execute();
      const project = await store.db.selectFrom('projects').select('bootstrapped_at').executeTakeFirst();
      return project?.bootstrapped_at != null && waiting.length === 0;
    });
  }, 180_000);
  afterAll(async () => {
    await store?.close();
    await app?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are right after two, three, five and eight confirmed faces', async () => {
    const faces = await facesWithTruth();
    const hers = faces.filter((face) => face.person === ADA);
    const project = await store.db
      .selectFrom('projects')
      .select(['id', 'created_by'])
      .executeTakeFirstOrThrow();
    const deps = { store, clock: systemClock, nudges: memoryNudges() };
    let confirmed = 0;
    for (const upTo of [2, 3, 5, 8]) {
      while (confirmed < upTo) {
        const face = hers[confirmed++];
        if (!face) throw new Error('she is in too few photos');
        await castBallot(deps, {
          projectId: project.id,
          accountId: project.created_by,
          answers: [{ faceId: face.id, person: ADA, answer: 'yes' }],
          questionId: null,
          platform: 'test',
        });
      }
      await until(async () => {
        const row = await store.db
          .selectFrom('projects')
          .select(['change_number', 'matched_change'])
          .executeTakeFirst();
        return row?.change_number === row?.matched_change;
      });
      const suggested = await store.db
        .selectFrom('suggestions')
        .select('face_id')
        .where('suggested', '=', 1)
        .execute();
      expect(suggested.length).toBeGreaterThan(0);
      for (const { face_id } of suggested) {
        const face = faces.find((one) => one.id === face_id);
        expect(face, `face ${face_id} of ${face?.title} after ${confirmed} confirmed`).toMatchObject({
          person: ADA,
        });
      }
    }
  });

  it('begin with her portrait, which is looked at once', async () => {
    await until(async () => {
      const row = await store.db.selectFrom('portraits').select(['person', 'state']).executeTakeFirst();
      return row?.person === ADA && row.state === 'usable';
    });
  });

  /** Every detected face with the person who is really there. */
  async function facesWithTruth(): Promise<{ id: number; title: string; person: string | null }[]> {
    const rows = await store.db
      .selectFrom('faces')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select(['faces.id', 'files.title', 'x', 'y', 'w', 'h'])
      .orderBy('files.page_id')
      .execute();
    return rows.map((row) => {
      const middle = [row.x + row.w / 2, row.y + row.h / 2] as const;
      const there = practiceTruth[row.title]?.faces.find(
        ({ box: [x, y, w, h] }) => middle[0] > x && middle[0] < x + w && middle[1] > y && middle[1] < y + h,
      );
      return { id: row.id, title: row.title, person: there?.item ?? null };
    });
  }
});

async function until(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1200; i++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come to that in two minutes');
}
