import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { createDetector, type ProcessDetector } from '../../src/detect/detector.ts';
import { blackPng, dice, gif, mutated, png, tiff } from './limits/bombs.ts';
import { dataDir, photo, preparedPhotos } from './prepared.ts';

/** VISAVIS_LONG_TESTS=1: thousands of mutations, and 50 kills during 500 pictures. */
const LONG = process.env.VISAVIS_LONG_TESTS === '1';
const MUTATIONS = LONG ? 5000 : 150;
const [PICTURES, KILLS] = LONG ? [500, 50] : [100, 10];
const AT_ONCE = 6;

let photos: Buffer[] = [];
let small: Buffer;
let faces = 0;
let detector: ProcessDetector | null = null;

beforeAll(async () => {
  photos = await preparedPhotos();
  small = await sharp(photo(photos, 1)).resize(400).jpeg({ quality: 70 }).toBuffer();
});
afterEach(async () => {
  await detector?.close();
  detector = null;
});

function open(): ProcessDetector {
  detector = createDetector({ dataDir, threads: Math.min(2, availableParallelism()) });
  return detector;
}

/** "3 faces", or the code of what was wrong; a few at once, as the product does it. */
async function verdicts(of: ProcessDetector, pictures: readonly Uint8Array[]): Promise<string[]> {
  const told: string[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < pictures.length; i = next++) {
      expect(told[i]).toBeUndefined();
      told[i] = await of.detect(pictures[i] ?? Buffer.alloc(0), { embed: false }).then(
        (found) => `${found.faces.length} faces`,
        (error: { code?: string }) => error.code ?? String(error),
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return told;
}

async function facesOfSmall(of: ProcessDetector): Promise<string> {
  faces = (await of.detect(small, { embed: false })).faces.length;
  expect(faces).toBeGreaterThan(0);
  return `${faces} faces`;
}

it('a hostile folder: every file gets a verdict, and the good ones among them their faces', {
  timeout: 1_200_000,
}, async () => {
  const detector = open();
  const good = await facesOfSmall(detector);
  const random = dice(20);
  const hostile: [Uint8Array, RegExp][] = [
    [small.subarray(0, small.length * 0.4), /^broken_picture$/],
    [Buffer.concat([small, Buffer.from('PK\x03\x04 and more', 'latin1')]), /^\d+ faces$/],
    [Buffer.concat([Buffer.from('GIF89a'), small]), /^(broken_picture|picture_too_large|0 faces)$/],
    [Buffer.concat([Buffer.from('<html>'), small]), /^not_a_picture$/],
    [Buffer.from('%PDF-1.7\n'), /^not_a_picture$/],
    [Buffer.alloc(0), /^not_a_picture$/],
    [await sharp(small).webp().toBuffer(), /^\d+ faces$/],
    [blackPng(1, 100_000), /^(0 faces|broken_picture)$/],
    [png(30_000, 30_000, Buffer.alloc(20)), /^picture_too_large$/],
    [blackPng(9900, 9900), /^picture_too_large$/],
    [blackPng(8000, 8000), /^0 faces$/],
    [png(5000, 5000, Buffer.alloc(50)), /^broken_picture$/],
    [gif(10_000), /^picture_too_large$/],
    [gif(4000), /^0 faces$/],
    [tiff(3, { loop: true }), /^picture_too_large$/],
    [tiff(1, { width: 9000, height: 9000 }), /^(broken_picture|picture_too_large)$/],
    [Buffer.from(Array.from({ length: 5000 }, () => random() * 256)), /^not_a_picture$/],
    [
      Buffer.concat([small.subarray(0, 2), Buffer.from(Array.from({ length: 5000 }, () => random() * 256))]),
      /^(broken_picture|not_a_picture)$/,
    ],
  ];
  const told = await verdicts(
    detector,
    hostile.flatMap(([bytes]) => [bytes, small]),
  );
  hostile.forEach(([, expected], i) => {
    expect(told[2 * i], `hostile file ${i}`).toMatch(expected);
    expect(told[2 * i + 1], `the good file after ${i}`).toBe(good);
  });

  const mutations = Array.from({ length: MUTATIONS }, () => mutated(small, random));
  const words = await verdicts(detector, [...mutations, small]);
  expect(words).toHaveLength(MUTATIONS + 1);
  for (const word of words)
    expect(word).toMatch(/^(\d+ faces|broken_picture|not_a_picture|picture_too_large)$/);
  expect(words.at(-1)).toBe(good);
});

it(`the child is killed ${KILLS} times during ${PICTURES} pictures: each has its faces, once`, {
  timeout: 600_000,
}, async () => {
  const seed = Number(process.env.VISAVIS_SEED ?? Math.floor(Math.random() * 1e9));
  process.stdout.write(`kills: VISAVIS_SEED=${seed}\n`);
  const random = dice(seed);
  const detector = open();
  const good = await facesOfSmall(detector);
  let kills = 0;
  const kill = () => {
    if (detector.pid === null || kills >= KILLS) return;
    process.kill(detector.pid, 'SIGKILL');
    kills++;
  };
  const told: string[] = [];
  // After some pictures at a random moment, and now and then the one that starts in its place, too: counted in
  // pictures and not in time, so that a slow machine has the same test.
  let next = 1;
  const one = async () => {
    const [verdict = ''] = await verdicts(detector, [small]);
    told.push(verdict);
    if (told.length < next) return;
    next += 1 + Math.floor(random() * 1.9 * (PICTURES / KILLS - 1));
    await pause(random() * 60);
    kill();
    if (random() > 0.3) return;
    await pause(random() * 300);
    kill();
  };
  let begun = 0;
  const lane = async () => {
    while (begun++ < PICTURES || kills < KILLS) await one();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  expect(kills).toBe(KILLS);
  expect(told.filter((verdict) => verdict !== good)).toEqual([]);
  expect(told.length).toBeGreaterThanOrEqual(PICTURES);
});
