import type { Migration } from 'kysely/migration';
import * as wholeWay from './0001_the_whole_way.ts';
import * as detection from './0002_detection.ts';
import * as accounts from './0003_accounts.ts';
import * as catalog from './0004_catalog.ts';
import * as writing from './0005_writing.ts';
import * as review from './0006_review.ts';
import * as matching from './0007_matching.ts';
import * as community from './0008_community.ts';
import * as matrix from './0009_matrix.ts';
import * as invitations from './0010_invitations.ts';
import * as channelSettings from './0011_channel_settings.ts';
import * as boxes from './0012_boxes.ts';
import * as administration from './0013_administration.ts';
import * as origins from './0014_origins.ts';
import * as largeProjects from './0015_large_projects.ts';
import * as crawlStart from './0016_crawl_start.ts';
import * as counts from './0017_counts.ts';
import * as processes from './0018_processes.ts';
import * as channelCodes from './0019_channel_codes.ts';
import * as portraitCredits from './0020_portrait_credits.ts';
import * as siteBlocks from './0021_site_blocks.ts';

/** Every step from an empty database to the schema of this code: forward only, run in the order of their names. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001_the_whole_way': wholeWay,
  '0002_detection': detection,
  '0003_accounts': accounts,
  '0004_catalog': catalog,
  '0005_writing': writing,
  '0006_review': review,
  '0007_matching': matching,
  '0008_community': community,
  '0009_matrix': matrix,
  '0010_invitations': invitations,
  '0011_channel_settings': channelSettings,
  '0012_boxes': boxes,
  '0013_administration': administration,
  '0014_origins': origins,
  '0015_large_projects': largeProjects,
  '0016_crawl_start': crawlStart,
  '0017_counts': counts,
  '0018_processes': processes,
  '0019_channel_codes': channelCodes,
  '0020_portrait_credits': portraitCredits,
  '0021_site_blocks': siteBlocks,
};
