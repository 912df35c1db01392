import { randomBytes } from 'node:crypto';
import { migrations } from '../../migrations/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { newFernetKey } from '../core/accounts/fernet.ts';
import { describeError } from '../core/platform/errors.ts';
import { pendingSteps } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { survey } from '../detect/limits/survey.ts';
import { modelStatus } from '../detect/models/prepare.ts';
import { terminal } from './terminal.ts';

const HELP = `visavis doctor [--new-key]

Says what is configured, what is missing and what is used instead. Never shows
a secret. Exit code 1 when something would keep the product from running.

  --new-key  prints a fresh key for VISAVIS_TOKEN_KEY and does nothing else`;

type Mark = 'ok' | 'note' | 'BAD';

export async function doctorCommand(args: string[], root: string): Promise<number> {
  if (args.includes('--new-key')) {
    terminal.out(newFernetKey(randomBytes));
    return 0;
  }
  if (args.length > 0) {
    terminal.out(HELP);
    return args.includes('--help') || args.includes('-h') ? 0 : 2;
  }
  let bad = 0;
  const say = (mark: Mark, what: string, text: string) => {
    if (mark === 'BAD') bad++;
    terminal.out(`${mark.padEnd(4)}  ${what.padEnd(14)}  ${text}`);
  };
  let config: Config;
  try {
    config = loadConfig(process.env, root);
  } catch (error) {
    for (const problem of describeError(error).message.split('; ')) say('BAD', 'configuration', problem);
    return 1;
  }
  describeConfig(config, say);
  await checkDatabase(config, say);
  for (const model of await modelStatus(config.dataDir, config.models)) {
    say(
      model.state === 'ready' ? 'ok' : 'note',
      'model',
      `${model.step}: ${model.state === 'ready' ? 'ready' : `${model.state}, fetched at the next start`}`,
    );
  }
  await sayLayers(say);
  terminal.out(bad === 0 ? '\nVisavis can run with this.' : `\n${bad} of these keep Visavis from running.`);
  return bad === 0 ? 0 : 1;
}

function describeConfig(config: Config, say: (mark: Mark, what: string, text: string) => void): void {
  say(
    'ok',
    'mode',
    config.production
      ? 'production'
      : config.wiki
        ? 'a wiki on this machine'
        : 'practice (nothing real is configured)',
  );
  say('ok', 'node', process.version);
  say('ok', 'address', `${config.publicUrl}/, listening on ${config.host}:${config.port}`);
  say('ok', 'data folder', config.dataDir);
  if (config.wiki) {
    say('ok', 'wiki', `files ${config.wiki.commonsApi}, items ${config.wiki.wikidataApi}`);
    say(
      'ok',
      'sign-in',
      `${config.wiki.oauthUrl}, ${config.wiki.clientSecret ? 'confidential' : 'public'} client`,
    );
  } else say('note', 'wiki', 'none configured: the pocket wiki is used');
  say(
    config.discord ? 'ok' : 'note',
    'Discord',
    config.discord ? 'token set' : 'VISAVIS_DISCORD_TOKEN is not set: no Discord bot',
  );
  say(
    config.matrix ? 'ok' : 'note',
    'Matrix',
    config.matrix
      ? `token set, ${config.matrix.homeserver}`
      : 'VISAVIS_MATRIX_TOKEN is not set: no Matrix bot',
  );
  say(
    config.redisUrl ? 'ok' : 'note',
    'Redis',
    config.redisUrl ? 'configured' : 'REDIS_URL is not set: limits and nudges in memory, one machine only',
  );
  say(
    config.tokenKeys ? 'ok' : 'note',
    'token key',
    config.tokenKeys
      ? `${config.tokenKeys.length} set`
      : 'VISAVIS_TOKEN_KEY is not set: practice uses a key in the data folder',
  );
  say(
    config.secret ? 'ok' : 'note',
    'secret',
    config.secret ? 'set' : 'VISAVIS_SECRET is not set: practice uses one in the data folder',
  );
  say(
    config.admins.length > 0 ? 'ok' : 'note',
    'administrators',
    config.admins.length > 0 ? String(config.admins.length) : 'VISAVIS_ADMINS is not set: nobody is one',
  );
  say(
    'ok',
    'edits',
    config.editsPerMinute === null
      ? 'no ceiling'
      : `at most ${config.editsPerMinute} a minute for each account`,
  );
}

async function checkDatabase(
  config: Config,
  say: (mark: Mark, what: string, text: string) => void,
): Promise<void> {
  const where = config.database.kind === 'mariadb' ? 'MariaDB' : `SQLite ${config.database.path}`;
  const store = openStore(config.database, { connections: 1 });
  try {
    const pending = await pendingSteps(store, migrations);
    say(
      pending.length === 0 ? 'ok' : 'note',
      'database',
      pending.length === 0
        ? `${where}, up to date`
        : `${where}, brought up to date at the next start (${pending.length} steps)`,
    );
  } catch (error) {
    say('BAD', 'database', `${where}: ${describeError(error).message}`);
  } finally {
    await store.close().catch(() => {});
  }
}

/** What holds the process that decodes foreign pictures, and what of it this machine does not have. */
async function sayLayers(say: (mark: Mark, what: string, text: string) => void): Promise<void> {
  try {
    for (const { layer, on, text } of (await survey()).states) {
      say(on ? 'ok' : 'note', 'detector layer', `${layer}: ${on ? 'on' : 'OFF'}, ${text}`);
    }
  } catch (error) {
    say('BAD', 'detector', describeError(error).message);
  }
}
