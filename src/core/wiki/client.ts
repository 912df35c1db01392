import { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { CsrfTokens, currentToken, replaceToken, type WikiAccount } from './account.ts';
import { FailedAttempt } from './attempt.ts';
import { exchange, type Fetch, type Params } from './exchange.ts';
import type { Limiter } from './limiter.ts';
import { runWithRetries, type WikiLog } from './run.ts';
import { requireSecureUrl } from './secure-url.ts';

export interface WikiClientOptions {
  /** The address of `api.php`. */
  readonly apiUrl: string;
  /** From `userAgent()`. */
  readonly userAgent: string;
  readonly clock: Clock;
  /** Shared by everything in the process that talks to the wikis. */
  readonly limiter: Limiter;
  readonly fetch?: Fetch;
  readonly log?: WikiLog;
  /** For one request, with its body. Default 30 s. */
  readonly timeoutMs?: number;
  /** For one read or write with all its repetitions. Default 2 minutes. */
  readonly budgetMs?: number;
  /** For the jitter; default Math.random. */
  readonly random?: () => number;
  /** Ends everything under way, when the process stops. */
  readonly signal?: AbortSignal;
  /** Plain http to a wiki on this machine. */
  readonly allowInsecure?: boolean;
}

export interface ReadOptions {
  /** Read as this account; anonymously without. */
  readonly account?: WikiAccount | undefined;
  /** Somebody waits for the answer: give up after this many milliseconds. */
  readonly budgetMs?: number;
}

export interface WriteOptions {
  readonly account: WikiAccount;
  /** An edit conflict is thrown at once: the caller has to look again before it repeats anything. */
  readonly readAgainOnConflict?: boolean;
}

/**
 * One wiki. Only this folder calls `read` and `write`; everybody else uses the intents beside it
 * (`files.ts`, `items.ts`, `statements.ts`), so that no parameter of a request comes from outside.
 */
export interface WikiClient {
  /** @throws VisavisError `wiki` with WikiErrorDetails */
  read<T>(answer: z.ZodType<T>, params: Params, options?: ReadOptions): Promise<T>;
  /** POST with a csrf token, `assertuser` and `maxlag=5`. @throws VisavisError `wiki` with WikiErrorDetails */
  write<T>(answer: z.ZodType<T>, params: Params, options: WriteOptions): Promise<T>;
}

/** Seconds of replication lag at which the wiki shall send us away (Wikimedia's advice for tools). */
export const MAX_LAG = 5;

export function createWikiClient(options: WikiClientOptions): WikiClient {
  const { clock, limiter, log, signal } = options;
  const apiUrl = requireSecureUrl(options.apiUrl, 'API address', options.allowInsecure === true).href;
  const csrfTokens = new CsrfTokens();

  function send(method: 'GET' | 'POST', params: Params, accessToken?: string): Promise<unknown> {
    const sent = () => {
      if (signal?.aborted) throw new FailedAttempt({ codes: ['ABORTED'], arrived: 'no' });
      return exchange(params, {
        apiUrl,
        userAgent: options.userAgent,
        fetch: options.fetch ?? globalThis.fetch,
        now: () => clock.now(),
        timeoutMs: options.timeoutMs ?? 30_000,
        signal,
        method,
        accessToken,
        onWarning: (warning) =>
          log?.debug({ action: params.action, warning: warning.message }, 'wiki warning'),
      });
    };
    // Under somebody's own account: an edit, or the question whether it stands.
    return limiter.run(sent, accessToken !== undefined);
  }

  const retrying = (budgetMs = options.budgetMs ?? 120_000) => ({
    clock,
    log,
    signal,
    random: options.random ?? Math.random,
    budgetMs,
  });

  return {
    read(answer, params, { account, budgetMs } = {}) {
      let token: string | undefined;
      return runWithRetries(
        async () => {
          token = account && (await currentToken(account, 'not_sent'));
          return parse(answer, await send('GET', params, token));
        },
        {
          ...retrying(budgetMs),
          ...(account && { refresh: () => replaceToken(account, token ?? '') }),
        },
      );
    },

    write(answer, params, { account, readAgainOnConflict = false }) {
      let token = '';
      return runWithRetries(
        async () => {
          token = await currentToken(account, 'not_sent');
          const csrf = await csrfTokens.get(account.name, token, () => fetchCsrf(token));
          const body = await send(
            'POST',
            { ...params, token: csrf, assertuser: account.name, maxlag: MAX_LAG },
            token,
          );
          return parse(answer, body);
        },
        {
          ...retrying(),
          newCsrf: () => csrfTokens.forget(account.name),
          refresh: () => replaceToken(account, token),
          ...(readAgainOnConflict && { notRepeated: 'editconflict' }),
        },
      );
    },
  };

  /** Fails as something that was not sent: the write itself has not begun. Several writes may wait for one token. */
  async function fetchCsrf(accessToken: string): Promise<string> {
    try {
      const body = await send('GET', { action: 'query', meta: 'tokens', type: 'csrf' }, accessToken);
      const token = parse(csrfAnswer, body).query.tokens.csrftoken;
      // The token of visitors: somewhere on the way our Authorization header was lost.
      if (token === '+\\') throw new FailedAttempt({ codes: ['ANONYMOUS'], arrived: 'no' });
      return token;
    } catch (error) {
      if (!(error instanceof FailedAttempt)) throw error;
      throw new FailedAttempt({ ...attemptParts(error), arrived: 'no' });
    }
  }
}

const csrfAnswer = z.object({ query: z.object({ tokens: z.object({ csrftoken: z.string().min(1) }) }) });

/** An answer of another shape than documented may still mean that something was saved. */
function parse<T>(answer: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = answer.safeParse(body);
  if (success) return data;
  throw new FailedAttempt({ codes: ['UNEXPECTED_ANSWER'], arrived: 'perhaps', cause: error });
}

function attemptParts({ codes, texts, retryAfterMs, cause }: FailedAttempt) {
  return { codes, texts, retryAfterMs, cause };
}
