/** What a site allows beside the grammar: an administrator's choices and our own address. */
export interface OriginRules {
  /** Our own origins, such as `https://visavis.example.org`: `'self'` in a policy. */
  readonly own: readonly string[];
  /** Ports beside the usual one of each scheme. */
  readonly ports: readonly number[];
  /** Hosts that nobody may allow, each with its subdomains. */
  readonly denied: readonly string[];
  /** Hosts that many people share: how many segments of the path say whose it is. */
  readonly shared: ReadonlyMap<string, number>;
}

/** Shared hosts that the public suffix list does not know. A new site begins with these. */
export const SHARED_HOSTS: ReadonlyMap<string, number> = new Map([
  ['tools.wmflabs.org', 1],
  ['tools-static.wmflabs.org', 1],
  ['public-paws.wmcloud.org', 1],
  ['raw.githubusercontent.com', 2],
  ['gist.githubusercontent.com', 1],
  ['cdn.jsdelivr.net', 2],
  ['unpkg.com', 1],
  ['cdnjs.cloudflare.com', 3],
  ['storage.googleapis.com', 1],
  ['sites.google.com', 2],
]);

export const DEFAULT_RULES: OriginRules = { own: [], ports: [], denied: [], shared: SHARED_HOSTS };

/** Is it one of these hosts, or below one? */
export function isBelow(host: string, hosts: readonly string[]): boolean {
  return hosts.some((one) => host === one || host.endsWith(`.${one}`));
}
