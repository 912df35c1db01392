import { randomBytes } from 'node:crypto';
import pkg from '../../package.json' with { type: 'json' };
import { type Config, loadConfig, unknownSettings } from '../config.ts';
import { createFernet, newFernetKey } from '../core/accounts/fernet.ts';
import { readTokens } from '../core/accounts/token-rows.ts';
import { systemClock } from '../core/platform/clock.ts';
import { describeError } from '../core/platform/errors.ts';
import { openStore } from '../core/store/store.ts';
import { userAgent } from '../core/wiki/user-agent.ts';
import { checkDiscord, checkMatrix } from './doctor/chats.ts';
import { checkDatabase, isThere } from './doctor/database.ts';
import { checkDataFolder, checkLayers, checkModels, checkPublicAddress } from './doctor/here.ts';
import { checkRedis } from './doctor/redis.ts';
import { checked, type Finding, note, ok } from './doctor/report.ts';
import { checkWiki } from './doctor/wiki.ts';
import { terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis doctor [--new-key]

Says what is configured, what is missing and what is used instead, and reaches
everything that is configured: database, Redis, wikis, OAuth consumer, picture
hosts, chats. One line each: ok, note, or BAD with what to do. Never shows a
secret. Changes nothing that stays. Exit code 1 when something is BAD.

  --new-key  prints a fresh key for VISAVIS_TOKEN_KEY and does nothing else`;

export async function doctorCommand(args: string[], root: string): Promise<number> {
  if (args.includes('--new-key')) {
    terminal.out(newFernetKey(randomBytes));
    return 0;
  }
  if (args.length > 0) {
    if (!asksForHelp(args)) return wrongUsage(terminal, 'doctor', `"${args[0]}" is not understood`);
    terminal.out(HELP);
    return 0;
  }
  const findings = await examine(root);
  for (const { mark, what, text } of findings) terminal.out(`${mark.padEnd(4)}  ${what.padEnd(14)}  ${text}`);
  const bad = findings.filter(({ mark }) => mark === 'BAD').length;
  terminal.out(bad === 0 ? '\nVisavis can run with this.' : `\nTo be mended: ${bad}.`);
  return bad === 0 ? 0 : 1;
}

async function examine(root: string): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(process.env, root);
  } catch (error) {
    const problems = describeError(error).message.split('; ');
    return problems.map((text) => ({ mark: 'BAD', what: 'configuration', text }));
  }
  const { discord, matrix, redisUrl, wiki, secret } = config;
  const agent = userAgent({ version: pkg.version, publicUrl: config.publicUrl, contact: config.contact });
  // Each has its own wait; all at once, nobody waits for the sum.
  const reached = await Promise.all([
    checked('data folder', () => checkDataFolder(config)),
    checked('database', () => checkDatabase(config)),
    ...(redisUrl ? [checked('Redis', () => checkRedis(redisUrl, secret ?? 'practice'))] : []),
    ...(wiki
      ? [
          checked('wiki', async () =>
            checkWiki({
              wiki,
              userAgent: agent,
              callback: `${config.publicUrl}/oauth/callback`,
              token: await someToken(config),
            }),
          ),
        ]
      : []),
    ...(config.production ? [checked('public address', () => checkPublicAddress(config.publicUrl))] : []),
    ...(discord ? [checked('Discord', () => checkDiscord(discord))] : []),
    ...(matrix ? [checked('Matrix', () => checkMatrix(matrix))] : []),
    checked('model', () => checkModels(config)),
    // It starts programs of this machine, one after the other; a busy one is no reason to say that it is off.
    checked('detector', checkLayers, LAYERS_MS),
  ]);
  return [...describeConfig(config), ...reached.flat()];
}

const LAYERS_MS = 180_000;

/** What the settings alone say. */
function describeConfig(config: Config): Finding[] {
  const set = (given: unknown, what: string, there: string, absent: string) =>
    given ? ok(what, there) : note(what, absent);
  const { wiki, tokenKeys, admins } = config;
  return [
    ok(
      'mode',
      config.production
        ? 'production'
        : wiki
          ? 'a wiki on this machine'
          : 'practice (nothing real is configured)',
    ),
    ok('node', process.version),
    ok('address', `${config.publicUrl}/, listening on ${config.host}:${config.port}`),
    ...unknownSettings(process.env).map((name) =>
      note('configuration', `${name} is no setting; README.md lists them`),
    ),
    ...(wiki ? [] : [note('wiki', 'none configured: the pocket wiki is used')]),
    ...(config.discord ? [] : [note('Discord', 'VISAVIS_DISCORD_TOKEN is not set: no Discord bot')]),
    ...(config.matrix ? [] : [note('Matrix', 'VISAVIS_MATRIX_TOKEN is not set: no Matrix bot')]),
    ...(config.redisUrl
      ? []
      : [
          note(
            'Redis',
            'REDIS_URL is not set: each process counts limits by itself and looks for work by itself',
          ),
        ]),
    set(
      tokenKeys,
      'token key',
      `${tokenKeys?.length} set`,
      'VISAVIS_TOKEN_KEY is not set: practice uses a key in the data folder',
    ),
    set(config.secret, 'secret', 'set', 'VISAVIS_SECRET is not set: practice uses one in the data folder'),
    set(
      admins.length > 0,
      'administrators',
      String(admins.length),
      'VISAVIS_ADMINS is not set: nobody is one',
    ),
    set(
      config.metricsToken,
      'metrics',
      '/metrics answers to the token',
      'VISAVIS_METRICS_TOKEN is not set: nothing can be watched with Prometheus',
    ),
    set(
      config.originsToken,
      'data sources',
      'a wiki with the token can read the lists',
      'VISAVIS_ORIGINS_TOKEN is not set: no wiki can read the lists',
    ),
    ok(
      'edits',
      config.editsPerMinute === null
        ? 'no ceiling'
        : `at most ${config.editsPerMinute} a minute for each account`,
    ),
  ];
}

/** Long enough for one question. */
const STILL_GOOD_MS = 60_000;

/** A token of the one who signed in last, to see what the consumer may do; never refreshed for that. */
async function someToken({ database, tokenKeys }: Config): Promise<string | null> {
  if (tokenKeys === null || !isThere(database)) return null;
  const fernet = createFernet(tokenKeys, systemClock, randomBytes);
  const store = openStore(database, { connections: 1 });
  try {
    const row = await store.db
      .selectFrom('account_tokens')
      .select('account_id')
      .where('broken_at', 'is', null)
      .where('token_expires_at', '>', systemClock.now() + STILL_GOOD_MS)
      .orderBy('token_expires_at', 'desc')
      .executeTakeFirst();
    return row ? (await readTokens({ store, fernet }, row.account_id)).accessToken : null;
  } catch {
    // What is wrong with the database, its tables or its keys is said by others.
    return null;
  } finally {
    await store.close().catch(() => {});
  }
}
