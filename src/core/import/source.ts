import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { z } from 'zod';
import { describeError, VisavisError } from '../platform/errors.ts';
import {
  type ClaimRow,
  claimRow,
  type FaceRow,
  faceRow,
  type ImageRow,
  imageRow,
  type MemberRow,
  memberRow,
  type ProjectRow,
  projectRow,
  type UserRow,
  userRow,
} from './rows.ts';

/** A WikiVisage database, read only. */
export interface Source {
  /** Names it, without user and password: `host:port/database`. */
  readonly name: string;
  users(): Promise<UserRow[]>;
  projects(): Promise<ProjectRow[]>;
  members(projectId: number): Promise<MemberRow[]>;
  images(projectId: number): Promise<ImageRow[]>;
  faces(projectId: number): Promise<FaceRow[]>;
  claims(projectId: number): Promise<ClaimRow[]>;
  close(): Promise<void>;
}

/** Older versions of it lack some tables and columns; without these there is nothing to take over. */
const NEEDED = ['users', 'projects', 'images', 'faces'];

/**
 * @param url mysql://user:password@host:port/database
 * @throws VisavisError `bad_input` for an address that is none, `database` for what cannot be read
 */
export async function openSource(url: string): Promise<Source> {
  const { host, name } = readAddress(url);
  const connection = await createConnection({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    timezone: 'Z',
    charset: 'utf8mb4',
    supportBigNumbers: true,
    connectTimeout: 10_000,
  }).catch((cause) => {
    throw new VisavisError('database', `the WikiVisage database does not answer: ${reason(cause)}`, {
      cause,
    });
  });
  try {
    await connection.query('set session transaction isolation level repeatable read');
    // Everything is read as of one moment, while the old tool may still be running.
    await connection.query('start transaction with consistent snapshot, read only');
    const tables = await readTables(connection, name);
    return source(connection, `${host}/${name}`.slice(0, 150), tables);
  } catch (error) {
    await connection.end();
    throw error;
  }
}

function source(connection: Connection, name: string, tables: ReadonlySet<string>): Source {
  const read = async <T>(
    row: z.ZodType<T>,
    table: string,
    query: string,
    ...values: number[]
  ): Promise<T[]> => {
    if (!tables.has(table)) return [];
    const [rows] = await connection.query<RowDataPacket[]>(query, values);
    return rows.map((found) => {
      const parsed = row.safeParse(found);
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new VisavisError(
        'database',
        `the table ${table} is not as WikiVisage has it: ${issue?.path.join('.')} ${issue?.message}`,
      );
    });
  };
  const ofProject = 'from images where project_id = ?';
  return {
    name,
    users: () => read(userRow, 'users', 'select * from users order by id'),
    projects: () => read(projectRow, 'projects', 'select * from projects order by id'),
    members: (projectId) =>
      read(
        memberRow,
        'project_members',
        'select * from project_members where project_id = ? order by user_id',
        projectId,
      ),
    images: (projectId) => read(imageRow, 'images', `select * ${ofProject} order by id`, projectId),
    faces: (projectId) =>
      read(
        faceRow,
        'faces',
        `select * from faces where image_id in (select id ${ofProject}) order by id`,
        projectId,
      ),
    claims: (projectId) =>
      read(claimRow, 'sdc_claims', 'select * from sdc_claims where project_id = ? order by id', projectId),
    close: () => connection.end(),
  };
}

function readAddress(url: string): { host: string; name: string } {
  const parsed = /^(mysql|mariadb):\/\//.test(url) ? URL.parse(url) : null;
  const name = parsed ? decodeURIComponent(parsed.pathname.slice(1)) : '';
  if (!parsed || name === '' || name.includes('/')) {
    throw new VisavisError(
      'bad_input',
      'The address of the database is mysql://user:password@host/database.',
    );
  }
  return { host: `${parsed.hostname}:${parsed.port || 3306}`, name };
}

async function readTables(connection: Connection, database: string): Promise<ReadonlySet<string>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select table_name as name from information_schema.tables where table_schema = ?',
    [database],
  );
  const tables = new Set(rows.map((row) => String(row.name)));
  const missing = NEEDED.filter((table) => !tables.has(table));
  if (missing.length > 0) {
    throw new VisavisError(
      'database',
      `this is no WikiVisage database: it has no table ${missing.join(', ')}`,
    );
  }
  return tables;
}

function reason(error: unknown): string {
  const { code } = error as { code?: string };
  return code ?? describeError(error).message;
}
