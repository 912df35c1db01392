import { createConnection } from 'mysql2/promise';
import { VisavisError } from '../platform/errors.ts';
import type { DatabaseAddress } from './store.ts';

const UNKNOWN_DATABASE = 1049;
const ACCESS_DENIED = 1044;

/** Is it MariaDB's "Unknown database"? */
export function isUnknownDatabase(error: unknown): boolean {
  return (error as { errno?: number }).errno === UNKNOWN_DATABASE;
}

/**
 * Makes the database that the address names, when the server has none of that name yet. A file of SQLite makes
 * itself.
 *
 * @returns its name when it was made
 * @throws VisavisError `database` when this user may not make it, with what to do
 */
export async function createMissingDatabase(address: DatabaseAddress): Promise<string | null> {
  if (address.kind !== 'mariadb') return null;
  const url = new URL(address.url);
  const name = decodeURIComponent(url.pathname.slice(1));
  try {
    await (await createConnection(address.url)).end();
    return null;
  } catch (error) {
    if (!isUnknownDatabase(error)) throw error;
  }
  url.pathname = '/';
  const connection = await createConnection(url.href);
  try {
    const quoted = `\`${name.replaceAll('`', '``')}\``;
    await connection.query(
      `create database if not exists ${quoted} character set utf8mb4 collate utf8mb4_bin`,
    );
    return name;
  } catch (cause) {
    if ((cause as { errno?: number }).errno !== ACCESS_DENIED) throw cause;
    throw new VisavisError(
      'database',
      `the database ${name} does not exist, and this user may not make it. As the database's administrator: create database \`${name}\` character set utf8mb4; grant all privileges on \`${name}\`.* to this user`,
      { cause },
    );
  } finally {
    await connection.end();
  }
}
