import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { migrations } from '../../migrations/index.ts';
import pkg from '../../package.json' with { type: 'json' };
import { type Config, isLoopback, loadConfig, type WikiConfig } from '../config.ts';
import { createFernet } from '../core/accounts/fernet.ts';
import { reportLines } from '../core/import/report.ts';
import { openSource } from '../core/import/source.ts';
import { importWikiVisage } from '../core/import/wikivisage.ts';
import { systemClock } from '../core/platform/clock.ts';
import { describeError, VisavisError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import { migrate } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { createWikiClient } from '../core/wiki/client.ts';
import { createLimiter } from '../core/wiki/limiter.ts';
import { userAgent } from '../core/wiki/user-agent.ts';
import { createWiki } from '../core/wiki/wiki.ts';
import { createProgress } from './progress.ts';
import { terminal } from './terminal.ts';
import { wrongUsage } from './usage.ts';

const HELP = `visavis import wikivisage mysql://USER:PASSWORD@HOST/DATABASE [options]

Takes over a WikiVisage database: users, projects with their members, files,
faces, what people said, what was written. The old database is only read. Can be
repeated: what is here already is left as it is, and what is new there comes.

  --dry-run      says what would be taken over, and changes nothing
  --old-key KEY  the old tool's Fernet key, when its tokens are encrypted
                 (or in the environment as WIKIVISAGE_TOKEN_KEY)
  --no-tokens    leaves access and refresh tokens out; people sign in again.
                 Tokens are of use only when Visavis runs under the old tool's
                 OAuth client

Files, persons and statements are looked up at the wiki that is configured.`;

export async function importCommand(args: string[], root: string): Promise<number> {
  const given = readArguments(args);
  if (given === 'help') {
    terminal.out(HELP);
    return 0;
  }
  if (typeof given === 'string') {
    return wrongUsage(terminal, 'import', given);
  }
  const config = loadConfig(process.env, root);
  if (config.wiki === null || config.secret === null || config.tokenKeys === null) {
    throw new VisavisError(
      'configuration',
      'an import needs the real thing: a configured wiki, VISAVIS_SECRET and VISAVIS_TOKEN_KEY; practice mode has none of them',
    );
  }
  const key = given.oldKey ?? process.env.WIKIVISAGE_TOKEN_KEY ?? null;
  const oldFernet = key === null ? null : openOldKey(key);
  const log = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const wiki = openWiki(config, config.wiki, log);
  const store = openStore(config.database, { connections: 1 });
  const progress = createProgress(terminal);
  try {
    await migrate(store, migrations);
    const source = await openSource(given.url);
    try {
      const fernet = createFernet(config.tokenKeys, systemClock, randomBytes);
      const report = await importWikiVisage(
        { store, clock: systemClock, wiki, log, secret: config.secret, fernet, oldFernet },
        source,
        {
          dryRun: given.dryRun,
          withTokens: given.withTokens,
          onProject: (done, total) => progress.step(done, total, `project ${done} of ${total}`),
        },
      );
      progress.finish();
      for (const line of reportLines(report)) terminal.out(line);
      return 0;
    } finally {
      await source.close();
    }
  } finally {
    progress.finish();
    await store.close();
  }
}

function openWiki(config: Config, { commonsApi, wikidataApi, depictsProperty }: WikiConfig, log: Log) {
  const limiter = createLimiter();
  const client = (apiUrl: string) =>
    createWikiClient({
      apiUrl,
      userAgent: userAgent({ version: pkg.version, publicUrl: config.publicUrl, contact: config.contact }),
      clock: systemClock,
      limiter,
      log,
      allowInsecure: isLoopback(apiUrl),
    });
  return createWiki({ files: client(commonsApi), items: client(wikidataApi), depicts: depictsProperty });
}

interface Given {
  readonly url: string;
  readonly dryRun: boolean;
  readonly withTokens: boolean;
  readonly oldKey: string | null;
}

function readArguments(args: string[]): Given | string {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        'dry-run': { type: 'boolean' },
        'no-tokens': { type: 'boolean' },
        'old-key': { type: 'string' },
      },
    });
    if (values.help) return 'help';
    const [what, url, another] = positionals;
    if (what !== 'wikivisage') return 'import what? Only "wikivisage" is known';
    if (url === undefined || another !== undefined) return 'name one database, mysql://…';
    return {
      url,
      dryRun: values['dry-run'] === true,
      withTokens: values['no-tokens'] !== true,
      oldKey: values['old-key'] ?? null,
    };
  } catch (error) {
    return describeError(error).message;
  }
}

function openOldKey(key: string) {
  try {
    return createFernet([key], systemClock, randomBytes);
  } catch (cause) {
    throw new VisavisError('bad_input', '--old-key is no Fernet key (32 bytes in base64url)', { cause });
  }
}
