import { ApiErrors, type Param, Session } from 'm3api/core.js';
import { z } from 'zod';
import { FailedAttempt, httpCode, networkFailure } from './attempt.ts';
import { retryAfterMs } from './retry-after.ts';

export type Fetch = typeof globalThis.fetch;
export type Params = Readonly<Record<string, Param>>;

export interface ExchangeOptions {
  readonly apiUrl: string;
  readonly userAgent: string;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly method: 'GET' | 'POST';
  readonly accessToken?: string | undefined;
  readonly onWarning: (warning: Error) => void;
}

/**
 * One request to the Action API and its answer, without any retry. Errors come with HTTP 200 and the header
 * `MediaWiki-API-Error`, which lists codes that the body may lack; both are read.
 * @throws FailedAttempt
 */
export async function exchange(params: Params, options: ExchangeOptions): Promise<unknown> {
  const session = new OneExchange(options);
  try {
    const body = await session.request({ ...ALWAYS, ...params }, session.options);
    // An error that only the header tells would otherwise look like success.
    if (session.headerCodes.length > 0) throw new ApiErrors([{ code: session.headerCodes[0] }]);
    return body;
  } catch (error) {
    throw session.failure(error);
  }
}

/** errorlang: the account's own language would otherwise end up in logs and in other people's chats. */
const ALWAYS: Params = { formatversion: 2, errorformat: 'plaintext', errorlang: 'en' };

/**
 * m3api's core session (no cookie jar) for a single request: it encodes the parameters and reads the
 * answer; status and headers are kept here, because m3api does not pass them on.
 */
class OneExchange extends Session {
  readonly #exchange: ExchangeOptions;
  #status = 0;
  #retryAfter: string | null = null;
  headerCodes: readonly string[] = [];

  constructor(options: ExchangeOptions) {
    super(options.apiUrl);
    this.#exchange = options;
  }

  get options() {
    const { method, accessToken, onWarning, now } = this.#exchange;
    return {
      method,
      ...(accessToken === undefined ? {} : { accessToken }),
      warn: onWarning,
      // m3api never repeats anything: one place decides about retries, and it knows the tokens.
      retryUntil: Number.NEGATIVE_INFINITY,
      clock: { performance: { now }, setTimeout: () => undefined },
    };
  }

  protected override getUserAgent(): string {
    return this.#exchange.userAgent;
  }

  protected override async fetch(resource: URL, init: RequestInit): Promise<Response> {
    const { fetch, timeoutMs, signal } = this.#exchange;
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(resource, {
      ...init,
      // The API does not redirect, and a token must not follow anybody who does.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    this.#status = response.status;
    this.#retryAfter = response.headers.get('retry-after');
    this.headerCodes = splitCodes(response.headers.get('mediawiki-api-error'));
    return response;
  }

  failure(error: unknown): FailedAttempt {
    const stopped = this.#exchange.signal?.aborted === true;
    if (this.#status === 0) return networkFailure(error, stopped);
    const entries = error instanceof ApiErrors ? readErrors(error.errors) : [];
    const httpFailure = httpCode(this.#status);
    const codes = new Set(this.headerCodes);
    for (const { code, messages } of entries) for (const name of [code, ...messages]) codes.add(name);
    if (httpFailure) codes.add(httpFailure);
    // The status was fine and the API named no error: the body broke off, or is no JSON.
    if (codes.size === 0) {
      if (error instanceof Error && error.name !== 'SyntaxError') return networkFailure(error, stopped);
      codes.add('UNREADABLE_ANSWER');
    }
    const all = [...codes];
    return new FailedAttempt({
      codes: all,
      texts: firstTexts(entries),
      retryAfterMs: retryAfterMs(this.#retryAfter, this.#exchange.now()),
      arrived: all.some(isUncertain) ? 'perhaps' : 'yes',
      cause: error,
    });
  }
}

/** A code can come twice; its first text says most. */
function firstTexts(entries: readonly { code: string; text: string }[]): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { code, text } of entries) if (text !== '' && !texts.has(code)) texts.set(code, text);
  return texts;
}

/** A server that fell over while it answered may have saved before. */
function isUncertain(code: string): boolean {
  return (
    code === 'HTTP_SERVER_ERROR' || code === 'UNREADABLE_ANSWER' || code.startsWith('internal_api_error_')
  );
}

function splitCodes(header: string | null): string[] {
  return (header ?? '')
    .split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '');
}

/** An entry of `errors` (errorformat=plaintext); `error` with `info` where a wiki ignores the format. */
const errorEntry = z.object({
  code: z.string(),
  text: z.string().optional(),
  info: z.string().optional(),
  data: z.object({ messages: z.array(z.object({ name: z.string() })).optional() }).optional(),
});

function readErrors(errors: readonly unknown[]) {
  return errors.flatMap((entry) => {
    const { data } = errorEntry.safeParse(entry);
    if (!data) return [];
    const messages = (data.data?.messages ?? []).map((message) => message.name);
    return [{ code: data.code, text: data.text ?? data.info ?? '', messages }];
  });
}
