import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchCommand } from '../../src/cli/bench.ts';
import { practicePictures } from '../../src/cli/review/practice.ts';
import { careless, type Posed, perfect } from '../../src/cli/review/reviewer.ts';
import { wikivisageRules } from '../../src/cli/review/wikivisage-rules.ts';
import { makeWorld } from '../../src/cli/review/world.ts';
import { preparePracticePhotos } from '../../src/detect/models/prepare.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { at } from '../support/pictures.ts';

let folder = '';
beforeAll(async () => {
  await preparedPhotos();
  folder = await mkdtemp(join(tmpdir(), 'visavis-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const print = {
    isTty: false,
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
  };
  const code = await benchCommand(['review', ...args], { dataDir, threads: 2, ...print });
  return { code, out, err };
}

// The first run makes the pictures and looks at them (half a minute); later ones take what is kept.
describe('visavis bench review', { timeout: 300_000 }, () => {
  it('asks for far fewer answers than the predecessor, and hardly writes a wrong claim', async () => {
    const { code, out } = await run(['--seeds', '1', '--json']);
    expect(code).toBe(0);
    const { results } = JSON.parse(out[0] ?? '');
    const cost = ({ answers, right }: { answers: number; right: number }) => answers / right;
    const [ten, eight] = results;
    expect(ten).toMatchObject({ persons: 10, files: 10 });
    expect(eight).toMatchObject({ persons: 8, files: 5 });
    for (const [{ compared }, share] of [
      [ten, 1 / 4],
      [eight, 1 / 3],
    ] as const) {
      const { perfect, careless } = compared;
      expect(perfect.wikivisage.wrong + perfect.ours.wrong + perfect.oneProject.wrong).toBe(0);
      expect(cost(perfect.ours)).toBeLessThanOrEqual(share * cost(perfect.wikivisage));
      expect(cost(perfect.oneProject)).toBeLessThanOrEqual(share * cost(perfect.wikivisage));
      expect(perfect.ours.missed).toBeLessThan(0.05 * perfect.ours.right);
      expect(careless.ours.wrong).toBeLessThanOrEqual(careless.wikivisage.wrong / 10);
      expect(careless.copied.wrong).toBeLessThan(careless.wikivisage.wrong);
    }
  });

  it('prints a table, from a folder for each person', async () => {
    // Two people, each a portrait and three pictures.
    const paths = await preparePracticePhotos(dataDir);
    const made = practicePictures(paths);
    for (const [person, first] of [
      ['anna', 0],
      ['berit', 15],
    ] as const) {
      await mkdir(join(folder, person));
      for (let i = 0; i < 4; i++) {
        const name = i === 0 ? 'portrait.jpg' : `${i}.jpg`;
        await writeFile(join(folder, person, name), (await made[first + i]?.bytes()) ?? '');
      }
    }
    const { code, out } = await run([folder, '--seeds', '1']);
    expect(code).toBe(0);
    const text = out.join('\n');
    expect(text).toMatch(/10 persons, 10 files each, 1 seed\n/);
    expect(text).toMatch(/WikiVisage +ours +ours, in one project\n/);
    expect(text).toMatch(/WikiVisage +ours +ours, half copied\n/);
    expect(text).toMatch(/answers for each correct claim( +\d\.\d\d){3}\n/);
    expect(text).toMatch(/wrong claims( +\d+){3}\n/);
    expect(text).toMatch(/missed faces( +\d+){3}/);
  });

  it('says how it is used', async () => {
    expect((await run(['--help'])).out[0]).toMatch(/^visavis bench review/);
    expect((await run(['--seeds', '0'])).code).toBe(2);
    expect((await run(['one', 'two'])).code).toBe(2);
    const empty = await mkdtemp(join(folder, 'empty-'));
    const { code, err } = await run([empty]);
    expect(code).toBe(1);
    expect(err.join()).toMatch(/one for each person/);
  });
});

describe('the simulation', () => {
  const face = (person: string | null, position: number) => ({
    person,
    box: [0, 0, 1, 1] as const,
    heightPx: 100,
    quality: 1,
    vector: at(position),
  });
  const always = () => 0.999;

  it('has reviewers who answer as the questions are meant', () => {
    const say = (kind: Posed['kind'], ...truth: boolean[]) => perfect({ kind, truth });
    expect(say('single', true)).toEqual(['✅']);
    expect(say('single', false)).toEqual(['❌']);
    expect(say('several', false, true, true)).toEqual(['2⃣', '3⃣']);
    expect(say('several', false, false)).toEqual(['🚫']);
    expect(say('batch', true, true)).toEqual(['✅']);
    expect(say('batch', true, false, true)).toEqual(['✅', '🇧']);
    expect(say('batch', false, false)).toEqual(['❌']);
    const sloppy = careless(() => 0, 0.05);
    expect(sloppy({ kind: 'single', truth: [false] })).toEqual(['✅']);
    expect(careless(always, 0.05)({ kind: 'single', truth: [false] })).toEqual(['❌']);
  });

  it('plays the rules of the predecessor', () => {
    // Six files of her, three of somebody far away, and one who is near enough to be guessed.
    const files = [
      ...Array.from({ length: 6 }, (_, i) => [face('her', i / 16)]),
      ...Array.from({ length: 3 }, () => [face(null, 3)]),
      [face(null, 0.5), face(null, 0.25)],
    ];
    const world = { persons: ['her'], files, portraits: new Map() };
    const unseen = wikivisageRules(always, world, 'her', perfect, false);
    const confirmed = wikivisageRules(always, world, 'her', perfect, true);
    const wrong = ({ claims }: typeof unseen) =>
      claims.filter(({ file }) => !files[file]?.some((one) => one.person === 'her')).length;
    // Nothing is shuffled here and files come from the end: five of hers follow four of others.
    expect(unseen).toMatchObject({ answers: 9 });
    expect(unseen.claims).toHaveLength(6);
    expect(wrong(unseen)).toBe(0);
    expect(confirmed.answers).toBe(10);
    const before = { ...world, files: files.toReversed() };
    const other = wikivisageRules(always, before, 'her', perfect, false);
    expect(other.answers).toBe(5);
    expect(other.claims).toHaveLength(7);
    expect(wikivisageRules(always, before, 'her', perfect, true)).toMatchObject({ answers: 7 });
    expect(wikivisageRules(always, before, 'her', perfect, true).claims).toHaveLength(6);
  });

  it('gives each person as many files as there are to be', () => {
    const pictures = ['a', 'b', 'c'].flatMap((person) => [
      { portraitOf: person, faces: [face(person, 0)] },
      ...Array.from({ length: 6 }, (_, i) => ({ portraitOf: null, faces: [face(person, i)] })),
    ]);
    const together = { portraitOf: null, faces: [face('a', 0), face('b', 0)] };
    const world = makeWorld(() => 0.3, [...pictures, together, together], { persons: 2, files: 4 });
    expect(world.persons).toHaveLength(2);
    for (const person of world.persons) {
      expect(world.files.filter((faces) => faces.some((one) => one.person === person))).toHaveLength(4);
      expect(world.portraits.get(person)?.person).toBe(person);
    }
  });
});
