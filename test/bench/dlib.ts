/**
 * dlib's HOG detector beside one worker of ours, on the same decoded pictures, in turns:
 *
 *   node test/bench/dlib.ts [SECONDS] [TURNS]
 *
 * Needs a C++ compiler and dlib (Debian: apt-get install g++ libdlib-dev libblas-dev liblapack-dev); it is built in
 * a folder for temporary files and used for nothing else.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { benchPictures } from '../../src/detect/bench/pictures.ts';
import { BUNDLES, DEFAULT_CHOICE } from '../../src/detect/models/catalogue.ts';
import { prepareModels, preparePracticePhotos, readModels } from '../../src/detect/models/prepare.ts';
import { decode } from '../../src/detect/picture.ts';
import { openBundle } from '../../src/detect/steps/bundles.ts';
import { dataDir } from '../detect/prepared.ts';

const seconds = Number(process.argv[2] ?? 10);
const turns = Number(process.argv[3] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'visavis-dlib-'));
const program = join(folder, 'dlib-hog');

interface Turn {
  readonly pictures: number;
  readonly seconds: number;
  readonly faces: number;
}

try {
  build();
  sharp.concurrency(1);
  await prepareModels(dataDir);
  const photos = await Promise.all((await preparePracticePhotos(dataDir)).map((path) => readFile(path)));
  const pictures = await Promise.all((await benchPictures(photos)).map((bytes) => decode(bytes, 1280)));
  const files = pictures.map(({ data, width, height }, i) => {
    const path = join(folder, `${i}.rgb`);
    writeFileSync(path, Buffer.concat([Buffer.from(`${width} ${height}\n`), data]));
    return path;
  });
  const steps = await openBundle({ bundle: 'default', files: await readModels(dataDir) });
  const ours = async (): Promise<Turn> => {
    const start = performance.now();
    let done = 0;
    let faces = 0;
    for (; done < pictures.length || performance.now() - start < seconds * 1000; done++) {
      const picture = pictures[done % pictures.length];
      const found = picture ? (await steps.find(picture, false)).length : 0;
      if (done < pictures.length) faces += found;
    }
    return { pictures: done, seconds: (performance.now() - start) / 1000, faces };
  };
  await ours();
  const rounds: { dlib: Turn; ours: Turn }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const dlib = JSON.parse(execFileSync(program, [String(seconds), ...files], { encoding: 'utf8' })) as Turn;
    rounds.push({ dlib, ours: await ours() });
  }
  const rate = (turn: Turn) => turn.pictures / turn.seconds;
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  process.stdout.write(
    `${JSON.stringify({
      model: BUNDLES[DEFAULT_CHOICE.bundle].model,
      dlib: { picturesASecond: middle(rounds.map(({ dlib }) => rate(dlib))), faces: rounds[0]?.dlib.faces },
      ours: { picturesASecond: middle(rounds.map(({ ours }) => rate(ours))), faces: rounds[0]?.ours.faces },
      timesAsFast: middle(rounds.map(({ dlib, ours }) => rate(ours) / rate(dlib))),
    })}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function build(): void {
  const source = join(import.meta.dirname, 'dlib-hog.cpp');
  // -march=native is what dlib's own documentation asks for; without it the comparison would flatter us.
  const args = [
    '-O3',
    '-march=native',
    '-std=c++17',
    source,
    '-o',
    program,
    '-ldlib',
    '-lblas',
    '-llapack',
    '-lpthread',
  ];
  try {
    execFileSync('g++', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch {
    process.stderr.write('dlib-hog could not be built. Install: g++ libdlib-dev libblas-dev liblapack-dev\n');
    process.exit(1);
  }
}
