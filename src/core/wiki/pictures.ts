import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import { reasonError } from '../platform/reasons.ts';
import { FailedAttempt, httpCode, networkFailure } from './attempt.ts';
import type { Fetch } from './exchange.ts';
import type { Limiter } from './limiter.ts';
import { retryAfterMs } from './retry-after.ts';
import { runWithRetries, type WikiLog } from './run.ts';
import { isLoopback } from './secure-url.ts';

export interface PictureOptions {
  /** `host` or `host:port`, as in an address. Nothing is fetched from anywhere else. */
  readonly hosts: readonly string[];
  /** From `userAgent()`. */
  readonly userAgent: string;
  readonly clock: Clock;
  readonly limiter: Limiter;
  readonly fetch?: Fetch;
  readonly log?: WikiLog;
  /** Default 50 MB. */
  readonly maxBytes?: number;
  /** For one picture with its redirects. Default 60 s. */
  readonly timeoutMs?: number;
  /** For all repetitions together. Default 2 minutes. */
  readonly budgetMs?: number;
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

export interface Pictures {
  /**
   * The bytes behind an address of a picture host; what they are is for the decoder to find out. A page in their place,
   * as proxies show it when something is wrong behind them, is a failure that passes.
   * @throws VisavisError `file_unreadable` (not there, or an address that is not allowed, see
   *   details.reason), `picture_too_large`, or `wiki` with WikiErrorDetails
   */
  download(url: string): Promise<Uint8Array>;
}

export const MAX_PICTURE_BYTES = 50_000_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export function createPictures(options: PictureOptions): Pictures {
  const { clock, signal } = options;
  const hosts = new Set(options.hosts.map((host) => host.toLowerCase()));
  const maxBytes = options.maxBytes ?? MAX_PICTURE_BYTES;

  return {
    download: (url) =>
      runWithRetries(() => options.limiter.run(() => attempt(url)), {
        clock,
        log: options.log,
        signal,
        random: options.random ?? Math.random,
        budgetMs: options.budgetMs ?? 120_000,
      }),
  };

  async function attempt(address: string): Promise<Uint8Array> {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 60_000);
    const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      const response = await follow(address, stop);
      await assertNoPage(response);
      return await readBody(response, maxBytes);
    } catch (error) {
      if (error instanceof VisavisError || error instanceof FailedAttempt) throw error;
      throw networkFailure(error, signal?.aborted === true);
    }
  }

  /** Every address on the way is checked: a redirect is as foreign as the first one. */
  async function follow(address: string, stop: AbortSignal): Promise<Response> {
    let url = allowedUrl(address, hosts);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await (options.fetch ?? globalThis.fetch)(url, {
        headers: { 'user-agent': options.userAgent, accept: 'image/*' },
        redirect: 'manual',
        signal: stop,
      });
      if (response.status === 200) return response;
      await response.body?.cancel();
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || location === null) throw refusal(response);
      url = allowedUrl(location, hosts, url);
    }
    throw unreadable('redirects');
  }

  function refusal({ status, headers }: Response): Error {
    const code = httpCode(status) ?? 'HTTP_REFUSED';
    if (code === 'HTTP_REFUSED') return unreadable('missing', [status]);
    const retryAfter = retryAfterMs(headers.get('retry-after'), clock.now());
    return new FailedAttempt({ codes: [code], retryAfterMs: retryAfter, arrived: 'yes' });
  }
}

/** https at one of the hosts; plain http only where such a host is this machine. */
function allowedUrl(address: string, hosts: ReadonlySet<string>, base?: URL): URL {
  const url = URL.parse(address, base?.href);
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !secure || url.username !== '' || url.password !== '' || !hosts.has(url.host)) {
    throw unreadable('host');
  }
  return url;
}

async function assertNoPage({ headers, body }: Response): Promise<void> {
  if (!/^(text\/|application\/json)/i.test(headers.get('content-type') ?? '')) return;
  await body?.cancel();
  throw new FailedAttempt({ codes: ['UNREADABLE_ANSWER'], arrived: 'yes' });
}

/** Reads no further than the limit, whatever the headers promised. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const part of response.body ?? []) {
    length += part.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

function unreadable(why: 'host' | 'redirects' | 'missing', params: readonly number[] = []): VisavisError {
  return reasonError('file_unreadable', `picture-${why}`, params, { details: { reason: why } });
}

function tooLarge(maxBytes: number): VisavisError {
  return reasonError('picture_too_large', 'picture-bytes', [Math.floor(maxBytes / 1_000_000)]);
}
