/**
 * Ways in which the pocket wiki can be told to fail, so that tests see what production does on its bad days.
 * Each has the exact shape of the real answer.
 */
export type Mischief =
  /** Only requests that carry a `maxlag` below the lag. */
  | 'maxlag'
  /** Writes and refreshes; reads go on. */
  | 'readonly'
  | 'ratelimited'
  | 'blocked'
  | 'protectedpage'
  | 'permissiondenied'
  | 'abusefilter-warning'
  | 'abusefilter-disallowed'
  /** `failed-save, editconflict`, as for parallel writes of one page. */
  | 'editconflict'
  | 'badtoken'
  | 'mwoauth-invalid-authorization'
  | 'mwoauth-invalid-authorization-not-approved'
  /** Database away: 500 without a bearer, an invalid authorization with one. */
  | 'database_down'
  /** The request is carried out, then the connection is cut before the answer. */
  | 'lost_answer'
  /** The connection is cut before anything is done. */
  | 'lost_request'
  | 'http503'
  | 'http429'
  /** A page of HTML where JSON was expected. */
  | 'html'
  /** Waits `ms` of real time, then goes on as usual. */
  | 'slow';

export interface MischiefMatch {
  /** `action` of the Action API. */
  action?: string;
  /** Path, or the beginning of it. */
  path?: string;
  method?: string;
  /** Anything else about the parameters. */
  params?: (params: Readonly<Record<string, string>>) => boolean;
}

export interface MischiefRule {
  match?: MischiefMatch;
  kind: Mischief;
  /** How many matching requests; 1 when left out. */
  times?: number;
  /** For `slow`. */
  ms?: number;
  /** Seconds, for `maxlag` (7.523) and for the Retry-After of `http503` and `http429`. */
  seconds?: number;
}

export interface IncomingRequest {
  method: string;
  path: string;
  params: Readonly<Record<string, string>>;
}

/** Refused at the moment of saving, so that only requests which would save count. */
const WRITE_KINDS: ReadonlySet<Mischief> = new Set([
  'ratelimited',
  'blocked',
  'protectedpage',
  'permissiondenied',
  'abusefilter-warning',
  'abusefilter-disallowed',
  'editconflict',
  'badtoken',
]);

export const WRITE_ACTIONS: ReadonlySet<string> = new Set(['wbsetclaim', 'wbcreateclaim', 'wbremoveclaims']);

export const DEFAULT_LAG_S = 7.523;

export class Misbehave {
  #rules: (MischiefRule & { left: number })[] = [];

  /** The next matching requests (one, unless `times` says otherwise) go wrong. */
  next(rule: MischiefRule): void {
    this.#rules.push({ ...rule, left: rule.times ?? 1 });
  }

  /** Every matching request goes wrong, until the returned function is called. */
  always(rule: Omit<MischiefRule, 'times'>): () => void {
    const entry = { ...rule, left: Number.POSITIVE_INFINITY };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((one) => one !== entry);
    };
  }

  clear(): void {
    this.#rules = [];
  }

  /** How many requests are still to go wrong; rules without end count as one. */
  get pending(): number {
    return this.#rules.reduce((sum, rule) => sum + (Number.isFinite(rule.left) ? rule.left : 1), 0);
  }

  /** Takes the first rule that is meant for this request. */
  take(request: IncomingRequest): MischiefRule | null {
    const rule = this.#rules.find((one) => applies(one, request));
    if (!rule) return null;
    rule.left -= 1;
    if (rule.left <= 0) this.#rules = this.#rules.filter((one) => one !== rule);
    return rule;
  }
}

function applies(rule: MischiefRule, { method, path, params }: IncomingRequest): boolean {
  const { match = {}, kind } = rule;
  const action = path === '/w/api.php' ? params.action : undefined;
  if (match.action !== undefined && match.action !== action) return false;
  if (match.path !== undefined && !path.startsWith(match.path)) return false;
  if (match.method !== undefined && match.method !== method) return false;
  if (match.params && !match.params(params)) return false;
  if (kind === 'maxlag') return lagExceeds(rule.seconds ?? DEFAULT_LAG_S, params.maxlag);
  if (WRITE_KINDS.has(kind)) return WRITE_ACTIONS.has(action ?? '');
  if (kind === 'readonly') return WRITE_ACTIONS.has(action ?? '') || params.grant_type === 'refresh_token';
  return true;
}

function lagExceeds(lag: number, maxlag: string | undefined): boolean {
  return maxlag !== undefined && Number.isFinite(Number(maxlag)) && lag > Number(maxlag);
}
