/**
 * What an error of a database means: numbers of MariaDB's error table (https://mariadb.com/kb/en/mariadb-error-codes/),
 * result codes of SQLite (https://sqlite.org/rescode.html), codes of Node's and mysql2's connections.
 */
interface DatabaseError {
  readonly errno?: number;
  readonly errcode?: number;
  readonly code?: string;
  /** mysql2: the connection is of no more use. */
  readonly fatal?: boolean;
  readonly cause?: unknown;
}

/** A dead-lock, a row that changed below a snapshot, a lock wait that ran out, a busy SQLite file: nothing was changed, try again. */
export function isConflict(error: unknown): boolean {
  const { errno, errcode } = error as DatabaseError;
  return errno === 1213 || errno === 1020 || errno === 1205 || errcode === 5 || errcode === 517;
}

/** The server broke it off after the time that a statement may take (MariaDB's max_statement_time). */
export function isTooLong(error: unknown): boolean {
  return (error as DatabaseError).errno === 1969;
}

/** The server, or the user's share of it, has no connection to give now. */
export function isTooMany(error: unknown): boolean {
  const { errno } = error as DatabaseError;
  return errno === 1040 || errno === 1203 || errno === 1226;
}

/**
 * There is no connection to the database, or it broke: the server is away, restarts, or ended the connection (1053,
 * 1927, 4031), or has become the read-only half of a pair (1290, 1836).
 */
export function isAway(error: unknown): boolean {
  const { errno, code, fatal } = (error ?? {}) as DatabaseError;
  // mysql2's words for a connection that was closed before have no code.
  if (fatal === true && errno === undefined) return true;
  if (errno === 1053 || errno === 1927 || errno === 4031 || errno === 1290 || errno === 1836) return true;
  return code !== undefined && /^(ECONN|ETIMEDOUT|EPIPE|EHOST|ENET|ENOTFOUND|EAI_AGAIN|PROTOCOL_)/.test(code);
}

/** The unique key was there already. */
export function isDuplicate(error: unknown): boolean {
  const { errno, errcode } = error as DatabaseError;
  return errno === 1062 || errcode === 2067 || errcode === 1555;
}

/** What a query failed for, in one word out of few. */
export function failureKind(error: unknown): string {
  const { errno, cause } = error as DatabaseError;
  if (isDuplicate(error)) return 'duplicate';
  if (errno === 1213 || errno === 1020) return 'deadlock';
  if (isConflict(error)) return 'lock_timeout';
  if (isTooLong(error)) return 'too_long';
  if (isTooMany(error)) return 'too_many_connections';
  if (isAway(error)) return 'away';
  return cause === undefined ? 'other' : failureKind(cause);
}
