import { z } from 'zod';
import type { WikiConfig } from '../../config.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { createLimiter } from '../../core/wiki/limiter.ts';
import { createOAuth } from '../../core/wiki/oauth.ts';
import { isLoopback } from '../../core/wiki/secure-url.ts';
import { type Answer, ask, bad, checked, type Finding, note, ok, reasonOf } from './report.ts';

/** Wikimedia's advice for tools, as for every edit. */
const MAX_LAG = 5;
/** Certificates, tokens and leases of several machines bear some seconds, not minutes. */
const SKEW_NOTE_S = 5;
const SKEW_BAD_S = 120;

export interface WikiCheck {
  readonly wiki: WikiConfig;
  readonly userAgent: string;
  /** `VISAVIS_PUBLIC_URL/oauth/callback` */
  readonly callback: string;
  /** An access token of somebody who signed in, still good for a while; null: nobody has one now. */
  readonly token: string | null;
}

/** Both APIs, the clock against theirs, the OAuth consumer, what it may do, and the hosts of pictures. */
export async function checkWiki(check: WikiCheck): Promise<Finding[]> {
  const { wiki } = check;
  const same = wiki.commonsApi === wiki.wikidataApi;
  const parts: Promise<Finding[]>[] = [
    checked('wiki', () => api(check, wiki.commonsApi, same ? 'files and items' : 'files')),
    ...(same ? [] : [checked('wiki', () => api(check, wiki.wikidataApi, 'items'))]),
    checked('depicts', () => depicts(check)),
    checked('sign-in', () => callback(check)),
    checked('sign-in', () => consumer(check)),
    checked('rights', () => rights(check)),
    ...wiki.pictureHosts.map((host) => checked('pictures', () => pictureHost(check, host))),
  ];
  return (await Promise.all(parts)).flat();
}

const siteInfo = z.object({
  query: z.object({ general: z.object({ generator: z.string(), sitename: z.string() }) }),
});
const apiError = z.object({ error: z.object({ code: z.string(), info: z.string().default('') }) });

async function api(check: WikiCheck, url: string, what: string): Promise<Finding[]> {
  const { host } = new URL(url);
  const asked = systemClock.now();
  const answer = await query(check, url, { meta: 'siteinfo', siprop: 'general', maxlag: String(MAX_LAG) });
  const skew = clockSkew(answer, { host, asked, answered: systemClock.now() });
  const failed = apiError.safeParse(answer.json);
  if (failed.success && failed.data.error.code === 'maxlag')
    return [note('wiki', `${host} (${what}) is lagged now; edits wait until it is not`), ...skew];
  const info = siteInfo.safeParse(answer.json);
  if (!info.success)
    return [bad('wiki', `${host} (${what}): ${describe(answer)}; is this the address of its api.php?`)];
  const { generator, sitename } = info.data.query.general;
  return [ok('wiki', `${host} (${what}): ${sitename}, ${generator}`), ...skew];
}

/** Its `Date` is of some moment between our question and its answer, in whole seconds. */
function clockSkew(
  { headers }: Answer,
  { host, asked, answered }: { readonly host: string; readonly asked: number; readonly answered: number },
): Finding[] {
  const theirs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return [];
  const apart = Math.max(0, asked - 1000 - theirs, theirs - answered);
  const seconds = Math.round(apart / 1000);
  const text = `${seconds} s apart from that of ${host}`;
  if (seconds > SKEW_BAD_S)
    return [
      bad('clock', `${text}; set this machine's clock (timedatectl set-ntp true), or tokens look expired`),
    ];
  return [seconds > SKEW_NOTE_S ? note('clock', `${text}; let NTP set it`) : ok('clock', text)];
}

const property = z.object({
  entities: z.record(
    z.string(),
    z.object({ datatype: z.string().optional(), missing: z.unknown().optional() }),
  ),
});

async function depicts(check: WikiCheck): Promise<Finding[]> {
  const { depictsProperty: id, wikidataApi } = check.wiki;
  const answer = await query(check, wikidataApi, { action: 'wbgetentities', ids: id, props: 'datatype' });
  const found = property.safeParse(answer.json).data?.entities[id];
  if (!found || found.missing !== undefined)
    return [bad('depicts', `${id} is no property of this wiki; set VISAVIS_DEPICTS_PROPERTY`)];
  return found.datatype !== undefined && found.datatype !== 'wikibase-item'
    ? [bad('depicts', `${id} holds ${found.datatype}, not an item; set VISAVIS_DEPICTS_PROPERTY`)]
    : [ok('depicts', `${id} is a property for items`)];
}

/** The wiki sends a browser on to its sign-in, or says on a page that it does not know client or address. */
async function callback(check: WikiCheck): Promise<Finding[]> {
  const oauth = oauthOf(check);
  const { codeChallenge } = await oauth.newChallenge();
  const url = oauth.authorizationUrl({ state: 'visavis-doctor', codeChallenge });
  const answer = await ask(url, { headers: { 'user-agent': check.userAgent } });
  const { status, headers } = answer;
  if (status >= 300 && status < 400 && headers.has('location'))
    return [ok('sign-in', `the wiki knows the consumer and its callback ${check.callback}`)];
  if (status >= 500) return [note('sign-in', `${url.host} has trouble now (HTTP ${status})`)];
  return [
    bad(
      'sign-in',
      `${url.host} refuses the consumer with the callback ${check.callback} (HTTP ${status}); that address must be registered exactly so, and the consumer be approved (docs/accounts.md)`,
    ),
  ];
}

/** A refresh token that nobody has: the wiki looks at the client before it looks at the token. */
async function consumer(check: WikiCheck): Promise<Finding[]> {
  const answer = await oauthOf(check).refreshToken('visavis-doctor');
  const kind = check.wiki.clientSecret === null ? 'public' : 'confidential';
  if (answer.outcome !== 'later')
    return [ok('sign-in', `the wiki accepts the client id and secret (${kind})`)];
  if (!answer.client)
    return [bad('sign-in', `the token address does not answer as it should (${answer.reason})`)];
  if (check.wiki.clientSecret === null)
    return [
      note(
        'sign-in',
        `a public client is not let in without a sign-in (${answer.reason}); older wikis do that`,
      ),
    ];
  return [
    bad(
      'sign-in',
      `the wiki does not accept the consumer (${answer.reason}); look at VISAVIS_OAUTH_CLIENT_ID, VISAVIS_OAUTH_CLIENT_SECRET and the consumer's approval`,
    ),
  ];
}

const userRights = z.object({ query: z.object({ userinfo: z.object({ rights: z.array(z.string()) }) }) });

/** What a token of ours may do is what the consumer was granted; only a token of somebody shows it. */
async function rights(check: WikiCheck): Promise<Finding[]> {
  if (check.token === null)
    return [
      note(
        'rights',
        'nobody is signed in with a token that is good now; the rights of the consumer show later',
      ),
    ];
  const answer = await query(
    check,
    check.wiki.commonsApi,
    { meta: 'userinfo', uiprop: 'rights' },
    check.token,
  );
  const seen = userRights.safeParse(answer.json);
  if (!seen.success) return [note('rights', `could not be asked for: ${describe(answer)}`)];
  return seen.data.query.userinfo.rights.includes('edit')
    ? [ok('rights', 'people who sign in through the consumer can edit')]
    : [bad('rights', 'the consumer was not granted "Edit existing pages"; register it anew with that grant')];
}

async function pictureHost({ userAgent }: WikiCheck, host: string): Promise<Finding[]> {
  const scheme = isLoopback(new URL(`http://${host}`).hostname) ? 'http' : 'https';
  try {
    const { status } = await ask(`${scheme}://${host}/`, {
      method: 'HEAD',
      headers: { 'user-agent': userAgent },
    });
    return status >= 500
      ? [note('pictures', `${host} has trouble now (HTTP ${status})`)]
      : [ok('pictures', `${host} answers`)];
  } catch (error) {
    return [bad('pictures', `${host}: ${reasonOf(error)}`)];
  }
}

function query(
  { userAgent }: WikiCheck,
  apiUrl: string,
  parameters: Record<string, string>,
  token: string | null = null,
): Promise<Answer> {
  const url = new URL(apiUrl);
  const all = { action: 'query', format: 'json', formatversion: '2', ...parameters };
  url.search = new URLSearchParams(all).toString();
  return ask(url, {
    headers: { 'user-agent': userAgent, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
  });
}

function describe({ status, json }: Answer): string {
  const failed = apiError.safeParse(json);
  return failed.success ? `${failed.data.error.code}, ${failed.data.error.info}` : `HTTP ${status}`;
}

function oauthOf({ wiki, userAgent, callback }: WikiCheck) {
  return createOAuth({
    endpoints: {
      authorize: `${wiki.oauthUrl}/authorize`,
      token: `${wiki.oauthUrl}/access_token`,
      profile: `${wiki.oauthUrl}/resource/profile`,
    },
    clientId: wiki.clientId,
    clientSecret: wiki.clientSecret,
    redirectUri: callback,
    userAgent,
    clock: systemClock,
    limiter: createLimiter(),
    allowInsecure: isLoopback(new URL(wiki.oauthUrl).hostname),
  });
}
