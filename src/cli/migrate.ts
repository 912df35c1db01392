import { migrations } from '../../migrations/index.ts';
import { loadConfig } from '../config.ts';
import { createMissingDatabase } from '../core/store/create.ts';
import { migrate } from '../core/store/migrate.ts';
import { openStore } from '../core/store/store.ts';
import { terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis migrate

Brings the database that DATABASE_URL names up to date, and makes it first when
the server has none of that name. Safe to run again, and while others wait for
it. A database of a newer version is left as it is.`;

export async function migrateCommand(args: string[], root: string): Promise<number> {
  if (args.length > 0) {
    if (!asksForHelp(args)) return wrongUsage(terminal, 'migrate', `"${args[0]}" is not understood`);
    terminal.out(HELP);
    return 0;
  }
  const config = loadConfig(process.env, root);
  const made = await createMissingDatabase(config.database);
  if (made !== null) terminal.out(`made the database ${made}`);
  const store = openStore(config.database, { connections: 1 });
  try {
    const { ran, newest } = await migrate(store, migrations);
    for (const name of ran) terminal.out(`done: ${name}`);
    terminal.out(`the database is up to date (${newest})`);
    return 0;
  } finally {
    await store.close();
  }
}
