import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { newFernetKey } from '../../src/core/accounts/fernet.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { openStore, type Store } from '../../src/core/store/store.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { type Homeserver, startHomeserver } from '../fakes/homeserver/homeserver.ts';
import { type OwnMariaDb, startMariaDb } from '../support/mariadb.ts';
import { type OwnRedis, startRedis } from '../support/redis.ts';
import { descendants, guarded, killed } from './children.ts';
import { ROLES, type RoleName, STEPPED, type Way } from './plan.ts';
import { quietPort } from './ports.ts';
import { type ServiceWay, startProxy } from './proxy.ts';
import { createRole, type Role, type RoleKind } from './role.ts';
import { type OwnWiki, startWiki } from './wiki.ts';

/** Everything that runs, with a way that can be cut between each process and each service. */
export interface Scene {
  /** Holds logs; left where it is when a run has failed. */
  readonly folder: string;
  /** The product's and the wiki's; null where no file system of a limited size could be mounted. */
  readonly smallDisk: string | null;
  readonly mariadb: OwnMariaDb;
  readonly redis: OwnRedis;
  readonly wiki: OwnWiki;
  readonly homeserver: Homeserver;
  readonly roles: readonly Role[];
  readonly ways: ReadonlyMap<string, ServiceWay>;
  role(name: RoleName): Role;
  way(role: RoleName, way: Way): ServiceWay;
  /** Past all ways, with connections of its own. */
  readonly store: Store;
  /** Where people reach the site, whichever process serves it. */
  readonly publicUrl: string;
  /** Of the wiki, in addresses that it gives. */
  readonly wikiUrl: string;
  close(): Promise<void>;
}

/** Room for what the wiki and the product keep there, and little more. */
const DISK_MB = 64;

/** Resolves when everything was started; it may not be ready yet. */
export async function makeScene(): Promise<Scene> {
  await preparedPhotos();
  const folder = mkdtempSync('/tmp/visavis-recovery-');
  const stops: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  const roles: Role[] = [];
  // Whoever is interrupted leaves nothing behind that runs or is mounted.
  const abandon = () => {
    for (const id of descendants(process.pid)) killed(id);
    unmount(join(folder, 'data'));
  };
  process.once('exit', abandon);
  stops.push(() => process.off('exit', abandon));
  try {
    const data = join(folder, 'data');
    mkdirSync(data);
    const smallDisk = mountSmallDisk(data) ? data : null;
    stops.push(() => unmount(data));
    for (const name of ['models', 'practice']) symlinkSync(join(dataDir, name), join(data, name));
    const [mariadb, redis] = await Promise.all([startMariaDb(), startRedis()]);
    stops.push(
      () => mariadb.stop(),
      () => redis.stop(),
    );
    const homeserver = await startHomeserver(systemClock);
    stops.push(() => homeserver.close());
    const env = guarded(join(folder, 'away'));

    const wikiPort = await quietPort();
    const pictures = await startProxy([wikiPort]);
    const wikiUrl = `http://127.0.0.1:${pictures.port}`;
    const webPorts = [await quietPort(), await quietPort()];
    const front = await startProxy([...webPorts]);
    stops.push(
      () => pictures.close(),
      () => front.close(),
    );
    const publicUrl = `http://127.0.0.1:${front.port}`;
    const client = {
      id: 'recovery',
      secret: randomBytes(12).toString('hex'),
      name: 'Visavis',
      redirectUri: `${publicUrl}/oauth/callback`,
    };
    const wiki = await startWiki(
      { port: wikiPort, publicUrl: wikiUrl, dataDir: data, client },
      { env, logFile: join(folder, 'wiki.log') },
    );
    stops.push(() => wiki.stop());

    const targets: Record<Way, number> = {
      mariadb: Number(new URL(mariadb.url).port),
      redis: Number(new URL(redis.url).port),
      wiki: wikiPort,
      chat: Number(new URL(homeserver.url).port),
    };
    const ways = new Map<string, ServiceWay>();
    stops.push(() => Promise.all([...ways.values()].map((one) => one.close())));
    const keys = {
      VISAVIS_TOKEN_KEY: newFernetKey(randomBytes),
      VISAVIS_SECRET: randomBytes(32).toString('base64url'),
    };
    for (const name of ROLES) {
      const kind = name.split(' ')[0] as RoleKind;
      const to: Record<string, number> = {};
      for (const way of Object.keys(targets) as Way[]) {
        const proxy = await startProxy([targets[way]]);
        ways.set(`${name} ${way}`, proxy);
        to[way] = proxy.port;
      }
      const port = (kind === 'web' && webPorts.shift()) || (await quietPort());
      const api = `http://127.0.0.1:${to.wiki}/w/api.php`;
      const own = {
        ...env,
        ...keys,
        DATABASE_URL: `mysql://root@127.0.0.1:${to.mariadb}/visavis`,
        REDIS_URL: `redis://127.0.0.1:${to.redis}`,
        VISAVIS_PUBLIC_URL: publicUrl,
        VISAVIS_OAUTH_URL: `http://127.0.0.1:${to.wiki}/w/rest.php/oauth2`,
        VISAVIS_OAUTH_CLIENT_ID: client.id,
        VISAVIS_OAUTH_CLIENT_SECRET: client.secret,
        VISAVIS_COMMONS_API: api,
        VISAVIS_WIKIDATA_API: api,
        VISAVIS_PICTURE_HOSTS: new URL(wikiUrl).host,
        VISAVIS_CONTACT: 'recovery@example.org',
        VISAVIS_DATA_DIR: data,
        VISAVIS_DETECTOR_THREADS: '1',
        VISAVIS_CRAWL_EVERY_HOURS: '0',
        // Slow enough for runs to be under way when something goes wrong.
        VISAVIS_EDITS_PER_MINUTE: '120',
        VISAVIS_LOG: 'info',
        ...(kind === 'web' ? { PORT: String(port) } : { VISAVIS_HEALTH_PORT: String(port) }),
        ...(kind === 'bots'
          ? {
              VISAVIS_MATRIX_HOMESERVER: `http://127.0.0.1:${to.chat}`,
              VISAVIS_MATRIX_TOKEN: homeserver.bot.token,
            }
          : {}),
      };
      const logFile = join(folder, `${name.replace(' ', '-')}.log`);
      roles.push(createRole({ name, kind, port, stepped: STEPPED.includes(name), env: own, logFile }));
    }
    stops.push(() => Promise.all(roles.map((role) => role.stop())));
    const store = openStore({ kind: 'mariadb', url: mariadb.url }, { connections: 3 });
    stops.push(() => store.close());
    for (const role of roles) role.start();
    const found = <T>(what: T | undefined): T => {
      if (what === undefined) throw new Error('the scene has no such part');
      return what;
    };
    return {
      folder,
      smallDisk,
      mariadb,
      redis,
      wiki,
      homeserver,
      roles,
      ways,
      role: (name) => found(roles.find((role) => role.name === name)),
      way: (role, way) => found(ways.get(`${role} ${way}`)),
      store,
      publicUrl,
      wikiUrl,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'visavis-recovery', folder], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

function unmount(folder: string): void {
  // It says so where nothing is mounted, and that is all right.
  spawnSync('umount', ['-l', folder]);
}

/** Takes away what a run has left, when nobody needs to look into it. */
export function clear(folder: string): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}
