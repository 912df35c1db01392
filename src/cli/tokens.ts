import { randomBytes } from 'node:crypto';
import { migrations } from '../../migrations/index.ts';
import { loadConfig } from '../config.ts';
import { createFernet } from '../core/accounts/fernet.ts';
import { rotateTokens, tokenStatus } from '../core/accounts/rotate.ts';
import { systemClock } from '../core/platform/clock.ts';
import { migrate } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { sandboxKeys } from '../sandbox/keys.ts';
import { createProgress } from './progress.ts';
import { terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis tokens rotate | status

  rotate  encrypts all stored tokens with the first key of VISAVIS_TOKEN_KEY,
          and legacy plain text too. Safe while the product runs; when it is
          broken off, start it again. Afterwards the older keys can go.
  status  says how many accounts' tokens are under which key

Exit code 1 when tokens cannot be read with any of the keys.`;

export async function tokensCommand(args: string[], root: string): Promise<number> {
  const [action] = args;
  if (args.length !== 1 || (action !== 'rotate' && action !== 'status')) {
    if (!asksForHelp(args)) return wrongUsage(terminal, 'tokens', 'say rotate or status');
    terminal.out(HELP);
    return 0;
  }
  const config = loadConfig(process.env, root);
  const keys = config.tokenKeys ?? [sandboxKeys(config.dataDir).tokenKey];
  const fernet = createFernet(keys, systemClock, randomBytes);
  const store = openStore(config.database, { connections: 1 });
  try {
    await migrate(store, migrations);
    const unreadable =
      action === 'rotate' ? await rotate({ store, fernet }) : await status({ store, fernet }, keys.length);
    return unreadable === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}

async function rotate(deps: Parameters<typeof rotateTokens>[0]): Promise<number> {
  const progress = createProgress(terminal);
  const total = (await tokenStatus(deps, 1)).rows;
  const counts = await rotateTokens(deps, ({ rotated, encrypted, current, unreadable }) =>
    progress.step(rotated + encrypted + current + unreadable, total, 'accounts'),
  );
  progress.finish();
  line('under the first key now', counts.rotated);
  line('legacy plain text, encrypted now', counts.encrypted);
  line('under the first key before', counts.current);
  line('unreadable, left as they are', counts.unreadable);
  return counts.unreadable;
}

async function status(deps: Parameters<typeof tokenStatus>[0], keys: number): Promise<number> {
  const { rows, underKey, legacy, unreadable, broken } = await tokenStatus(deps, keys);
  line('accounts with tokens', rows);
  for (const [index, count] of underKey.entries()) line(`under key ${index + 1}`, count);
  line('legacy plain text', legacy);
  line('unreadable', unreadable);
  line('links that are broken', broken);
  return unreadable;
}

function line(what: string, count: number): void {
  terminal.out(`${what.padEnd(34)}${count}`);
}
