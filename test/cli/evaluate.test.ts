import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateCommand } from '../../src/cli/evaluate.ts';
import { readLabelled } from '../../src/cli/labelled.ts';
import { areaUnderCurve, atFalseAccepts, pointAt } from '../../src/cli/roc.ts';
import { dataDir, photo, preparedPhotos } from '../detect/prepared.ts';

let folder = '';
const path = (...names: string[]) => join(folder, ...names);

beforeAll(async () => {
  const photos = await preparedPhotos();
  folder = await mkdtemp(join(tmpdir(), 'visavis-evaluate-'));
  // The woman who is on two photos, a copy of one of them, and a man, each alone.
  const alone = async (number: number, left: number, to: string, width = 560) => {
    await mkdir(path('people', to.split('/')[0] ?? ''), { recursive: true });
    const part = { left, top: 0, width, height: 800 };
    await writeFile(path('people', to), await sharp(photo(photos, number)).extract(part).jpeg().toBuffer());
  };
  await alone(1, 1300, 'woman/a.jpg');
  await alone(1, 1280, 'woman/b.jpg', 600);
  await alone(1, 280, 'man/c.jpg', 440);
  await writeFile(path('people', 'man', 'note.txt'), 'no picture');
  const plain = sharp({ create: { width: 300, height: 300, channels: 3, background: '#456' } });
  await writeFile(path('people', 'man', 'd.png'), await plain.png().toBuffer());
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
  const code = await evaluateCommand(args, { dataDir, threads: 2, ...print });
  return { code, out, err };
}

describe('visavis evaluate', () => {
  it('reads a folder for each person', async () => {
    const { code, out } = await run(['--json', path('people')]);
    const report = JSON.parse(out[0] ?? '');
    expect(code).toBe(0);
    expect(report).toMatchObject({
      pictures: { all: 4, unreadable: 0, withoutFace: 1, withOneFace: 3, withSeveralFaces: 0 },
      pairs: { same: 1, different: 2, leftOut: 3 },
      auc: 1,
      faces: 3,
    });
    expect(report.roc.find((point: { threshold: number }) => point.threshold === 0.45)).toMatchObject({
      trueAccepts: 1,
      falseAccepts: 0,
    });
    expect(report.atFalseAccepts[0]).toMatchObject({ most: 0.0001, trueAccepts: 1, falseAccepts: 0 });
  });

  it('reads a list of pairs, and prints a table', async () => {
    const list = 'a,b,same\npeople/woman/a.jpg,people/woman/b.jpg,1\npeople/woman/a.jpg,people/man/c.jpg,0\n';
    await writeFile(path('pairs.csv'), list);
    const { code, out } = await run([path('pairs.csv')]);
    expect(code).toBe(0);
    expect(out.join('\n')).toMatch(/pairs {6}1 of the same person, 1 of different people, 0 left out/);
    expect(out.join('\n')).toMatch(/AUC {8}1\.00000/);
    expect(out.filter((line) => /^0\.\d\d /.test(line))).toHaveLength(11);
  });

  it('names a picture that cannot be read, goes on, and ends with 1', async () => {
    await writeFile(path('absent.csv'), 'people/woman/a.jpg,nobody.jpg,0\n');
    const { code, out, err } = await run([path('absent.csv')]);
    expect(code).toBe(1);
    expect(err.join()).toMatch(/nobody\.jpg/);
    expect(out.join('\n')).toMatch(/AUC {8}-/);
  });

  it('says what it expected', async () => {
    await writeFile(path('bad.csv'), 'a,b,same\nx.jpg,y.jpg,perhaps\n');
    await expect(readLabelled(path('bad.csv'))).rejects.toThrow(/line 2/);
    await mkdir(path('empty'));
    await expect(readLabelled(path('empty'))).rejects.toThrow(/one for each person/);
    expect((await run([])).code).toBe(2);
    expect((await run(['--help'])).out[0]).toMatch(/^visavis evaluate/);
  });
});

describe('curves', () => {
  const pairs = { same: [0.1, 0.2, 0.5], different: [0.3, 0.5, 0.7, 0.9] };

  it('count what is nearer than the threshold', () => {
    expect(pointAt(pairs, 0.5)).toEqual({ threshold: 0.5, trueAccepts: 2 / 3, falseAccepts: 0.25 });
    expect(pointAt({ same: [], different: [1] }, 0.5).trueAccepts).toBeNull();
  });

  it('have the area of all pairs of pairs in the right order, ties by half', () => {
    expect(areaUnderCurve(pairs)).toBeCloseTo((4 + 4 + 2.5) / 12, 9);
    expect(areaUnderCurve({ same: [1], different: [] })).toBeNull();
    expect(areaUnderCurve({ same: [2], different: [1] })).toBe(0);
  });

  it('find the threshold for a share of false accepts', () => {
    expect(atFalseAccepts(pairs, 0)).toMatchObject({ threshold: 0.3, trueAccepts: 2 / 3, falseAccepts: 0 });
    expect(atFalseAccepts(pairs, 0.25)).toMatchObject({ threshold: 0.5, falseAccepts: 0.25 });
    expect(atFalseAccepts(pairs, 1)).toMatchObject({ trueAccepts: 1, falseAccepts: 1 });
  });
});
