/** The pocket wiki with a category of made pictures, and what it was asked. */
import { join } from 'node:path';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { originalsInMemory } from '../../../src/sandbox/originals.ts';
import type { LoggedRequest } from '../../../src/sandbox/request-log.ts';
import { IN_MEMORY } from '../../../src/sandbox/state/database.ts';
import { createPocketWiki, type PocketWiki } from '../../../src/sandbox/wiki.ts';
import { dataDir } from '../../detect/prepared.ts';
import { createPictures, itemsIn, planOf } from './pictures.ts';

export const CATEGORY = 'Category:Whole way';
const NAME = 'Whole way';
export const CLIENT = { id: 'whole', secret: 'the secret of the whole way' };

export interface WholeWiki {
  readonly pocket: PocketWiki;
  readonly pageIds: readonly number[];
  /** Statements that stood there before, as other people make them. */
  readonly statedBefore: number;
  /** Requests by kind since the last time. */
  takeRequests(): Map<string, number>;
}

/** The number of a file, from its title. */
export function numberOf(title: string): number {
  return Number(/(\d+)\.jpg$/.exec(title)?.[1] ?? 0);
}

/** @param siteUrl where people are sent back to after they have signed in */
export async function startWiki(files: number, siteUrl: string): Promise<WholeWiki> {
  const photosDir = join(dataDir, 'practice');
  const make = await createPictures(photosDir);
  const memory = originalsInMemory();
  const pocket = await createPocketWiki({
    host: '127.0.0.1',
    port: 0,
    dataDir: IN_MEMORY,
    photosDir,
    clients: [{ ...CLIENT, name: 'Visavis', redirectUri: `${siteUrl}/oauth/callback` }],
    clock: systemClock,
    originals: {
      read: (name) => (name.startsWith(NAME) ? make(numberOf(name)) : memory.read(name)),
      write: memory.write,
    },
  });
  const { hands } = pocket;
  hands.setRateLimit(1_000_000, 1);
  hands.addCategory(CATEGORY);
  const pageIds = await hands.addManyFiles(files, CATEGORY, NAME, (number) => {
    const { width, height } = planOf(number);
    return { stored: `${NAME} ${number}.jpg`, size: 40_000, width, height };
  });
  let statedBefore = 0;
  for (const [i, pageId] of pageIds.entries()) {
    // One portrait in forty says already who it shows.
    const isPortrait = planOf(i + 1).places.length === 1;
    const [item] = isPortrait && i % 40 === 0 ? itemsIn(i + 1) : [];
    if (item === undefined) continue;
    hands.depict(pageId, item);
    statedBefore++;
  }
  return { pocket, pageIds, statedBefore, takeRequests };

  function takeRequests(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const one of pocket.requests.entries) counts.set(kindOf(one), (counts.get(kindOf(one)) ?? 0) + 1);
    pocket.requests.clear();
    return counts;
  }
}

/** In the words of the wiki's interface. */
function kindOf({ path, params }: LoggedRequest): string {
  if (path.startsWith('/images/')) return path.startsWith('/images/thumb/') ? 'scaled picture' : 'picture';
  if (path !== '/w/api.php') return 'pages of sign-in';
  const { action = '', ids = '' } = params;
  if (action === 'query')
    return `query ${params.generator ?? params.list ?? params.prop ?? params.meta ?? ''}`;
  if (action === 'wbgetentities') return `${action} of ${ids.startsWith('Q') ? 'items' : 'files'}`;
  return action;
}
