import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CATEGORY, PEOPLE, PREPARE, type Scene, TITLES } from './conformance-scenes.ts';
import { startTestWiki, type TestWiki } from './harness.ts';
import recorded from './recorded/api.json' with { type: 'json' };
import { API_RECORDINGS } from './recorded/covered.ts';
import { shapeOf } from './recorded/shape.ts';

/**
 * Requests to the Action API that were recorded at a real MediaWiki with Wikibase and WikibaseMediaInfo, put to the
 * pocket wiki: the status, the codes in header and body and the shape of the answer are the same. `recorded/api.json`
 * has of each recording what is compared; of pages, items and accounts the pocket wiki has its own.
 */
interface Recording {
  readonly method: string;
  readonly as: string;
  readonly params: Readonly<Record<string, string>>;
  readonly status: number;
  readonly codes?: string;
  readonly retryAfter?: string;
  readonly type?: string;
  readonly shape?: string;
}
const RECORDINGS = recorded as unknown as Readonly<Record<string, Recording>>;

describe('the pocket wiki answers as the recorded one did', () => {
  let wiki: TestWiki;
  let spare: number[];
  let tokens: Record<string, string>;
  beforeAll(async () => {
    wiki = await startTestWiki('practice');
    wiki.hands.addCategory(CATEGORY);
    wiki.hands.addCategory('Category:Test people by year', CATEGORY);
    wiki.hands.addPage('Talk:Some article', CATEGORY);
    for (const title of TITLES) await wiki.hands.addFile({ title, category: CATEGORY });
    await wiki.hands.addFile({ title: 'File:Test portrait 6.jpg', category: CATEGORY });
    wiki.hands.moveFile('File:Test portrait 6.jpg', 'File:Renamed portrait 6.jpg');
    spare = await wiki.hands.addManyFiles(300, 'Category:Spare pages');
  });
  afterAll(() => wiki.close());
  afterEach(() => {
    wiki.misbehave.clear();
    wiki.hands.setRateLimit(900, 180);
    for (const name of Object.values(PEOPLE)) wiki.hands.unblock(name);
  });

  it('has what the list says', () => {
    expect(Object.keys(RECORDINGS)).toEqual(API_RECORDINGS);
    expect(API_RECORDINGS).toEqual(expect.arrayContaining(Object.keys(PREPARE)));
  });

  it.each(API_RECORDINGS)('%s', async (name) => {
    const recording = RECORDINGS[name];
    if (!recording) throw new Error(name);
    tokens = { Alice: tokenOf('Alice'), Bob: tokenOf('Bob'), garbage: 'garbage' };
    const scene = newScene();
    await PREPARE[name]?.(scene);
    if (name === 'abusefilter-warn-second') await send(recording, scene);
    const answer = await send(recording, scene);
    expect({
      status: answer.status,
      codes: answer.headers.get('mediawiki-api-error') ?? undefined,
      retryAfter: answer.headers.get('retry-after') ?? undefined,
      type: answer.headers.get('content-type')?.split(';')[0],
      // A page of HTML to look at, where the original shows its trace.
      shape: recording.shape && shapeOf(await answer.json()),
    }).toEqual({
      status: recording.status,
      codes: recording.codes,
      retryAfter: recording.retryAfter,
      type: recording.type,
      shape: recording.shape,
    });
  });

  function tokenOf(person: string): string {
    return wiki.hands.issueTokens(PEOPLE[person] ?? '', wiki.client.id).accessToken;
  }

  function newScene(): Scene {
    const pages = new Map<number, number>();
    const page = (recordedId: number) => {
      const known = pages.get(recordedId) ?? spare.pop();
      if (known === undefined) throw new Error('no spare pages left');
      pages.set(recordedId, known);
      return known;
    };
    const depict = (recordedId: number, item = 'Q9002', guid = randomUUID().toUpperCase()) =>
      wiki.hands.depict(page(recordedId), item, { id: `M${page(recordedId)}$${guid}` });
    return { wiki, page, depict, change: {} };
  }

  async function send(recording: Recording, scene: Scene): Promise<Response> {
    const bearer = scene.bearer ?? tokens[recording.as];
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const params = { format: 'json', ...mapped(recording.params, scene), ...scene.change };
    if (recording.method === 'GET') {
      return fetch(`${wiki.url}/w/api.php?${new URLSearchParams(params)}`, { headers });
    }
    const token = scene.token === undefined ? await editToken(headers) : scene.token;
    const search = scene.tokenInAddress ? `?${new URLSearchParams({ token: token ?? '' })}` : '';
    const form = { ...params, ...(token === null || scene.tokenInAddress ? {} : { token }) };
    return fetch(`${wiki.url}/w/api.php${search}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
    });
  }

  async function editToken(headers: Record<string, string>): Promise<string> {
    const params = { action: 'query', meta: 'tokens', type: 'csrf', format: 'json', formatversion: '2' };
    const answer = await fetch(`${wiki.url}/w/api.php?${new URLSearchParams(params)}`, { headers });
    const body = (await answer.json()) as { query: { tokens: { csrftoken: string } } };
    return body.query.tokens.csrftoken;
  }
});

/** The recorded ids of pages, items and people, as the pocket wiki's. */
function mapped(params: Recording['params'], { page }: Scene): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [
      key,
      key === 'ids' && value.split('|').length > 50
        ? value
        : value
            .replace(
              /\b([Mm])(1[1-9]|2[0-5])\b/g,
              (_, letter: string, id: string) => `${letter}${page(Number(id))}`,
            )
            .replace(/\bQ([1-6])\b/g, 'Q900$1')
            .replace(/\bnumeric-id": ([1-6])\b/g, 'numeric-id": 900$1')
            .replace(/^Alice$/, 'Practice Anna')
            .replace(/^Bob$/, 'Practice Bo'),
    ]),
  );
}
