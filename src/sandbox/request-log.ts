export interface LoggedRequest {
  method: string;
  path: string;
  /** Query and form together. Tokens and secrets are there as they came: this log is for tests alone. */
  params: Readonly<Record<string, string>>;
  userAgent: string;
  /** Whether an Authorization header came with it. */
  authorized: boolean;
  at: number;
  /** Set when the answer was sent; null while it is not, or when the connection was cut. */
  status: number | null;
}

/** What the pocket wiki was asked, and how many at once; the oldest entries go when it gets long. */
export class RequestLog {
  #entries: LoggedRequest[] = [];
  #open = 0;
  #peak = 0;

  get entries(): readonly LoggedRequest[] {
    return this.#entries;
  }

  /** The most requests that were open at the same time. */
  get maxConcurrency(): number {
    return this.#peak;
  }

  /** How many requests there were, of one action if given. */
  count(action?: string): number {
    if (action === undefined) return this.#entries.length;
    return this.#entries.filter((entry) => entry.params.action === action).length;
  }

  clear(): void {
    this.#entries = [];
    this.#peak = this.#open;
  }

  begin(entry: Omit<LoggedRequest, 'status'>): (status: number | null) => void {
    const logged: LoggedRequest = { ...entry, status: null };
    this.#entries.push(logged);
    if (this.#entries.length > LONGEST) this.#entries.splice(0, LONGEST / 10);
    this.#open += 1;
    this.#peak = Math.max(this.#peak, this.#open);
    return (status) => {
      logged.status = status;
      this.#open -= 1;
    };
  }
}

const LONGEST = 50_000;
