import { randomBytes, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import pkg from '../package.json' with { type: 'json' };
import { openDatabase } from './app/database.ts';
import { healthOf } from './app/health.ts';
import { practiceWiki } from './app/practice.ts';
import { createWikiSide, itemPage } from './app/wiki-side.ts';
import type { Chat } from './bots/chat.ts';
import { commandHelp } from './bots/commands.ts';
import { createDesk } from './bots/desk.ts';
import { createDiscordChat } from './bots/discord/discord.ts';
import { inviteLink } from './bots/discord/invite.ts';
import { createInviters } from './bots/matrix/inviters.ts';
import { createMatrixChat } from './bots/matrix/matrix.ts';
import { measuredChat } from './bots/measured.ts';
import { tellMoved } from './bots/moves.ts';
import { createRoomChat } from './bots/room/room.ts';
import type { Config } from './config.ts';
import { holdAdmins, isAdmin } from './core/accounts/admins.ts';
import { holdRules } from './core/accounts/eligibility.ts';
import { createFernet } from './core/accounts/fernet.ts';
import { accountOfIdentity } from './core/accounts/linking.ts';
import { standingStep } from './core/accounts/standing.ts';
import { followRenames, writingAccount } from './core/accounts/writing-account.ts';
import { siteFullness } from './core/administration/fullness.ts';
import { missingRoles } from './core/administration/processes.ts';
import { bootstrapStep } from './core/catalog/bootstrap.ts';
import { crawlStep } from './core/catalog/crawl.ts';
import { writeStep } from './core/depicts/writer.ts';
import { createCrops } from './core/faces/crops.ts';
import { detectStep } from './core/faces/detection.ts';
import { embedStep, facesToEmbed } from './core/faces/embedding.ts';
import { createFaceCache } from './core/faces/face-cache.ts';
import { matchStep } from './core/faces/matching.ts';
import { portraitStep } from './core/faces/portraits.ts';
import { type Clock, systemClock } from './core/platform/clock.ts';
import { createHeartbeat } from './core/platform/heartbeat.ts';
import { databaseLocks, locksWithFallback, redisLocks } from './core/platform/locks.ts';
import type { Log } from './core/platform/log.ts';
import { createMessages } from './core/platform/messages.ts';
import { noMetrics } from './core/platform/metrics.ts';
import { memoryNudges, redisNudges } from './core/platform/nudges.ts';
import { createPrometheus } from './core/platform/prometheus.ts';
import { createReadOnly } from './core/platform/read-only.ts';
import { connectRedis } from './core/platform/redis.ts';
import { createRests } from './core/platform/rests.ts';
import { createTurns } from './core/platform/turns.ts';
import { createWorker, type Worker } from './core/platform/worker.ts';
import { purgeStep } from './core/privacy/purge.ts';
import { retentionStep } from './core/privacy/retention.ts';
import { creditPortraitsStep } from './core/projects/portraits.ts';
import { careStep } from './core/review/care.ts';
import { createWaitingFiles } from './core/store/waiting-files.ts';
import { userAgent } from './core/wiki/user-agent.ts';
import { createDetector } from './detect/detector.ts';
import { createMeasures } from './detect/products.ts';
import { sandboxKeys } from './sandbox/keys.ts';
import { ensurePracticeProject } from './sandbox/practice-project.ts';
import { serveHealth } from './web/health-server.ts';
import { memoryLimits, redisLimits } from './web/rate-limits.ts';
import { createWeb } from './web/server.ts';

export type Role = 'web' | 'bots' | 'worker';

export interface App {
  /** Where the web site answers; null without the role. */
  readonly port: number | null;
  /** For the people at the web site, in practice mode. */
  readonly pocketWikiUrl: string | null;
  stop(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly roles: readonly Role[];
  readonly log: Log;
  /** Folder of the product: `i18n/` is there. */
  readonly root: string;
  /** The machine's, unless a test has one of its own. */
  readonly clock?: Clock;
}

/** One person's long run must not keep the others' waiting; the wiki's own limit holds for all of them together. */
const RUNS_AT_ONCE = 4;

/** What looks at all that there is may take a fifth of the time, or a fiftieth where hardly anything comes of it. */
const MATCH_RESTS = 4;
const LOOK_RESTS = 49;

/**
 * Builds what the roles need and starts it: this file and those in `app/` alone know every room. What was started before
 * something failed is stopped again.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { config, roles, log, root, clock = systemClock } = options;
  /** What works: all of it is told to end at the same time. */
  const services: (() => Promise<void>)[] = [];
  /** What it works with, ended afterwards, the last first. */
  const stops: (() => Promise<void>)[] = [];
  const ended = (end: () => Promise<void>) =>
    end().catch((error: unknown) => log.error({ err: error }, 'something did not stop cleanly'));
  const stop = async () => {
    await Promise.all(services.splice(0).map(ended));
    for (const end of stops.splice(0).reverse()) await ended(end);
  };
  try {
    return await start();
  } catch (error) {
    await stop();
    throw error;
  }

  async function start(): Promise<App> {
    const since = clock.now();
    const workerId = `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`;
    const has = (role: Role) => roles.includes(role);
    const prometheus = config.metricsToken === null ? null : createPrometheus();
    const metrics = prometheus?.metrics ?? noMetrics;
    const store = await openDatabase(config, log, prometheus ? metrics : null);
    stops.push(() => store.close());
    const own = { workerId, roles: roles.join(' '), host: hostname(), version: pkg.version };
    const heartbeat = createHeartbeat({ store, clock, log, ...own });
    stops.push(() => heartbeat.stop());

    const pocket = config.wiki === null ? await practiceWiki(config, has('web'), log) : null;
    if (pocket) stops.push(() => pocket.close());
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
    const { wiki, oauth, pictures } = createWikiSide(config, wikiConfig, { agent, log, metrics, clock });
    const detector = createDetector({
      dataDir: config.dataDir,
      models: config.models,
      clock,
      ...(config.detectorThreads === null ? {} : { threads: config.detectorThreads }),
    });
    stops.push(() => detector.close());
    const messages = createMessages(join(root, 'i18n'));
    const base = { store, clock, nudges, log, workerId, metrics, readOnly };
    for (const one of prometheus ? siteFullness({ store, clock, model: detector.model }) : [])
      prometheus?.watch(one);
    const numbers =
      prometheus && config.metricsToken ? { prometheus: { ...prometheus, token: config.metricsToken } } : {};
    const wanted = { chats: config.discord !== null || config.matrix !== null, since };
    const health = async (database: boolean) => {
      const missing = database ? await missingRoles({ store, clock }, wanted) : [];
      return healthOf({ redis, limits, chats, detector, clock, missing });
    };

    if (pocket?.own) await ensurePracticeProject({ ...base, wiki, secret });

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
        originsToken: config.originsToken,
        rules,
        editsPerMinute: config.editsPerMinute,
        locks,
        limits,
        model: detector.model,
        ...numbers,
        health,
        sandbox: pocket ? { wikiUrl: pocket.url } : null,
        commands: commandHelp(),
        chats: {
          discord: config.discord?.applicationId ? inviteLink(config.discord.applicationId) : null,
          matrix: config.matrix !== null,
        },
        contact: config.contact,
      });
      const listening = await web.listen(config.port, config.host);
      services.push(() => listening.close());
      port = listening.port;
    }
    if (!has('web') && config.healthPort !== null) {
      const served = await serveHealth({ store, log, health, ...numbers }, config.healthPort);
      services.push(() => served.close());
    }
    if (has('worker')) {
      const worker = createAppWorker();
      const stale = await facesToEmbed(store, detector.model);
      if (stale > 0)
        log.warn({ faces: stale, model: detector.model }, 'faces are embedded again in the background');
      worker.start();
      services.push(() => worker.stop());
    }
    if (has('bots')) {
      const deskDeps = {
        ...base,
        pictures,
        detector,
        translate: (language: string) => messages.translator(language),
        languages: messages.languages,
        itemUrl: itemPage(wikiConfig),
        publicUrl: config.publicUrl,
      };
      for (const chat of chats) {
        const desk = createDesk(deskDeps, chat);
        await desk.start();
        services.push(() => desk.stop());
      }
    }
    heartbeat.start();
    return { port, pocketWikiUrl: has('web') ? (pocket?.url ?? null) : null, stop };

    function createAppWorker(): Worker {
      const accounts = { ...base, fernet, oauth, locks, wiki, rules };
      const account = (who: { id: number; username: string }) => writingAccount(accounts, who);
      const writer = {
        ...base,
        wiki: followRenames(wiki),
        wikiAccount: account,
        editsPerMinute: config.editsPerMinute,
      };
      const looking = { turns: createTurns(), waiting: createWaitingFiles() };
      const detection = { ...base, pictures, detector, wiki, ...looking };
      const measures = createMeasures();
      stops.push(() => measures.close());
      const cache = createFaceCache(clock);
      const matchPace = { turns: createTurns(), rests: createRests(MATCH_RESTS) };
      const matching = { ...base, model: detector.model, measures, cache, ...matchPace };
      return createWorker(base, [
        // People wait for what they asked to be written; everything else is background.
        { name: 'write', counts: true, lanes: RUNS_AT_ONCE, run: (signal) => writeStep(writer, signal) },
        { name: 'standing', run: () => standingStep(accounts) },
        { name: 'match', run: () => matchStep(matching) },
        {
          name: 'crawl',
          run: (signal) => crawlStep({ ...base, wiki, crawlEveryMs: config.crawlEveryMs }, signal),
        },
        { name: 'bootstrap', rests: LOOK_RESTS, run: () => bootstrapStep({ ...base, wiki }) },
        { name: 'detect', counts: true, run: (signal) => detectStep(detection, signal) },
        { name: 'embed', rests: LOOK_RESTS, run: (signal) => embedStep(detection, signal) },
        { name: 'portraits', rests: LOOK_RESTS, run: (signal) => portraitStep(detection, signal) },
        { name: 'credits', run: () => creditPortraitsStep({ store, wiki }) },
        { name: 'care', run: () => careStep(base) },
        { name: 'purge', rests: LOOK_RESTS, run: () => purgeStep(base) },
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
