import type { Clock } from '../../core/platform/clock.ts';

/** One exchange with the homeserver, and what can come of it. */

/** The homeserver answered, and not with what was asked for. */
export class MatrixRefusal extends Error {
  readonly statusCode: number;
  /** `M_FORBIDDEN`, …; empty when something in front of the homeserver answered. */
  readonly errcode: string;
  /** What the server wants us to wait; null: it did not say. */
  readonly retryAfterMs: number | null;

  constructor(statusCode: number, body: unknown, retryAfter: string | null = null) {
    const { errcode, error, retry_after_ms } = (typeof body === 'object' && body !== null ? body : {}) as {
      errcode?: unknown;
      error?: unknown;
      retry_after_ms?: unknown;
    };
    const code = typeof errcode === 'string' ? errcode : '';
    const words = typeof error === 'string' ? error : '';
    super(`The homeserver answered ${[statusCode, code, words].filter(Boolean).join(' ')}`);
    this.name = 'MatrixRefusal';
    this.statusCode = statusCode;
    this.errcode = code;
    this.retryAfterMs = longer(retry_after_ms, retryAfter);
  }
}

/** No answer came: whether the homeserver did what it was asked is not known. */
export class MatrixUnreachable extends Error {
  constructor(cause: unknown) {
    super('The homeserver could not be reached', { cause });
    this.name = 'MatrixUnreachable';
  }
}

/** We are stopping. */
export class MatrixStopped extends Error {
  constructor() {
    super('The Matrix bot is stopping');
    this.name = 'MatrixStopped';
  }
}

export interface WireRequest {
  readonly method: string;
  /** Begins with a slash; its parts are encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>> | null;
  /** JSON, or the bytes themselves. */
  readonly body?: unknown;
  /** Of bytes. */
  readonly contentType?: string;
  readonly timeoutMs: number;
}

export interface WireOptions {
  /** Without a slash at its end. */
  readonly homeserver: string;
  readonly token: string;
  readonly userAgent: string;
  readonly clock: Clock;
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
}

/**
 * @returns the parsed answer
 * @throws MatrixRefusal, MatrixUnreachable, MatrixStopped
 */
export async function exchange(options: WireOptions, request: WireRequest): Promise<unknown> {
  const { signal } = options;
  if (signal.aborted) throw new MatrixStopped();
  const { body } = request;
  const bytes = body instanceof Uint8Array;
  const headers: Record<string, string> = {
    authorization: `Bearer ${options.token}`,
    'user-agent': options.userAgent,
  };
  if (body !== undefined && body !== null)
    headers['content-type'] = bytes
      ? (request.contentType ?? 'application/octet-stream')
      : 'application/json';
  let response: Response;
  let text: string;
  const ending = new AbortController();
  const over = new AbortController();
  const end = () => ending.abort();
  signal.addEventListener('abort', end);
  void options.clock.sleep(request.timeoutMs, over.signal).then(end);
  try {
    response = await fetch(`${options.homeserver}${request.path}${queryString(request.query)}`, {
      method: request.method,
      headers,
      body: body === undefined || body === null ? null : bytes ? Buffer.from(body) : JSON.stringify(body),
      signal: ending.signal,
      // The token goes nowhere but to the configured address.
      redirect: 'error',
    });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw new MatrixStopped();
    throw new MatrixUnreachable(error);
  } finally {
    over.abort();
    signal.removeEventListener('abort', end);
  }
  const answer = parse(text);
  if (!response.ok) throw new MatrixRefusal(response.status, answer, response.headers.get('retry-after'));
  if (answer === undefined) throw new MatrixRefusal(502, null);
  return answer;
}

/** Will the same request, sent later, do better? */
export function isPassing(error: unknown): boolean {
  if (error instanceof MatrixUnreachable) return true;
  return error instanceof MatrixRefusal && (error.statusCode === 429 || error.statusCode >= 500);
}

/** The token is no longer good, and no request will ever succeed again. */
export function isTokenRefused(error: unknown): boolean {
  return (
    error instanceof MatrixRefusal &&
    ['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN', 'M_USER_DEACTIVATED'].includes(error.errcode)
  );
}

export function isRefusal(error: unknown, statusCode: number, errcode?: string): boolean {
  return (
    error instanceof MatrixRefusal &&
    error.statusCode === statusCode &&
    (errcode === undefined || error.errcode === errcode)
  );
}

function longer(ms: unknown, header: string | null): number | null {
  const waits: number[] = [];
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) waits.push(ms);
  // RFC 9110, 10.2.3: seconds; homeservers send no dates.
  if (header !== null && /^\d+$/.test(header.trim())) waits.push(Number(header) * 1000);
  return waits.length > 0 ? Math.max(...waits) : null;
}

function queryString(query: WireRequest['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== null && one !== undefined)
      .map((one): [string, string] => [name, String(one)]),
  );
  return pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
