/** ok: it works. note: something else is used, or worth knowing. BAD: configured, and does not work. */
export type Mark = 'ok' | 'note' | 'BAD';

/** One line of the doctor. Never a secret. */
export interface Finding {
  readonly mark: Mark;
  readonly what: string;
  /** What is so; after a note or BAD also what to do. */
  readonly text: string;
}

export const ok = (what: string, text: string): Finding => ({ mark: 'ok', what, text });
export const note = (what: string, text: string): Finding => ({ mark: 'note', what, text });
export const bad = (what: string, text: string): Finding => ({ mark: 'BAD', what, text });

/** For one question to one service. */
export const ANSWER_MS = 8_000;
/** For everything that is asked of one service. */
const CHECK_MS = 30_000;

/** Runs one check; whatever it throws, or no answer at all, is a finding too. */
export async function checked(
  what: string,
  check: () => Promise<Finding[]>,
  patienceMs = CHECK_MS,
): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(() => resolve([bad(what, `no answer in ${patienceMs / 1000} s`)]), patienceMs);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    return [bad(what, reasonOf(error))];
  } finally {
    clearTimeout(timer);
  }
}

/** Why a request failed, in a few words: the code of the network rather than "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return `no answer in ${ANSWER_MS / 1000} s; is there a firewall between?`;
  const { code } = (error.cause ?? error) as { code?: unknown };
  if (typeof code === 'string' && code in NETWORK) return `${NETWORK[code]} (${code})`;
  const cause = error.cause instanceof Error ? error.cause.message : null;
  return (cause ?? error.message).split('\n')[0] ?? error.name;
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at this address',
  ECONNRESET: 'the connection broke',
  ENOTFOUND: 'there is no machine of this name',
  EAI_AGAIN: 'names cannot be looked up from here',
  EHOSTUNREACH: 'there is no way to this machine',
  ENETUNREACH: 'there is no way to this network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is one that nobody vouches for',
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null when it is none. */
  readonly json: unknown;
}

/** One request, without following redirects: a token goes nowhere but to the configured address. */
export async function ask(url: string | URL, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MS),
    ...init,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
