import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectCommand } from '../../src/cli/detect.ts';
import { modelsCommand } from '../../src/cli/models.ts';
import { createProgress } from '../../src/cli/progress.ts';
import { dataDir, photo, preparedPhotos } from '../detect/prepared.ts';

let folder = '';
let photos: Buffer[] = [];
const path = (name: string) => join(folder, name);

beforeAll(async () => {
  photos = await preparedPhotos();
  folder = await mkdtemp(join(tmpdir(), 'visavis-cli-'));
  await writeFile(path('one.jpg'), photo(photos, 1));
  await writeFile(path('six.jpg'), photo(photos, 6));
  await writeFile(path('text.jpg'), 'These are words, not a picture.\n');
  await writeFile(path('cut.jpg'), photo(photos, 2).subarray(0, 70_000));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(command: typeof detectCommand, args: string[], data = dataDir) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await command(args, {
    dataDir: data,
    threads: 2,
    isTty: false,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  });
  return { code, out, err };
}

describe('visavis detect', () => {
  it('--json gives one object a line, in the order of the files', async () => {
    const files = ['six', 'one', 'six', 'one'].map((name) => path(`${name}.jpg`));
    const { code, out, err } = await run(detectCommand, ['--json', ...files]);
    expect([code, err]).toEqual([0, []]);
    const lines = out.map((line) => JSON.parse(line));
    expect(lines.map(({ file }) => file)).toEqual(files);
    expect(lines.map(({ faces }) => faces.length)).toEqual([4, 3, 4, 3]);
    expect(lines[1]).toMatchObject({ width: 1920, height: 1280, model: expect.stringMatching(/dlib-128/) });
    const [face] = lines[1].faces;
    expect(Object.keys(face)).toEqual(['box', 'score', 'quality', 'landmarks']);
    expect(face.quality).toBeGreaterThan(0.5);
    expect(face.box).toHaveLength(4);
    expect(face.landmarks).toHaveLength(5);
    for (const value of [...face.box, ...face.landmarks.flat()]) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
  });

  it('--embeddings adds 128 numbers to each face', async () => {
    const { out } = await run(detectCommand, ['--json', '--embeddings', path('one.jpg')]);
    const { faces } = JSON.parse(out[0] ?? '');
    expect(faces.map(({ embedding }: { embedding: number[] }) => embedding.length)).toEqual([128, 128, 128]);
    expect(faces[0].embedding.every(Number.isFinite)).toBe(true);
  });

  it('says what is wrong with a file in one line, does all the others, and ends with 1', async () => {
    const files = ['text', 'one', 'cut', 'absent'].map((name) => path(`${name}.jpg`));
    const { code, out, err } = await run(detectCommand, files);
    expect(code).toBe(1);
    expect(out[0]).toBe(`${files[1]}: 1920x1280, 3 faces`);
    expect(out).toHaveLength(4);
    expect(out[1]).toMatch(/^ {2}1 {2}\d+x\d+ at \d+,\d+ {2}score [01]\.\d\d$/);
    expect(err).toHaveLength(3);
    expect(err[0]).toBe(`${files[0]}: not a JPEG, PNG, GIF, WebP or TIFF picture`);
    expect(err[1]).toMatch(/cut\.jpg: the picture is damaged or ends early/);
    expect(err[2]).toMatch(/absent\.jpg: the file cannot be read, it is not there$/);
    expect(err.join()).not.toMatch(/\n| {4}at /);
  });

  it('--json gives errors as objects', async () => {
    const files = ['text', 'cut', 'absent', 'one'].map((name) => path(`${name}.jpg`));
    const { code, out, err } = await run(detectCommand, ['--json', ...files]);
    const lines = out.map((line) => JSON.parse(line));
    expect([code, err]).toEqual([1, []]);
    expect(lines.map(({ file }) => file)).toEqual(files);
    expect(lines.map(({ error }) => error?.code)).toEqual([
      'not_a_picture',
      'broken_picture',
      'file_unreadable',
      undefined,
    ]);
    expect(Object.keys(lines[0].error)).toEqual(['code', 'message']);
  });

  it('--annotate writes a copy of each picture at its full size', async () => {
    const target = path('drawn');
    const { code, out } = await run(detectCommand, ['--annotate', target, path('one.jpg'), path('one.jpg')]);
    expect(code).toBe(0);
    expect(out[0]).toMatch(/3 faces, drawn in .*one\.faces\.jpg$/);
    expect((await readdir(target)).sort()).toEqual(['one.2.faces.jpg', 'one.faces.jpg']);
    expect(await sharp(join(target, 'one.faces.jpg')).metadata()).toMatchObject({
      width: 1920,
      height: 1280,
    });
  });

  it.each([[[]], [['--nonsense', 'a.jpg']], [['--annotate']], [['--embeddings', 'a.jpg']]])(
    'wrong usage %j ends with 2 and one line that names the help',
    async (args) => {
      const { code, out, err } = await run(detectCommand, args);
      expect([code, out]).toEqual([2, []]);
      expect(err).toEqual([
        expect.stringMatching(/^visavis detect: .+; "visavis detect --help" tells more$/),
      ]);
    },
  );

  it('--help ends with 0', async () => {
    const { code, out } = await run(detectCommand, ['--help']);
    expect(code).toBe(0);
    expect(out.join()).toMatch(/--annotate DIR/);
  });
});

describe('visavis models', () => {
  it('lists and checks what is there', async () => {
    expect((await run(modelsCommand, ['check'])).code).toBe(0);
    const { code, out } = await run(modelsCommand, []);
    expect(code).toBe(0);
    expect(out.filter((line) => /^\w+ +ready$/.test(line))).toHaveLength(3);
  });

  it('check ends with 1 when they are missing, list does not', async () => {
    expect((await run(modelsCommand, ['check'], path('empty'))).code).toBe(1);
    expect((await run(modelsCommand, ['list'], path('empty'))).code).toBe(0);
  });

  it('prepare tells its steps', async () => {
    const { code, err } = await run(modelsCommand, ['prepare']);
    expect([code, err]).toEqual([0, ['ready']]);
  });

  it.each([[['destroy']], [['list', 'more']], [['--nonsense']]])(
    'wrong usage %j ends with 2',
    async (args) => {
      expect((await run(modelsCommand, args)).code).toBe(2);
    },
  );
});

describe('progress', () => {
  it('is a line for each step where there is no terminal', () => {
    const lines: string[] = [];
    const progress = createProgress({ isTty: false, err: (line) => lines.push(line) });
    progress.step(1, 4, 'converting');
    progress.finish();
    expect(lines).toEqual(['[1/4] converting']);
  });

  it('is one line that is drawn again on a terminal', () => {
    let text = '';
    const errRaw = (more: string) => {
      text += more;
    };
    const progress = createProgress({ isTty: true, err: () => {}, errRaw });
    progress.step(1, 2, 'half');
    expect(text).toBe(`\r\u001b[2K${'█'.repeat(12)}${'░'.repeat(12)} half`);
    progress.finish();
    expect(text.endsWith('\r\u001b[2K')).toBe(true);
    expect(text).not.toMatch(/\n/);
  });
});
