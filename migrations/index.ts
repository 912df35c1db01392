import type { Migration } from 'kysely/migration';
import * as wholeWay from './0001_the_whole_way.ts';

/** Every step from an empty database to the schema of this code: forward only, run in the order of their names. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_the_whole_way': wholeWay,
};
