import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VisavisError } from '../../src/core/platform/errors.ts';
import {
  ADA,
  createPocketWiki,
  POCKET_ENDPOINTS,
  type PocketWikiOptions,
  PRACTICE_CATEGORY,
  practiceTruth,
} from '../../src/sandbox/wiki.ts';
import { StillClock } from './harness.ts';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'pocket-'));
});
afterAll(() => rm(dataDir, { recursive: true }));

const options = (): PocketWikiOptions => ({
  port: 0,
  host: '127.0.0.1',
  dataDir,
  photosDir: null,
  clients: [{ id: 'one', secret: 'x', name: 'One', redirectUri: 'http://localhost:8080/cb' }],
  clock: new StillClock(),
});

describe('the practice content', () => {
  test('has about thirty files, with the one to be found in a dozen or so', () => {
    const files = Object.values(practiceTruth);
    expect(files).toHaveLength(33);
    expect(files.filter(({ items }) => items.includes(ADA.item))).toHaveLength(16);
    expect(files.filter(({ faces }) => faces.length > 1).length).toBeGreaterThan(15);
  });

  test('never shows a person twice in one file, and all boxes touch the picture', () => {
    for (const { faces, items } of Object.values(practiceTruth)) {
      expect(new Set(items).size).toBe(items.length);
      for (const { box } of faces) {
        const [x, y, w, h] = box;
        expect(Math.min(w, h)).toBeGreaterThan(0);
        expect(x + w / 2).toBeGreaterThan(0);
        expect(x + w / 2).toBeLessThan(1);
        expect(y + h / 2).toBeGreaterThan(0);
        expect(y + h / 2).toBeLessThan(1);
      }
    }
  });
});

describe('the pocket wiki between restarts', () => {
  test('keeps edits, tokens and pictures, and makes nothing twice', async () => {
    const first = await createPocketWiki(options());
    const file = 'File:Practice window 01.jpg';
    const statement = first.hands.depict(file, 'Q9007');
    const before = first.hands.page(file);
    const { accessToken } = first.hands.issueTokens('Practice Anna');
    await first.close();
    const second = await createPocketWiki(options());
    expect(second.hands.page(file)).toEqual(before);
    expect(second.hands.statements(file).map((one) => one.id)).toEqual([statement]);
    const answer = await fetch(`${second.url}/w/rest.php/oauth2/resource/profile`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).toBe(200);
    await second.close();
  });

  test('says which port is taken', async () => {
    const first = await createPocketWiki({ ...options(), dataDir: ':memory:', content: 'empty' });
    const second = createPocketWiki({ ...options(), dataDir: ':memory:', port: first.port });
    await expect(second).rejects.toSatisfy(
      (error) => error instanceof VisavisError && error.code === 'port_in_use',
    );
    await first.close();
  });

  test('tells the product where everything is', async () => {
    expect(POCKET_ENDPOINTS('http://localhost:8090/')).toEqual({
      oauthUrl: 'http://localhost:8090/w/rest.php/oauth2',
      commonsApi: 'http://localhost:8090/w/api.php',
      wikidataApi: 'http://localhost:8090/w/api.php',
      pictureHosts: ['localhost:8090'],
    });
    expect(PRACTICE_CATEGORY).toBe('Category:Practice photos');
  });
});
