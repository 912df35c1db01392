import { randomBytes } from 'node:crypto';
import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import { inject } from 'vitest';

/** Tables with the names, types and links of a WikiVisage database, as far as an import may look at them. */
const TABLES = [
  `users (id bigint unsigned auto_increment primary key, wiki_user_id bigint unsigned not null unique,
    wiki_username varchar(255) not null, access_token varbinary(2048) not null,
    refresh_token varbinary(2048) not null, token_expires_at datetime not null,
    leaderboard_opt_out tinyint(1) not null default 0)`,
  `projects (id bigint unsigned auto_increment primary key, user_id bigint unsigned not null,
    wikidata_qid varchar(20) not null, commons_category varchar(255) not null, label varchar(255) not null default '',
    distance_threshold float not null default 0.6, min_confirmed int unsigned not null default 5,
    status enum('active', 'paused', 'completed', 'deleted') not null default 'active',
    created_at datetime not null default current_timestamp,
    unique (user_id, wikidata_qid, commons_category), foreign key (user_id) references users (id))`,
  `project_members (project_id bigint unsigned not null, user_id bigint unsigned not null,
    role enum('owner', 'member') not null default 'member', status enum('active', 'banned') not null default 'active',
    joined_at datetime not null default current_timestamp, primary key (project_id, user_id))`,
  `images (id bigint unsigned auto_increment primary key, project_id bigint unsigned not null,
    commons_page_id bigint unsigned not null, file_title varchar(512) not null,
    status enum('pending', 'processed', 'enriched', 'error') not null default 'pending',
    face_count smallint unsigned not null default 0, detection_width mediumint unsigned null,
    detection_height mediumint unsigned null, bootstrapped tinyint(1) not null default 0,
    created_at datetime not null default current_timestamp, updated_at datetime not null default current_timestamp,
    unique (project_id, commons_page_id), foreign key (project_id) references projects (id))`,
  `faces (id bigint unsigned auto_increment primary key, image_id bigint unsigned not null, encoding blob not null,
    bbox_top smallint unsigned not null, bbox_right smallint unsigned not null,
    bbox_bottom smallint unsigned not null, bbox_left smallint unsigned not null, is_target tinyint(1) null,
    confidence float null, classified_by enum('human', 'model', 'bootstrap') null,
    classified_by_user_id bigint unsigned null, sdc_written tinyint(1) not null default 0,
    sdc_removal_pending tinyint(1) not null default 0, superseded_by bigint unsigned null,
    created_at datetime not null default current_timestamp, updated_at datetime not null default current_timestamp,
    foreign key (image_id) references images (id),
    foreign key (classified_by_user_id) references users (id) on delete set null)`,
  `sdc_claims (id bigint unsigned auto_increment primary key, commons_page_id bigint unsigned not null,
    wikidata_qid varchar(20) not null, project_id bigint unsigned not null, face_id bigint unsigned not null,
    claimed_at datetime not null default current_timestamp, written_at datetime null,
    unique (commons_page_id, wikidata_qid))`,
];

export interface OldDatabase {
  readonly url: string;
  /** Adds a row and returns its id. */
  add(table: string, row: Record<string, unknown>): Promise<number>;
  query(statement: string): Promise<void>;
  drop(): Promise<void>;
}

/** An empty database of the old tool on the test's own MariaDB server. */
export async function oldDatabase(): Promise<OldDatabase> {
  const server = inject('mariadb');
  if (!server) throw new Error('MariaDB is not installed');
  const name = `wikiface_${randomBytes(6).toString('hex')}`;
  const connection: Connection = await createConnection({ uri: server, timezone: 'Z' });
  await connection.query(`create database ${name} character set utf8mb4`);
  await connection.query(`use ${name}`);
  for (const table of TABLES) await connection.query(`create table ${table}`);
  return {
    url: `${server}${name}`,
    async add(table, row) {
      const [result] = await connection.query<ResultSetHeader>(`insert into ${table} set ?`, [row]);
      return result.insertId;
    },
    query: async (statement) => {
      await connection.query(statement);
    },
    async drop() {
      await connection.query(`drop database ${name}`);
      await connection.end();
    },
  };
}

/** 128 float64 as the old tool keeps them; the numbers are not exact as float32. */
export function encoding(seed: number): Buffer {
  const bytes = Buffer.alloc(1024);
  for (let i = 0; i < 128; i++) bytes.writeDoubleLE(Math.sin(seed * 128 + i) / 8, i * 8);
  return bytes;
}
