import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { migrations } from '../migrations/index.ts';
import pkg from '../package.json' with { type: 'json' };
import type { Chat } from './bots/chat.ts';
import { createDesk } from './bots/desk.ts';
import { createDiscordChat } from './bots/discord/discord.ts';
import { inviteLink } from './bots/discord/invite.ts';
import { createInviters } from './bots/matrix/inviters.ts';
import { createMatrixChat } from './bots/matrix/matrix.ts';
import { measuredChat } from './bots/measured.ts';
import { tellMoved } from './bots/moves.ts';
import { createRoomChat } from './bots/room/room.ts';
import { type Config, isLoopback, type WikiConfig } from './config.ts';
import { holdAdmins, isAdmin } from './core/accounts/admins.ts';
import { holdRules } from './core/accounts/eligibility.ts';
import { createFernet } from './core/accounts/fernet.ts';
import { accountOfIdentity } from './core/accounts/linking.ts';
import { standingStep } from './core/accounts/standing.ts';
import { followRenames, writingAccount } from './core/accounts/writing-account.ts';
import { siteFullness } from './core/administration/fullness.ts';
import { bootstrapStep } from './core/catalog/bootstrap.ts';
import { crawlStep } from './core/catalog/crawl.ts';
import { writeStep } from './core/depicts/writer.ts';
import { createCrops } from './core/faces/crops.ts';
import { detectStep } from './core/faces/detection.ts';
import type { Detector } from './core/faces/detector.ts';
import { embedStep, facesToEmbed } from './core/faces/embedding.ts';
import { createFaceCache } from './core/faces/face-cache.ts';
import { matchStep } from './core/faces/matching.ts';
import { portraitStep } from './core/faces/portraits.ts';
import { systemClock } from './core/platform/clock.ts';
import { databaseLocks, locksWithFallback, redisLocks } from './core/platform/locks.ts';
import type { Log } from './core/platform/log.ts';
import { measuredFetch } from './core/platform/measured-fetch.ts';
import { createMessages } from './core/platform/messages.ts';
import { type Metrics, noMetrics } from './core/platform/metrics.ts';
import { memoryNudges, redisNudges } from './core/platform/nudges.ts';
import { createPrometheus } from './core/platform/prometheus.ts';
import { createReadOnly } from './core/platform/read-only.ts';
import { connectRedis } from './core/platform/redis.ts';
import { createWorker, type Worker } from './core/platform/worker.ts';
import { purgeStep } from './core/privacy/purge.ts';
import { retentionStep } from './core/privacy/retention.ts';
import { careStep } from './core/review/care.ts';
import { migrate } from './core/store/migrate.ts';
import { openStore } from './core/store/store.ts';
import { createWikiClient } from './core/wiki/client.ts';
import { createLimiter } from './core/wiki/limiter.ts';
import { createOAuth } from './core/wiki/oauth.ts';
import { createPictures } from './core/wiki/pictures.ts';
import { userAgent } from './core/wiki/user-agent.ts';
import { createWiki } from './core/wiki/wiki.ts';
import { createDetector } from './detect/detector.ts';
import { preparePracticePhotos } from './detect/models/prepare.ts';
import { createMeasures } from './detect/products.ts';
import { sandboxKeys } from './sandbox/keys.ts';
import { ensurePracticeProject } from './sandbox/practice-project.ts';
import { createPocketWiki, POCKET_ENDPOINTS, type PocketWiki } from './sandbox/wiki.ts';
import type { Health } from './web/deps.ts';
import { serveHealth } from './web/health-server.ts';
import { memoryLimits, type RateLimits, redisLimits } from './web/rate-limits.ts';
import { createWeb } from './web/server.ts';

export type Role = 'web' | 'bots' | 'worker';

export interface App {
  /** Where the web site answers; null without the role. */
  readonly port: number | null;
  readonly pocketWikiUrl: string | null;
  stop(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly roles: readonly Role[];
  readonly log: Log;
  /** Folder of the product: `i18n/` is there. */
  readonly root: string;
}

/**
 * Builds what the roles need and starts it: the only place that knows every room. What was started before
 * something failed is stopped again.
 */
export async function startApp({ config, roles, log, root }: AppOptions): Promise<App> {
  const clock = systemClock;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) {
      await end().catch((error: unknown) => log.error({ err: error }, 'something did not stop cleanly'));
    }
  };
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }

  async function start(): Promise<App> {
    const workerId = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`;
    const has = (role: Role) => roles.includes(role);
    const prometheus = config.metricsToken === null ? null : createPrometheus();
    const metrics = prometheus?.metrics ?? noMetrics;
    const store = openStore(config.database, {
      connections: config.databaseConnections,
      ...(prometheus ? { metrics } : {}),
    });
    stops.push(() => store.close());
    await migrate(store, migrations);

    const pocket = config.wiki === null ? await startPocketWiki(config) : null;
    if (pocket) stops.push(() => pocket.wiki.close());
    const wikiConfig = config.wiki ?? pocket?.config;
    if (!wikiConfig) throw new Error('no wiki');
    const keys = pocket?.keys ?? null;
    const secret = config.secret ?? keys?.secret ?? sandboxKeys(config.dataDir).secret;
    const tokenKeys = config.tokenKeys ?? [keys?.tokenKey ?? sandboxKeys(config.dataDir).tokenKey];
    const fernet = createFernet(tokenKeys, clock, randomBytes);
    const rules = config.eligibility;
    await holdRules({ store, clock }, rules);
    if (has('web')) await holdAdmins(store, config.admins);
    const redis = config.redisUrl ? connectRedis({ url: config.redisUrl, secret, log, metrics }) : null;
    if (redis) stops.push(async () => redis.close());
    const nudges = redis ? redisNudges(redis) : memoryNudges();
    stops.push(() => nudges.close());
    const limits = redis ? redisLimits(redis) : memoryLimits();
    const readOnly = createReadOnly({ store, clock });
    const leases = databaseLocks({ store, clock });
    const locks = redis ? locksWithFallback(redisLocks(redis.redis, redis.prefix), leases) : leases;

    const agent = userAgent({ version: pkg.version, publicUrl: config.publicUrl, contact: config.contact });
    const { wiki, oauth, pictures } = createWikiSide(config, wikiConfig, agent, log, metrics);
    const detector = createDetector({
      dataDir: config.dataDir,
      models: config.models,
      ...(config.detectorThreads === null ? {} : { threads: config.detectorThreads }),
    });
    stops.push(() => detector.close());
    const messages = createMessages(join(root, 'i18n'));
    const base = { store, clock, nudges, log, workerId, metrics, readOnly };
    for (const one of prometheus ? siteFullness({ store, clock, model: detector.model }) : [])
      prometheus?.watch(one);
    const numbers =
      prometheus && config.metricsToken ? { prometheus: { ...prometheus, token: config.metricsToken } } : {};
    const health = async () => healthOf({ redis, limits, chats, detector });

    if (pocket) await ensurePracticeProject({ ...base, wiki, secret });

    const chats = has('bots') ? createChats().map((chat) => measuredChat(chat, metrics)) : [];
    let port: number | null = null;
    if (has('web')) {
      const web = createWeb({
        ...base,
        messages,
        secret,
        fernet,
        oauth,
        wiki,
        crops: createCrops({ store, pictures, detector }),
        publicUrl: config.publicUrl,
        production: config.production,
        trustedProxies: config.trustedProxies,
        pictureHosts: wikiConfig.pictureHosts,
        oauthOrigin: new URL(wikiConfig.oauthUrl).origin,
        itemPage: itemPage(wikiConfig),
        admins: config.admins,
        rules,
        editsPerMinute: config.editsPerMinute,
        locks,
        limits,
        model: detector.model,
        ...numbers,
        health,
        sandbox: pocket ? { wikiUrl: pocket.wiki.url } : null,
        chats: {
          discord: config.discord?.applicationId ? inviteLink(config.discord.applicationId) : null,
          matrix: config.matrix !== null,
        },
        contact: config.contact,
      });
      const listening = await web.listen(config.port, config.host);
      stops.push(() => listening.close());
      port = listening.port;
    }
    if (!has('web') && config.healthPort !== null) {
      const served = await serveHealth({ store, log, health, ...numbers }, config.healthPort);
      stops.push(() => served.close());
    }
    if (has('worker')) {
      const worker = createAppWorker();
      const stale = await facesToEmbed(store, detector.model);
      if (stale > 0)
        log.warn({ faces: stale, model: detector.model }, 'faces are embedded again in the background');
      worker.start();
      stops.push(() => worker.stop());
    }
    if (has('bots')) {
      const deskDeps = {
        ...base,
        pictures,
        detector,
        translate: (language: string) => messages.translator(language),
        itemUrl: itemPage(wikiConfig),
        publicUrl: config.publicUrl,
      };
      for (const chat of chats) {
        const desk = createDesk(deskDeps, chat);
        await desk.start();
        stops.push(() => desk.stop());
      }
    }
    return { port, pocketWikiUrl: pocket?.wiki.url ?? null, stop };

    function createAppWorker(): Worker {
      const accounts = { ...base, fernet, oauth, locks, wiki, rules };
      const account = (who: { id: number; username: string }) => writingAccount(accounts, who);
      const writer = {
        ...base,
        wiki: followRenames(wiki),
        wikiAccount: account,
        editsPerMinute: config.editsPerMinute,
      };
      const detection = { ...base, pictures, detector, wiki };
      const measures = createMeasures();
      stops.push(() => measures.close());
      const cache = createFaceCache(clock);
      return createWorker({ ...base, roles: roles.join(' '), host: hostname() }, [
        // People wait for what they asked to be written; everything else is background.
        { name: 'write', counts: true, run: (signal) => writeStep(writer, signal) },
        { name: 'standing', run: () => standingStep(accounts) },
        { name: 'match', run: () => matchStep({ ...base, model: detector.model, measures, cache }) },
        {
          name: 'crawl',
          run: (signal) => crawlStep({ ...base, wiki, crawlEveryMs: config.crawlEveryMs }, signal),
        },
        { name: 'bootstrap', run: () => bootstrapStep({ ...base, wiki }) },
        { name: 'detect', counts: true, run: (signal) => detectStep(detection, signal) },
        { name: 'embed', run: (signal) => embedStep(detection, signal) },
        { name: 'portraits', run: (signal) => portraitStep(detection, signal) },
        { name: 'care', run: () => careStep(base) },
        { name: 'purge', run: () => purgeStep(base) },
        { name: 'retention', run: () => retentionStep(base) },
      ]);
    }

    /** The practice room always; the others when they are configured. */
    function createChats(): Chat[] {
      const { discord, matrix } = config;
      return [
        createRoomChat({ ...base, mayManageRoom: (userId) => mayManageRoom(userId) }),
        ...(discord ? [createDiscordChat({ ...base, ...discord, messages })] : []),
        ...(matrix ? [createMatrix(matrix)] : []),
      ];
    }

    function createMatrix(matrix: NonNullable<Config['matrix']>): Chat {
      const translate = (language: string) => messages.translator(language);
      const chat: Chat = createMatrixChat({
        ...base,
        ...matrix,
        userAgent: agent,
        translate,
        mayInvite: createInviters(store),
        onReplaced: (change) => tellMoved({ ...base, translate }, chat, change),
      });
      return chat;
    }

    /** The practice room has no rights of its own: in practice mode anybody may, else administrators. */
    async function mayManageRoom(userId: string): Promise<boolean> {
      if (pocket) return true;
      const account = await accountOfIdentity(store, 'room', userId);
      return account !== null && (await isAdmin(store.db, account.id));
    }
  }
}

/** A chat that is away or has ended takes nothing from the others; its reason is in the log. */
function healthOf({
  redis,
  limits,
  chats,
  detector,
}: {
  readonly redis: { readonly ready: boolean } | null;
  readonly limits: RateLimits;
  readonly chats: readonly Chat[];
  readonly detector: Pick<Detector, 'restsUntil'>;
}): Health {
  const connections = chats.flatMap((chat) => {
    const health = chat.health?.();
    return health ? [[chat.platform, health.state === 'up' ? 'ok' : health.state] as const] : [];
  });
  const parts = {
    ...(redis ? { redis: redis.ready ? 'ok' : 'away' } : {}),
    detector: systemClock.now() < (detector.restsUntil ?? 0) ? 'resting' : 'ok',
    ...Object.fromEntries(connections),
  };
  const degraded = Object.values(parts).some((state) => state !== 'ok');
  return {
    ok: true,
    degraded,
    parts: { ...parts, limits: limits.where?.() ?? 'memory', locks: redis?.ready ? 'redis' : 'database' },
  };
}

function createWikiSide(config: Config, wikiConfig: WikiConfig, agent: string, log: Log, metrics: Metrics) {
  const clock = systemClock;
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
function itemPage(wikiConfig: WikiConfig): (itemId: string) => string {
  const { origin } = new URL(wikiConfig.wikidataApi);
  return (itemId) => `${origin}/wiki/${encodeURIComponent(itemId)}`;
}

async function startPocketWiki(config: Config): Promise<{
  wiki: PocketWiki;
  config: WikiConfig;
  keys: ReturnType<typeof sandboxKeys>;
}> {
  const keys = sandboxKeys(config.dataDir);
  await preparePracticePhotos(config.dataDir);
  const options = {
    host: '127.0.0.1' as const,
    dataDir: config.dataDir,
    photosDir: join(config.dataDir, 'practice'),
    clients: [
      {
        id: 'visavis-practice',
        secret: keys.clientSecret,
        name: 'Visavis',
        redirectUri: `${config.publicUrl}/oauth/callback`,
      },
    ],
    clock: systemClock,
  };
  const wiki = await createPocketWiki({ ...options, port: config.pocketWikiPort });
  const endpoints = POCKET_ENDPOINTS(wiki.url);
  return {
    wiki,
    keys,
    config: {
      ...endpoints,
      clientId: 'visavis-practice',
      clientSecret: keys.clientSecret,
      depictsProperty: 'P180',
    },
  };
}
