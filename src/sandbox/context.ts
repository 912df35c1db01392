import type { Clock } from '../core/platform/clock.ts';
import type { Misbehave } from './misbehave.ts';
import type { PocketClient } from './options.ts';
import type { Originals } from './originals.ts';
import type { RateLimit } from './rate-limit.ts';
import type { RequestLog } from './request-log.ts';
import type { Store } from './state/store.ts';
import type { Urls } from './urls.ts';

/** What every part of the pocket wiki works with. */
export interface Wiki {
  store: Store;
  urls: Urls;
  clock: Clock;
  clients: PocketClient[];
  misbehave: Misbehave;
  requests: RequestLog;
  originals: Originals;
  rateLimit: RateLimit;
}

export const SITE_NAME = 'Pocket wiki';
