/** The product as it runs on a server: a web site, the bots and some workers, processes of their own. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { POCKET_ENDPOINTS } from '../../../src/sandbox/wiki.ts';
import { dataDir, preparedPhotos } from '../../detect/prepared.ts';
import { type Running, startRole } from '../../roles/processes.ts';
import { freePort } from '../../support/free-port.ts';
import { startMariaDb } from '../../support/mariadb.ts';
import { startRedis } from '../../support/redis.ts';
import { CLIENT, startWiki, type WholeWiki } from './wiki.ts';

export interface RunningRole {
  readonly name: string;
  readonly role: 'web' | 'bots' | 'worker';
  readonly running: Running;
  /** Where it tells its numbers. */
  readonly port: number;
}

export interface WholeSite {
  readonly url: string;
  readonly wiki: WholeWiki;
  readonly store: Store;
  readonly roles: readonly RunningRole[];
  stop(): Promise<void>;
}

/** Opens `/metrics`. */
export const METRICS_TOKEN = 'the token of the numbers';

export interface SiteWish {
  /** In the wiki's category. */
  readonly files: number;
  readonly workers: number;
  /** Web sites; one. */
  readonly sites?: number;
  readonly bots: boolean;
  /** May bind channels. */
  readonly owner: string;
}

export async function startSite(wish: SiteWish): Promise<WholeSite> {
  await preparedPhotos();
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'visavis-whole-'));
    stops.push(async () => rmSync(folder, { recursive: true, force: true }));
    symlinkSync(join(dataDir, 'models'), join(folder, 'models'));
    const port = await freePort();
    const url = `http://localhost:${port}`;
    const wiki = await startWiki(wish.files, url);
    stops.push(() => wiki.pocket.close());
    const database = await startMariaDb();
    stops.push(() => database.stop());
    const redis = await startRedis();
    stops.push(() => redis.stop());
    const { oauthUrl, commonsApi, wikidataApi, pictureHosts } = POCKET_ENDPOINTS(wiki.pocket.url);
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      VISAVIS_PUBLIC_URL: url,
      VISAVIS_DATA_DIR: folder,
      VISAVIS_OAUTH_URL: oauthUrl,
      VISAVIS_OAUTH_CLIENT_ID: CLIENT.id,
      VISAVIS_OAUTH_CLIENT_SECRET: CLIENT.secret,
      VISAVIS_COMMONS_API: commonsApi,
      VISAVIS_WIKIDATA_API: wikidataApi,
      VISAVIS_PICTURE_HOSTS: pictureHosts.join(','),
      VISAVIS_ADMINS: wish.owner,
      VISAVIS_EDITS_PER_MINUTE: '0',
      VISAVIS_DETECTOR_THREADS: '1',
      VISAVIS_METRICS_TOKEN: METRICS_TOKEN,
      VISAVIS_LOG: 'warn',
    };
    const roles: RunningRole[] = [];
    const start = async (name: string, role: RunningRole['role'], at: number) => {
      const running = startRole(role, {
        ...env,
        [role === 'web' ? 'PORT' : 'VISAVIS_HEALTH_PORT']: String(at),
      });
      stops.push(() => running.end('SIGTERM'));
      await running.says(role === 'web' ? 'ready http' : `ready (${role})`);
      roles.push({ name, role, running, port: at });
    };
    await start('web site', 'web', port);
    for (let i = 2; i <= (wish.sites ?? 1); i++) await start(`web site ${i}`, 'web', await freePort());
    if (wish.bots) await start('bots', 'bots', await freePort());
    for (let i = 1; i <= wish.workers; i++) await start(`worker ${i}`, 'worker', await freePort());
    const store = openStore({ kind: 'mariadb', url: database.url });
    stops.push(() => store.close());
    return { url, wiki, store, roles, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
