/** Whether a failed request can have changed something: it never arrived, was answered, or nobody knows. */
export type Arrived = 'no' | 'yes' | 'perhaps';

/**
 * One request that did not succeed. Never leaves this folder: `run.ts` repeats it or makes a VisavisError.
 */
export class FailedAttempt extends Error {
  /** All codes of the answer, header and body together; ours in capitals for failures below the API. */
  readonly codes: readonly string[];
  /** The wiki's own words in plain text, by code. */
  readonly texts: ReadonlyMap<string, string>;
  readonly retryAfterMs: number | null;
  readonly arrived: Arrived;

  constructor(failure: {
    readonly codes: readonly string[];
    readonly texts?: ReadonlyMap<string, string>;
    readonly retryAfterMs?: number | null;
    readonly arrived: Arrived;
    readonly cause?: unknown;
  }) {
    super(failure.codes.join(', '), failure.cause === undefined ? undefined : { cause: failure.cause });
    this.name = 'FailedAttempt';
    this.codes = failure.codes;
    this.texts = failure.texts ?? new Map();
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.arrived = failure.arrived;
  }
}

/** Node's names for a connection that was never made, so that nothing can have been sent. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** What a rejected fetch (or a body that broke off) means. `stopped`: the caller's own signal fired. */
export function networkFailure(error: unknown, stopped: boolean): FailedAttempt {
  if (stopped) return new FailedAttempt({ codes: ['ABORTED'], arrived: 'perhaps', cause: error });
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new FailedAttempt({ codes: ['TIMED_OUT'], arrived: 'perhaps', cause: error });
  }
  const arrived = NEVER_CONNECTED.has(connectionCode(error)) ? 'no' : 'perhaps';
  return new FailedAttempt({ codes: ['NETWORK'], arrived, cause: error });
}

/** The code that an HTTP status stands for when the body says nothing, or null for 200. */
export function httpCode(status: number): 'HTTP_429' | 'HTTP_SERVER_ERROR' | 'HTTP_REFUSED' | null {
  if (status === 200) return null;
  if (status === 429) return 'HTTP_429';
  return status >= 500 ? 'HTTP_SERVER_ERROR' : 'HTTP_REFUSED';
}

function connectionCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}
