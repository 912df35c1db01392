import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Config, WikiConfig } from '../config.ts';
import { systemClock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import { preparePracticePhotos } from '../detect/models/prepare.ts';
import { type SandboxKeys, sandboxKeys } from '../sandbox/keys.ts';
import { createPocketWiki, POCKET_ENDPOINTS } from '../sandbox/wiki.ts';

/** The pocket wiki as this process knows it. */
export interface Practice {
  readonly url: string;
  readonly config: WikiConfig;
  readonly keys: SandboxKeys;
  /** It is in this process; otherwise in another one on this machine. */
  readonly own: boolean;
  close(): Promise<void>;
}

/** What the process with the pocket wiki tells the others, beside the wiki. */
interface Address {
  readonly url: string;
  readonly publicUrl: string;
}

const CLIENT = 'visavis-practice';

/**
 * One pocket wiki for each data folder, however many processes there are: the first one with the web site has it,
 * because people sign in there; workers, bots and further web sites use it.
 *
 * @throws VisavisError `port_in_use`; `configuration` when the wiki there belongs to a site with another address,
 *   to which nobody could sign in here
 */
export async function practiceWiki(config: Config, withWeb: boolean, log: Log): Promise<Practice> {
  const keys = sandboxKeys(config.dataDir);
  const folder = join(config.dataDir, 'pocket-wiki');
  const known = (url: string) => ({
    url,
    keys,
    config: {
      ...POCKET_ENDPOINTS(url),
      clientId: CLIENT,
      clientSecret: keys.clientSecret,
      depictsProperty: 'P180',
    },
  });
  if (!withWeb) {
    const url = readAddress(folder)?.url ?? `http://localhost:${config.pocketWikiPort}`;
    if (!(await answers(url)))
      log.warn(
        { url },
        'the practice wiki does not answer yet: it is in the process of the web site. Start "visavis web" on this machine too, with the same VISAVIS_DATA_DIR',
      );
    return { ...known(url), own: false, close: async () => {} };
  }
  const place = await findPlace(folder);
  if (!('hold' in place)) {
    if (place.publicUrl !== config.publicUrl)
      throw new VisavisError(
        'configuration',
        `the practice wiki in this data folder belongs to the site at ${place.publicUrl}, which is running; give this one the same VISAVIS_PUBLIC_URL, or a VISAVIS_DATA_DIR of its own`,
      );
    return { ...known(place.url), own: false, close: async () => {} };
  }
  const { hold } = place;
  try {
    await preparePracticePhotos(config.dataDir);
    const wiki = await createPocketWiki({
      host: '127.0.0.1',
      port: config.pocketWikiPort,
      dataDir: config.dataDir,
      photosDir: join(config.dataDir, 'practice'),
      clients: [
        {
          id: CLIENT,
          secret: keys.clientSecret,
          name: 'Visavis',
          redirectUri: `${config.publicUrl}/oauth/callback`,
        },
      ],
      clock: systemClock,
    });
    const address: Address = { url: wiki.url, publicUrl: config.publicUrl };
    writeFileSync(join(folder, 'address.json'), JSON.stringify(address));
    const close = () => wiki.close().finally(() => hold.close());
    return { ...known(wiki.url), own: true, close };
  } catch (error) {
    hold.close();
    throw error;
  }
}

/** So long the one that has the wiki may need until it is there: its photos may have to be fetched. */
const WAIT_MS = 120_000;

/** The right to have the wiki, or where the one that has it says it is. */
async function findPlace(folder: string): Promise<{ readonly hold: DatabaseSync } | Address> {
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    const hold = takeHold(folder);
    if (hold) {
      // What the last one said is not so any more.
      rmSync(join(folder, 'address.json'), { force: true });
      return { hold };
    }
    const address = readAddress(folder);
    if (address) return address;
    await systemClock.sleep(200);
  }
  throw new VisavisError(
    'configuration',
    'another process has the practice wiki of this data folder, and does not say where; end it, or give this one a VISAVIS_DATA_DIR of its own',
  );
}

/** A lock of the operating system's, which goes with the process however it ends; null: another process has it. */
function takeHold(folder: string): DatabaseSync | null {
  mkdirSync(folder, { recursive: true });
  const hold = new DatabaseSync(join(folder, 'holder.sqlite'));
  try {
    hold.exec('pragma busy_timeout = 0; begin exclusive');
    return hold;
  } catch (error) {
    hold.close();
    const SQLITE_BUSY = 5;
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
}

function readAddress(folder: string): Address | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'address.json'), 'utf8')) as Address;
  } catch {
    // Not there yet, or being written at this moment.
    return null;
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(2_000) }).catch(
    () => null,
  );
  await response?.body?.cancel();
  return response !== null;
}
