import type { WriterPoint } from '../../src/core/depicts/writer.ts';
import type { Clock } from '../../src/core/platform/clock.ts';
import type { WikiAccount } from '../../src/core/wiki/account.ts';
import { createWikiClient } from '../../src/core/wiki/client.ts';
import { createLimiter } from '../../src/core/wiki/limiter.ts';
import { userAgent } from '../../src/core/wiki/user-agent.ts';
import { createWiki, type Wiki } from '../../src/core/wiki/wiki.ts';

export function wikiAt(apiUrl: string, clock: Clock): Wiki {
  const agent = userAgent({ version: '0', publicUrl: 'http://localhost', contact: 'test@example.org' });
  const options = { apiUrl, userAgent: agent, clock, limiter: createLimiter(), random: () => 0.5 };
  const client = createWikiClient({ ...options, allowInsecure: true });
  return createWiki({ files: client, items: client });
}

export function accountOf(name: string, token: string): WikiAccount {
  return { name, accessToken: async () => token, refresh: async () => token };
}

/** Waits at the nth time that the writer comes by this place. */
export function hookAt(point: WriterPoint, nth: number, then: () => void | Promise<void>) {
  let times = 0;
  return async (at: WriterPoint) => {
    if (at === point && ++times === nth) await then();
  };
}
