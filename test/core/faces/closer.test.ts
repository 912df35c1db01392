import { describe, expect, it } from 'vitest';
import { lookCloser } from '../../../src/core/faces/closer.ts';
import type { DetectedFace, Detection, DetectOptions } from '../../../src/core/faces/detector.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { at, MODEL, wikiFile } from '../../support/pictures.ts';

const face = (heightPx: number, position: number): DetectedFace => ({
  box: [position, 0, 0.01, heightPx / 800],
  score: 0.75,
  quality: 0.1,
  landmarks: [],
  embedding: at(position),
});
const detection = (...heights: number[]): Detection => ({
  width: 1280,
  height: 800,
  model: MODEL,
  faces: heights.map((height, i) => face(height, i / 10)),
});

const ORIGINAL = { width: 6400, height: 4000 };

function world(original: { width?: number; height?: number; mime?: string } = {}) {
  const file = wikiFile(1, { ...ORIGINAL, ...original });
  const row = {
    page_id: 1,
    title: file.title,
    sha1: file.sha1,
    mime: 'image/jpeg',
    ...ORIGINAL,
    ...original,
  };
  const downloads: string[] = [];
  const asked: DetectOptions[] = [];
  const refused = new Map<string, Error>();
  let sha1 = file.sha1;
  const deps = {
    log: silentLog,
    wiki: {
      filesByPageId: async (_: readonly number[], width = 1280) =>
        new Map([[1, { ...file, sha1, thumbUrl: String(width), url: 'original' }]]),
    },
    pictures: {
      download: async (url: string) => {
        downloads.push(url);
        const error = refused.get(url);
        if (error) throw error;
        return Buffer.from(url);
      },
    },
    detector: {
      model: MODEL,
      detect: async (picture: Uint8Array, options: DetectOptions = {}): Promise<Detection> => {
        asked.push(options);
        const width = Number(Buffer.from(picture).toString()) || row.width;
        const faces = (options.boxes ?? []).map((box) => ({
          ...face(0, 0),
          box,
          score: 1,
          quality: 0.9,
          embedding: at(width),
        }));
        return { width, height: (width * 800) / 1280, model: MODEL, faces };
      },
      draw: async () => {
        throw new Error('nothing is drawn here');
      },
      close: async () => {},
    },
  };
  return {
    downloads,
    asked,
    refused,
    change: () => {
      sha1 = '0'.repeat(40);
    },
    look: (found: Detection) => lookCloser(deps, row, found),
  };
}

describe('looking closer', () => {
  it('leaves faces alone that are tall enough, and asks nobody', async () => {
    const { look, downloads } = world();
    const known = await look(detection(80, 300));
    expect(downloads).toEqual([]);
    expect(known.map(({ seen }) => seen.width)).toEqual([1280, 1280]);
    expect((await look(detection())).length).toBe(0);
  });

  it('embeds the small ones from the larger picture, and no other', async () => {
    const { look, asked } = world();
    const found = detection(300, 79, 100);
    const known = await look(found);
    expect(asked).toEqual([{ embed: true, boxes: [found.faces[1]?.box] }]);
    expect(known.map(({ face, seen }) => [face.embedding?.[0], seen.width, face.quality])).toEqual([
      [0, 1280, 0.1],
      [1920, 1920, 0.9],
      [at(0.2)[0], 1280, 0.1],
    ]);
    // The score is the detector's own, not that of a known box.
    expect(known[1]?.face.score).toBe(0.75);
  });

  it.each([
    { height: 79, expected: '1920' },
    { height: 60, expected: '3840' },
    { height: 30, expected: 'original' },
  ])('takes the narrowest picture that is enough for $height px', async ({ height, expected }) => {
    const { look, downloads } = world();
    await look(detection(height));
    expect(downloads).toEqual([expected]);
  });

  it.each([
    { what: 'has no larger picture', original: { width: 1280, height: 800 }, expected: [] },
    { what: 'ends at 3000 px', original: { width: 3000, height: 1875 }, expected: ['original'] },
    { what: 'has more than 100 megapixels', original: { width: 16_000, height: 10_000 }, expected: ['3840'] },
    { what: 'is a drawing', original: { mime: 'image/svg+xml' }, expected: ['3840'] },
  ])('when the file $what', async ({ original, expected }) => {
    const { look, downloads } = world(original);
    await look(detection(20));
    expect(downloads).toEqual(expected);
  });

  it('takes a smaller one when the largest is too much, and keeps what it has when none can be had', async () => {
    const { look, downloads, refused } = world();
    refused.set('original', new VisavisError('picture_too_large', 'more than 50 MB'));
    expect((await look(detection(20)))[0]?.seen.width).toBe(3840);
    expect(downloads).toEqual(['original', '3840']);
    for (const url of ['3840', '1920']) refused.set(url, new VisavisError('file_unreadable', 'not there'));
    expect((await look(detection(20)))[0]).toMatchObject({ seen: { width: 1280 }, face: { quality: 0.1 } });
  });

  it('throws what may pass, so that the file is tried again', async () => {
    const { look, refused } = world();
    refused.set('original', wikiError('down', { kind: 'later', codes: [], statement: 'not_sent' }));
    await expect(look(detection(20))).rejects.toThrow('down');
  });

  it('mixes no versions: a file that is another one now is left to the next crawl', async () => {
    const { look, downloads, change } = world();
    change();
    expect((await look(detection(20)))[0]?.seen.width).toBe(1280);
    expect(downloads).toEqual([]);
  });
});
