import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Wiki } from './context.ts';
import { WikiHands } from './hands.ts';
import { Misbehave } from './misbehave.ts';
import type { PocketWikiOptions } from './options.ts';
import { originalsInFolder, originalsInMemory } from './originals.ts';
import { seedAccounts, seedPractice } from './practice/seed.ts';
import { RateLimit } from './rate-limit.ts';
import { RequestLog } from './request-log.ts';
import { listen, serve, stop } from './server.ts';
import { IN_MEMORY } from './state/database.ts';
import { openStore } from './state/store.ts';
import { Urls } from './urls.ts';

export type { PocketClient, PocketWikiOptions } from './options.ts';
export { ADA } from './practice/people.ts';
export { ROOT_CATEGORY as PRACTICE_CATEGORY } from './practice/recipes.ts';
export { practiceTruth } from './practice/truth.ts';

export interface PocketWiki {
  /** Public origin, without a slash at the end. */
  url: string;
  port: number;
  close(): Promise<void>;
  /** What goes wrong, for tests. */
  misbehave: Misbehave;
  /** What was asked, for tests. */
  requests: RequestLog;
  /** Looks into the wiki and changes it past its doors, for tests. */
  hands: WikiHands;
}

/**
 * Starts the pocket wiki: Commons, Wikidata and Meta in one, at one origin on this computer.
 * Throws `port_in_use` when another program holds the port.
 */
export async function createPocketWiki(options: PocketWikiOptions): Promise<PocketWiki> {
  const server = await listen(options.host, options.port);
  try {
    const { port } = server.address() as AddressInfo;
    const urls = new Urls(options.publicUrl ?? `http://localhost:${port}`);
    const folder = join(options.dataDir, 'pocket-wiki');
    const inMemory = options.dataDir === IN_MEMORY;
    const wiki: Wiki = {
      store: openStore(inMemory ? IN_MEMORY : join(folder, 'wiki.sqlite'), urls.origin),
      urls,
      clock: options.clock,
      clients: options.clients,
      misbehave: new Misbehave(),
      requests: new RequestLog(),
      originals:
        options.originals ?? (inMemory ? originalsInMemory() : originalsInFolder(join(folder, 'originals'))),
      rateLimit: new RateLimit(),
    };
    seedAccounts(wiki);
    if (options.content !== 'empty') await seedPractice(wiki, options.photosDir);
    serve(server, wiki);
    const close = async () => {
      await stop(server);
      wiki.store.db.close();
    };
    const { misbehave, requests } = wiki;
    return { url: urls.origin, port, close, misbehave, requests, hands: new WikiHands(wiki) };
  } catch (error) {
    await stop(server);
    throw error;
  }
}

/** Settings that lead the product to the pocket wiki at this address. */
export function POCKET_ENDPOINTS(url: string): {
  oauthUrl: string;
  commonsApi: string;
  wikidataApi: string;
  pictureHosts: string[];
} {
  const { api, oauth, origin } = new Urls(url);
  return { oauthUrl: oauth, commonsApi: api, wikidataApi: api, pictureHosts: [new URL(origin).host] };
}
