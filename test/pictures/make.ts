/**
 * The pictures of the README, made by the product itself, of people who were drawn for them:
 *
 *   node test/pictures/make.ts
 *
 * writes docs/pictures/card.webp and project.webp. Needs Chromium and the models (`visavis models prepare`).
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { migrations } from '../../migrations/index.ts';
import { questionCard, readQuestion } from '../../src/bots/cards.ts';
import { createCrops } from '../../src/core/faces/crops.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { openQuestion } from '../../src/core/review/questions.ts';
import { castBallot } from '../../src/core/review/votes.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { createDetector } from '../../src/detect/detector.ts';
import { dataDir } from '../detect/prepared.ts';
import { addChannel, addMember, addProject } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { messages, startSite } from '../web/support/site.ts';
import { type DrawnPhoto, drawnPhoto, HEIGHT, LOOKS, WIDTH } from './people.ts';

const out = join(import.meta.dirname, '../../docs/pictures');
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
/** Who stands in which photo; 0 is the one who is looked for. */
const GROUPS = [[1, 0, 3], [0], [2, 0], [4, 1, 0, 2], [0, 3], [2], [3, 4, 0], [0, 1]];
const ROOMS = ['#9fb4c2', '#c4b69f', '#a9bfa2', '#b7a9c2'];

const store = openStore({ kind: 'sqlite', path: ':memory:' });
const detector = createDetector({ dataDir, threads: 1 });
const stops: (() => Promise<void>)[] = [() => store.close(), () => detector.close()];
try {
  mkdirSync(out, { recursive: true });
  await migrate(store, migrations);
  await make();
} finally {
  for (const stop of stops.reverse()) await stop();
}

async function make(): Promise<void> {
  const now = systemClock.now();
  const { id: project, owner } = await addProject(store, {
    title: 'Mira Halvorsen, chemist',
    category: 'Meetings of the Drawn Society',
    votes_needed: 2,
    created_at: now - 9 * 86_400_000,
    crawled_at: now - 3_600_000,
    bootstrapped_at: now - 3_600_000,
  });
  const person = {
    label: 'Mira Halvorsen',
    description: 'chemist, drawn for this page',
    portrait_title: 'File:Mira Halvorsen, drawn.jpg',
    portrait_url: 'p:1',
    portrait_page_url: 'https://wiki.example/File:Mira_Halvorsen,_drawn.jpg',
    portrait_author: 'nobody',
    portrait_licence: 'CC0',
  };
  await store.db.updateTable('project_persons').set(person).execute();
  const member = await addMember(store, project);
  const photos: DrawnPhoto[] = [];
  const faces: number[][] = [];
  for (const [n, group] of GROUPS.entries()) {
    const looks = group.flatMap((one) => LOOKS[one] ?? []);
    const photo = await drawnPhoto(looks, ROOMS[n % ROOMS.length] ?? '');
    photos.push(photo);
    const fileId = await addFile(store, project, {
      title: `File:Meeting of the Drawn Society, ${n + 1}.jpg`,
      author: 'nobody',
      licence: 'CC0',
      width: WIDTH,
      height: HEIGHT,
      thumb_url: `p:${n}`,
    });
    faces.push(await addFaces(fileId, photo));
  }
  const pictures = {
    download: async (url: string) => photos[Number(url.slice(2))]?.jpeg ?? Buffer.alloc(0),
  };

  const channel = await addChannel(store, project);
  const { questionId } = await store.transaction((trx) =>
    openQuestion(
      trx,
      { projectId: project, kind: 'several', person: 'Q1', faceIds: faces[3] ?? [] },
      channel,
      now,
    ),
  );
  const question = await readQuestion(store, questionId);
  if (!question) throw new Error('there is no question');
  const translate = (language: string) => messages.translator(language);
  const itemUrl = (item: string) => `https://www.wikidata.org/wiki/${item}`;
  const { card } = await questionCard({ store, pictures, detector, translate, itemUrl }, question);
  if (!card.picture) throw new Error('the card has no picture');
  await sharp(card.picture.bytes).resize(900).webp({ quality: 80 }).toFile(join(out, 'card.webp'));

  for (const [n, group] of GROUPS.slice(0, 3).entries()) {
    const answers = (faces[n] ?? []).map((faceId, i) => ({
      faceId,
      person: 'Q1',
      answer: group[i] === 0 ? ('yes' as const) : ('no' as const),
    }));
    for (const accountId of [owner, member])
      await castBallot(
        { store, clock: systemClock, nudges: memoryNudges() },
        { projectId: project, accountId, answers, questionId: null, platform: 'web' },
      );
  }
  // A browser would ask for the portrait at the wiki, which is not there.
  await store.db.updateTable('project_persons').set({ portrait_url: null }).execute();
  const site = await startSite(store, { crops: createCrops({ store, pictures, detector }) });
  stops.push(() => site.close());
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (!executablePath) throw new Error('Chromium is not installed');
  const browser = await chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  stops.push(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1100, height: 1250 }, locale: 'en-GB' });
  await page.goto(`${site.url}/projects/${project}`);
  // As a string: this side knows no document.
  await page.evaluate(
    `Promise.all([...document.images].map((image) => { image.loading = 'eager'; return image.decode().catch(() => {}); }))`,
  );
  const shot = await page.screenshot();
  await sharp(shot).resize(900).webp({ quality: 80 }).toFile(join(out, 'project.webp'));
}

async function addFaces(fileId: number, { boxes }: DrawnPhoto): Promise<number[]> {
  const ids: number[] = [];
  for (const [x, y, w, h] of boxes) {
    const { id } = await store.db
      .insertInto('faces')
      .values({
        file_id: fileId,
        sha1: `${fileId}`,
        x,
        y,
        w,
        h,
        score: 1,
        landmarks: '[]',
        model: 'drawn',
        seen_width: WIDTH,
        seen_height: HEIGHT,
        source: 'detector',
        created_at: 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    ids.push(id);
  }
  return ids;
}
