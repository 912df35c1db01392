import { type Config, isLoopback, type WikiConfig } from '../config.ts';
import type { Clock } from '../core/platform/clock.ts';
import type { Log } from '../core/platform/log.ts';
import { measuredFetch } from '../core/platform/measured-fetch.ts';
import type { Metrics } from '../core/platform/metrics.ts';
import { createWikiClient } from '../core/wiki/client.ts';
import { createLimiter } from '../core/wiki/limiter.ts';
import { createOAuth } from '../core/wiki/oauth.ts';
import { createPictures } from '../core/wiki/pictures.ts';
import { createWiki } from '../core/wiki/wiki.ts';

/** Everything that talks to the wikis, with the limits that Wikimedia asks tools to keep to. */
export function createWikiSide(
  config: Config,
  wikiConfig: WikiConfig,
  {
    agent,
    log,
    metrics,
    clock,
  }: { readonly agent: string; readonly log: Log; readonly metrics: Metrics; readonly clock: Clock },
) {
  const limiter = createLimiter();
  const local = (url: string) => isLoopback(url);
  const client = (apiUrl: string) =>
    createWikiClient({
      apiUrl,
      userAgent: agent,
      clock,
      limiter,
      log,
      fetch: measuredFetch(metrics, 'wiki'),
      allowInsecure: local(apiUrl),
    });
  const files = client(wikiConfig.commonsApi);
  const items = wikiConfig.wikidataApi === wikiConfig.commonsApi ? files : client(wikiConfig.wikidataApi);
  const oauth = createOAuth({
    endpoints: {
      authorize: `${wikiConfig.oauthUrl}/authorize`,
      token: `${wikiConfig.oauthUrl}/access_token`,
      profile: `${wikiConfig.oauthUrl}/resource/profile`,
    },
    clientId: wikiConfig.clientId,
    clientSecret: wikiConfig.clientSecret,
    redirectUri: `${config.publicUrl}/oauth/callback`,
    userAgent: agent,
    clock,
    limiter,
    fetch: measuredFetch(metrics, 'oauth'),
    allowInsecure: local(wikiConfig.oauthUrl),
  });
  // A long download must not hold up a person's edit: pictures have places of their own.
  const pictures = createPictures({
    hosts: wikiConfig.pictureHosts,
    userAgent: agent,
    clock,
    limiter: createLimiter(),
    fetch: measuredFetch(metrics, 'pictures'),
    log,
  });
  return { wiki: createWiki({ files, items, depicts: wikiConfig.depictsProperty }), oauth, pictures };
}

/** Items have their page at the wiki whose API gives them. */
export function itemPage(wikiConfig: WikiConfig): (itemId: string) => string {
  const { origin } = new URL(wikiConfig.wikidataApi);
  return (itemId) => `${origin}/wiki/${encodeURIComponent(itemId)}`;
}
