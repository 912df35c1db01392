import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import type { EligibilityRules } from './core/accounts/eligibility.ts';
import { isFernetKey } from './core/accounts/fernet.ts';
import { VisavisError } from './core/platform/errors.ts';
import { type DatabaseAddress, parseDatabaseUrl } from './core/store/store.ts';

/** Wikimedia's own addresses, used in production when nothing else is said. */
const WIKIMEDIA = {
  oauthUrl: 'https://meta.wikimedia.org/w/rest.php/oauth2',
  commonsApi: 'https://commons.wikimedia.org/w/api.php',
  wikidataApi: 'https://www.wikidata.org/w/api.php',
  pictureHosts: ['upload.wikimedia.org', 'thumb.wikimedia.org'],
};

/** Where Toolforge's tools have databases of their own; each is called USER__NAME. */
const TOOLSDB_HOST = 'tools.db.svc.wikimedia.cloud';

export interface WikiConfig {
  /** Base of authorize, access_token and resource/profile. */
  readonly oauthUrl: string;
  readonly clientId: string;
  readonly clientSecret: string | null;
  readonly commonsApi: string;
  readonly wikidataApi: string;
  /** host or host:port */
  readonly pictureHosts: readonly string[];
  readonly depictsProperty: string;
}

export interface Config {
  /** A real wiki, a chat token, or a public address that is not loopback. */
  readonly production: boolean;
  readonly port: number;
  /** The address of this machine that the web site listens on. */
  readonly host: string;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly database: DatabaseAddress;
  readonly databaseConnections: number;
  /** A query that takes longer is logged. */
  readonly slowQueryMs: number;
  /** MariaDB breaks off a statement that takes longer; null: never. */
  readonly statementSeconds: number | null;
  readonly redisUrl: string | null;
  /** Fernet keys, the first one encrypts. null: the sandbox keeps one of its own in the data folder. */
  readonly tokenKeys: readonly string[] | null;
  readonly secret: string | null;
  /** null: the pocket wiki is used. */
  readonly wiki: WikiConfig | null;
  /** Where the pocket wiki listens, in practice mode. */
  readonly pocketWikiPort: number;
  readonly admins: readonly string[];
  readonly contact: string | null;
  readonly trustedProxies: number;
  /** Who may take part; without any rule everybody who is not blocked. */
  readonly eligibility: EligibilityRules;
  readonly metricsToken: string | null;
  /** With it a wiki reads the lists of data sources; null: no wiki does. */
  readonly originsToken: string | null;
  /** Where a process without the web site tells how it does, on this machine alone; null: nowhere. */
  readonly healthPort: number | null;
  readonly discord: {
    readonly token: string;
    readonly api: string | null;
    /** For the link with which people invite the bot; null: not known. */
    readonly applicationId: string | null;
  } | null;
  readonly matrix: { readonly homeserver: string; readonly token: string } | null;
  /** Which models find and compare faces. */
  readonly models: {
    readonly bundle: 'default' | 'yunet';
    /** A copy of YuNet's file on this machine; null: it is downloaded. */
    readonly yunetFile: string | null;
  };
  /** Detector threads; null: from the cores that this process may use. */
  readonly detectorThreads: number | null;
  /** Ceiling of edits for each account; null: as fast as the wiki answers. */
  readonly editsPerMinute: number | null;
  /** A category that was read to its end is read again after so many milliseconds; null: only when asked. */
  readonly crawlEveryMs: number | null;
  readonly logLevel: string;
}

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const httpUrl = z
  .string()
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'is not an http(s) address',
  )
  .transform((value) => value.replace(/\/+$/, ''));

/** Where a token is sent: in clear to this machine alone. */
const safeUrl = httpUrl.refine(
  (value) => !URL.canParse(value) || new URL(value).protocol === 'https:' || isLoopback(value),
  'is plain http, and the bot’s token would travel in clear. Use https, or an address of this machine',
);

/** A number as people type it; no fraction unless it is said. */
function number(least: number, most: number, kind: 'whole' | 'any' = 'whole') {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  const what = `is not a ${kind === 'whole' ? 'whole number' : 'number'} ${range}`;
  const base = z.coerce.number(what).min(least, what).max(most, what);
  return kind === 'whole' ? base.int(what) : base;
}

const Environment = z.object({
  PORT: number(1, 65535).default(8080),
  VISAVIS_HOST: z
    .union([z.ipv4(), z.ipv6()], 'is not an address such as 127.0.0.1 or 0.0.0.0')
    .default('127.0.0.1'),
  VISAVIS_PUBLIC_URL: httpUrl.optional(),
  // Toolforge sets these two for every tool.
  TOOL_TOOLSDB_USER: z.string().min(1).optional(),
  TOOL_TOOLSDB_PASSWORD: z.string().min(1).optional(),
  VISAVIS_TOOLSDB: z
    .string()
    .regex(/^\w+$/, 'is not the part of a ToolsDB name after the two underscores, such as visavis')
    .default('visavis'),
  DATABASE_URL: z.string().optional(),
  VISAVIS_DATABASE_CONNECTIONS: number(1, 20).default(3),
  VISAVIS_STATEMENT_SECONDS: number(0, 86_400).default(120),
  VISAVIS_SLOW_QUERY_MS: number(1, 600_000).default(1000),
  REDIS_URL: z
    .string()
    .refine((value) => URL.canParse(value) && /^rediss?:$/.test(new URL(value).protocol), 'is not redis://…')
    .optional(),
  VISAVIS_TOKEN_KEY: list
    .refine(
      (keys) => keys.length > 0 && keys.every(isFernetKey),
      'is not a Fernet key (32 bytes in base64url; several are separated by commas). Make one with: visavis doctor --new-key',
    )
    .optional(),
  VISAVIS_SECRET: z.string().min(32, 'is shorter than 32 characters').optional(),
  VISAVIS_POCKET_WIKI_PORT: number(1, 65535).optional(),
  VISAVIS_ADMINS: list.default([]),
  VISAVIS_OAUTH_URL: httpUrl.optional(),
  VISAVIS_OAUTH_CLIENT_ID: z.string().min(1).optional(),
  VISAVIS_OAUTH_CLIENT_SECRET: z.string().min(1).optional(),
  VISAVIS_COMMONS_API: httpUrl.optional(),
  VISAVIS_WIKIDATA_API: httpUrl.optional(),
  VISAVIS_PICTURE_HOSTS: list.optional(),
  VISAVIS_DEPICTS_PROPERTY: z
    .string()
    .regex(/^P[1-9]\d*$/, 'is not a property like P180')
    .default('P180'),
  VISAVIS_DISCORD_TOKEN: z.string().min(1).optional(),
  VISAVIS_DISCORD_API: safeUrl.optional(),
  VISAVIS_DISCORD_APPLICATION_ID: z
    .string()
    .regex(/^\d{15,20}$/, 'is not the id of an application, which is a number')
    .optional(),
  VISAVIS_MATRIX_HOMESERVER: safeUrl.optional(),
  VISAVIS_MATRIX_TOKEN: z.string().min(1).optional(),
  VISAVIS_DATA_DIR: z.string().min(1).default('data'),
  VISAVIS_CONTACT: z.string().min(3).optional(),
  VISAVIS_TRUSTED_PROXIES: number(0, 10).default(0),
  VISAVIS_ALLOWED_USERS: list.optional(),
  VISAVIS_MIN_EDITS: number(0, Number.MAX_SAFE_INTEGER).default(0),
  VISAVIS_MIN_ACCOUNT_DAYS: number(0, Number.MAX_SAFE_INTEGER).default(0),
  VISAVIS_NEEDED_GROUP: z
    .string()
    .regex(/^[a-z][\w-]*$/i, 'is not the name of a user group, such as autopatrolled')
    .optional(),
  VISAVIS_HEALTH_PORT: number(1, 65535).optional(),
  VISAVIS_METRICS_TOKEN: z.string().min(16, 'is shorter than 16 characters').optional(),
  VISAVIS_ORIGINS_TOKEN: z.string().min(32, 'is shorter than 32 characters').optional(),
  VISAVIS_MODELS: z.enum(['default', 'yunet'], 'is neither default nor yunet').default('default'),
  VISAVIS_YUNET_FILE: z.string().min(1).optional(),
  VISAVIS_DETECTOR_THREADS: number(1, 64).optional(),
  VISAVIS_EDITS_PER_MINUTE: number(0, 900).optional(),
  VISAVIS_CRAWL_EVERY_HOURS: number(0, 8760, 'any').default(24),
  VISAVIS_LOG: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'], 'is none of error, warn, info, debug and silent')
    .optional(),
});
type Environment = z.infer<typeof Environment>;

/** Names that look like settings and are none: a slip that would pass in silence. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('VISAVIS_') && !(name in Environment.shape))
    .sort();
}

/**
 * The whole configuration, from the environment alone. Empty variables count as not set.
 *
 * @param root folder against which relative paths are meant
 * @throws VisavisError `configuration`, one line that names each variable and never a value
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>, root: string): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    throw configurationError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
  }
  const e = parsed.data;
  const production = isProduction(e);
  const wiki = wikiConfig(e, production);
  if (production) requireForProduction(e);
  if (e.VISAVIS_DISCORD_API && !e.VISAVIS_DISCORD_TOKEN)
    throw configurationError(['VISAVIS_DISCORD_TOKEN is missing, VISAVIS_DISCORD_API alone does nothing']);
  if (!!e.VISAVIS_MATRIX_HOMESERVER !== !!e.VISAVIS_MATRIX_TOKEN) {
    throw configurationError([
      'VISAVIS_MATRIX_HOMESERVER and VISAVIS_MATRIX_TOKEN go together, one of them is missing',
    ]);
  }
  const dataDir = isAbsolute(e.VISAVIS_DATA_DIR) ? e.VISAVIS_DATA_DIR : resolve(root, e.VISAVIS_DATA_DIR);
  return Object.freeze({
    production,
    port: e.PORT,
    host: e.VISAVIS_HOST,
    publicUrl: e.VISAVIS_PUBLIC_URL ?? `http://localhost:${e.PORT}`,
    dataDir,
    database: databaseAddress(e, dataDir, root),
    databaseConnections: e.VISAVIS_DATABASE_CONNECTIONS,
    slowQueryMs: e.VISAVIS_SLOW_QUERY_MS,
    statementSeconds: e.VISAVIS_STATEMENT_SECONDS === 0 ? null : e.VISAVIS_STATEMENT_SECONDS,
    redisUrl: e.REDIS_URL ?? null,
    tokenKeys: e.VISAVIS_TOKEN_KEY ?? null,
    secret: e.VISAVIS_SECRET ?? null,
    wiki,
    pocketWikiPort: e.VISAVIS_POCKET_WIKI_PORT ?? (e.PORT < 65535 ? e.PORT + 1 : e.PORT - 1),
    admins: e.VISAVIS_ADMINS,
    contact: e.VISAVIS_CONTACT ?? null,
    trustedProxies: e.VISAVIS_TRUSTED_PROXIES,
    eligibility: {
      minEdits: e.VISAVIS_MIN_EDITS,
      minAccountDays: e.VISAVIS_MIN_ACCOUNT_DAYS,
      neededGroup: e.VISAVIS_NEEDED_GROUP ?? null,
      allowedUsers: e.VISAVIS_ALLOWED_USERS ?? null,
    },
    metricsToken: e.VISAVIS_METRICS_TOKEN ?? null,
    originsToken: e.VISAVIS_ORIGINS_TOKEN ?? null,
    healthPort: e.VISAVIS_HEALTH_PORT ?? null,
    discord: e.VISAVIS_DISCORD_TOKEN
      ? {
          token: e.VISAVIS_DISCORD_TOKEN,
          api: e.VISAVIS_DISCORD_API ?? null,
          applicationId: e.VISAVIS_DISCORD_APPLICATION_ID ?? botIdIn(e.VISAVIS_DISCORD_TOKEN),
        }
      : null,
    matrix:
      e.VISAVIS_MATRIX_HOMESERVER && e.VISAVIS_MATRIX_TOKEN
        ? { homeserver: e.VISAVIS_MATRIX_HOMESERVER, token: e.VISAVIS_MATRIX_TOKEN }
        : null,
    models: {
      bundle: e.VISAVIS_MODELS,
      yunetFile: e.VISAVIS_YUNET_FILE === undefined ? null : resolve(root, e.VISAVIS_YUNET_FILE),
    },
    detectorThreads: e.VISAVIS_DETECTOR_THREADS ?? null,
    editsPerMinute: editsPerMinute(e.VISAVIS_EDITS_PER_MINUTE, wiki !== null),
    crawlEveryMs: e.VISAVIS_CRAWL_EVERY_HOURS === 0 ? null : e.VISAVIS_CRAWL_EVERY_HOURS * 3_600_000,
    logLevel: e.VISAVIS_LOG ?? (production ? 'info' : 'warn'),
  });
}

/** Is it this machine alone? */
export function isLoopback(url: string): boolean {
  const host = new URL(url).hostname;
  return (
    host === 'localhost' || host.endsWith('.localhost') || /^127(\.\d+){3}$/.test(host) || host === '[::1]'
  );
}

function isProduction(e: Environment): boolean {
  const wikis = [e.VISAVIS_OAUTH_URL, e.VISAVIS_COMMONS_API, e.VISAVIS_WIKIDATA_API];
  return (
    wikis.some((url) => url !== undefined && !isLoopback(url)) ||
    e.VISAVIS_DISCORD_TOKEN !== undefined ||
    e.VISAVIS_MATRIX_TOKEN !== undefined ||
    (e.VISAVIS_PUBLIC_URL !== undefined && !isLoopback(e.VISAVIS_PUBLIC_URL))
  );
}

/** The first part of a Discord token is the bot's id in base64, and since 2016 that is the application's id too. */
function botIdIn(token: string): string | null {
  const id = Buffer.from(token.split('.')[0] ?? '', 'base64').toString();
  return /^\d{15,20}$/.test(id) ? id : null;
}

/** Six a minute is what a person who confirms edits could do by hand; 0 means no ceiling. */
function editsPerMinute(given: number | undefined, realWiki: boolean): number | null {
  const value = given ?? (realWiki ? 6 : 0);
  return value === 0 ? null : value;
}

/** The names of what belongs to a wiki, and which of them were given. */
function wikiConfig(e: Environment, production: boolean): WikiConfig | null {
  const given = {
    VISAVIS_OAUTH_URL: e.VISAVIS_OAUTH_URL,
    VISAVIS_OAUTH_CLIENT_ID: e.VISAVIS_OAUTH_CLIENT_ID,
    VISAVIS_COMMONS_API: e.VISAVIS_COMMONS_API,
    VISAVIS_WIKIDATA_API: e.VISAVIS_WIKIDATA_API,
    VISAVIS_PICTURE_HOSTS: e.VISAVIS_PICTURE_HOSTS,
  };
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  if (!production) {
    if (named.length === 0 && !e.VISAVIS_OAUTH_CLIENT_SECRET) return null;
    const missing = Object.entries(given)
      .filter(([, value]) => value === undefined)
      .map(([name]) => name);
    if (missing.length > 0) {
      throw configurationError([
        `a wiki on this machine is half configured: ${missing.join(', ')} missing. Set them too, or none of them to use the pocket wiki`,
      ]);
    }
  }
  return {
    oauthUrl: e.VISAVIS_OAUTH_URL ?? WIKIMEDIA.oauthUrl,
    clientId: e.VISAVIS_OAUTH_CLIENT_ID ?? '',
    clientSecret: e.VISAVIS_OAUTH_CLIENT_SECRET ?? null,
    commonsApi: e.VISAVIS_COMMONS_API ?? WIKIMEDIA.commonsApi,
    wikidataApi: e.VISAVIS_WIKIDATA_API ?? WIKIMEDIA.wikidataApi,
    pictureHosts: e.VISAVIS_PICTURE_HOSTS ?? WIKIMEDIA.pictureHosts,
    depictsProperty: e.VISAVIS_DEPICTS_PROPERTY,
  };
}

function requireForProduction(e: Environment): void {
  const needed = [
    'VISAVIS_TOKEN_KEY',
    'VISAVIS_SECRET',
    'VISAVIS_PUBLIC_URL',
    'VISAVIS_OAUTH_CLIENT_ID',
    'VISAVIS_CONTACT',
  ] as const;
  const missing = needed.filter((name) => e[name] === undefined);
  if (missing.length > 0) {
    throw configurationError([
      `this is production (a real wiki, a chat token or a public address is set), and so ${missing.join(', ')} must be set too`,
    ]);
  }
}

/** What is said, else Toolforge's database where there is one, else a file of our own. */
function databaseAddress(e: Environment, dataDir: string, root: string): DatabaseAddress {
  if (e.DATABASE_URL) return absolutePath(parseDatabaseUrl(e.DATABASE_URL), root);
  const { TOOL_TOOLSDB_USER: user, TOOL_TOOLSDB_PASSWORD: password } = e;
  if (!user || !password) return { kind: 'sqlite', path: resolve(dataDir, 'visavis.sqlite') };
  const who = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return { kind: 'mariadb', url: `mysql://${who}@${TOOLSDB_HOST}/${user}__${e.VISAVIS_TOOLSDB}` };
}

function absolutePath(address: DatabaseAddress, root: string): DatabaseAddress {
  if (address.kind !== 'sqlite' || address.path === ':memory:') return address;
  return { kind: 'sqlite', path: resolve(root, address.path) };
}

function configurationError(problems: readonly string[]): VisavisError {
  return new VisavisError('configuration', problems.join('; '));
}
