import { describe, expect, it } from 'vitest';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';
import { createPictures, type PictureOptions } from '../../../src/core/wiki/pictures.ts';
import { fakeClock, fakeFetch, httpError, lostAnswer, type Step, USER_AGENT } from './fakes.ts';

const HOSTS = ['upload.example', 'thumb.example', 'localhost:8090', 'plain.example:80'];
const URL_OK = 'https://upload.example/f/Test.jpg';

function fakePictures(steps: readonly Step[], options: Partial<PictureOptions> = {}) {
  const { fetch, seen } = fakeFetch(...steps);
  const clock = fakeClock();
  const pictures = createPictures({
    hosts: HOSTS,
    userAgent: USER_AGENT,
    clock,
    limiter: createLimiter(3),
    fetch,
    random: () => 1,
    ...options,
  });
  return { pictures, seen, clock };
}

const bytes = (length: number, headers: Record<string, string> = {}): Step => {
  return () => new Response(new Uint8Array(length).fill(7), { headers });
};
const redirect = (location: string, status = 302): Step => {
  return () => new Response(null, { status, headers: { location } });
};

describe('download', () => {
  it('gives the bytes, and says who asks', async () => {
    const { pictures, seen } = fakePictures([bytes(5)]);
    expect(await pictures.download(URL_OK)).toEqual(new Uint8Array(5).fill(7));
    expect(seen[0]?.headers.get('user-agent')).toBe(USER_AGENT);
  });

  it('follows redirects between picture hosts, relative ones too', async () => {
    const { pictures, seen } = fakePictures([
      redirect('https://thumb.example/t/1280px-Test.jpg', 301),
      redirect('/u/Test.jpg', 307),
      bytes(1),
    ]);
    await pictures.download(URL_OK);
    expect(seen[2]?.url.href).toBe('https://thumb.example/u/Test.jpg');
  });

  it.each([
    'https://evil.example/Test.jpg',
    'https://upload.example.evil.example/Test.jpg',
    'https://upload.example@evil.example/Test.jpg',
    'https://user:word@upload.example/Test.jpg',
    'https://upload.example:8443/Test.jpg',
    'http://upload.example/Test.jpg',
    'http://plain.example:80/Test.jpg',
    'http://localhost/Test.jpg',
    'http://127.0.0.1:8090/Test.jpg',
    'http://169.254.169.254/latest/meta-data',
    '//evil.example/Test.jpg',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'not an address',
  ])('does not go to %s, neither at once nor by a redirect', async (url) => {
    const expected = { code: 'file_unreadable', details: { reason: 'host' } };
    await expect(fakePictures([]).pictures.download(url)).rejects.toMatchObject(expected);
    if (url === 'not an address') return;
    const { pictures } = fakePictures([redirect(url)]);
    await expect(pictures.download(URL_OK)).rejects.toMatchObject(expected);
  });

  it('takes plain http from this machine when it is among the hosts', async () => {
    await expect(
      fakePictures([bytes(1)]).pictures.download('http://localhost:8090/a.jpg'),
    ).resolves.toHaveLength(1);
  });

  it('ends a ring of redirects', async () => {
    const { pictures } = fakePictures(Array(6).fill(redirect(URL_OK)));
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({ details: { reason: 'redirects' } });
  });

  it('takes five redirects', async () => {
    const { pictures } = fakePictures([...Array(5).fill(redirect(URL_OK)), bytes(1)]);
    await expect(pictures.download(URL_OK)).resolves.toHaveLength(1);
  });

  it('does not begin to read what is announced as too large', async () => {
    let read = false;
    const body = new ReadableStream(
      {
        pull: (controller) => {
          read = true;
          controller.enqueue(new Uint8Array(1));
        },
      },
      { highWaterMark: 0 },
    );
    const { pictures } = fakePictures([
      () => new Response(body, { headers: { 'content-length': '50000001' } }),
    ]);
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({ code: 'picture_too_large' });
    expect(read).toBe(false);
  });

  it('stops reading what becomes too large, whatever was announced', async () => {
    let sent = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 10;
        controller.enqueue(new Uint8Array(10));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const { pictures } = fakePictures([() => new Response(body, { headers: { 'content-length': '10' } })], {
      maxBytes: 25,
    });
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({ code: 'picture_too_large' });
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThanOrEqual(50);
  });

  it('takes exactly as much as is allowed', async () => {
    const { pictures } = fakePictures([bytes(25)], { maxBytes: 25 });
    await expect(pictures.download(URL_OK)).resolves.toHaveLength(25);
  });

  it('waits as long as a busy host says, then asks again', async () => {
    const { pictures, clock } = fakePictures([httpError(429, { 'Retry-After': '9' }), lostAnswer, bytes(1)]);
    await pictures.download(URL_OK);
    expect(clock.sleeps).toEqual([9_000, 2_000]);
  });

  it.each(['text/html; charset=utf-8', 'Text/Plain', 'application/json'])(
    'asks again when %s comes in place of a picture',
    async (type) => {
      const page = () => new Response('<h1>Error</h1>', { headers: { 'content-type': type } });
      const { pictures, clock } = fakePictures([page, page, bytes(2, { 'content-type': 'image/jpeg' })]);
      const began = clock.now();
      expect(await pictures.download(URL_OK)).toHaveLength(2);
      expect(clock.now() - began).toBe(6_000);
    },
  );

  it('gives up when a page comes again and again, as on a host with trouble of its own', async () => {
    const page = () => new Response('<h1>Error</h1>', { headers: { 'content-type': 'text/html' } });
    const { pictures } = fakePictures(Array(6).fill(page));
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({
      code: 'wiki',
      details: { kind: 'later', codes: ['UNREADABLE_ANSWER'] },
    });
  });

  it('gives up when the wait is too long', async () => {
    const { pictures } = fakePictures([httpError(429, { 'Retry-After': '600' })]);
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({
      code: 'wiki',
      details: { kind: 'later', retryAfterMs: 600_000 },
    });
  });

  it.each([404, 410, 403])('HTTP %i: there is no picture', async (status) => {
    const { pictures } = fakePictures([httpError(status)]);
    await expect(pictures.download(URL_OK)).rejects.toMatchObject({ details: { reason: 'missing' } });
  });
});
