/**
 * The errors of the product. Each has a stable code; one table says which HTTP status it becomes.
 * A message is one line for the person who can do something about it, and says what to do; what people can be refused
 * is in refusals.ts, with a message in every language.
 */
export const ERROR_STATUS = {
  /** Something in the environment or .env is wrong; the message names the variable, never the value. */
  configuration: 500,
  /** Another program holds the port. */
  port_in_use: 500,
  /** The database has a newer schema than this code. */
  schema_too_new: 500,
  database: 503,
  bad_input: 400,
  not_signed_in: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  rate_limited: 429,
  /** An administrator has switched writing off for the whole site, for a while. */
  read_only: 503,
  /** The bytes are not a picture, or not a kind that we read. */
  not_a_picture: 422,
  /** A picture that ends early or is damaged. */
  broken_picture: 422,
  picture_too_large: 422,
  /** The detector could not do its work now; the picture may be fine. */
  detector_unavailable: 503,
  model_unavailable: 503,
  file_unreadable: 404,
  /** The wiki refused or could not be reached; `details.kind` says what follows from it. */
  wiki: 502,
  sign_in_refused: 400,
  link_expired: 410,
  lease_lost: 409,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** A message for people: a key of i18n/ with its parameters. */
export interface Said {
  readonly key: string;
  readonly params: readonly (string | number)[];
}

export class VisavisError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  /** What people read in their language (words.ts); null: the words of the code, or the message as it is. */
  readonly say: Said | null;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown>; say?: Said } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VisavisError';
    this.code = code;
    this.details = options.details ?? {};
    this.say = options.say ?? null;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** What logs say about any thrown thing. People read `wordsOf` (words.ts) in their language. */
export function describeError(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof VisavisError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
