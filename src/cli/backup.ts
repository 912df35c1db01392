import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../config.ts';
import { describeError } from '../core/platform/errors.ts';
import { backUp } from '../core/store/backup.ts';
import { openStore } from '../core/store/store.ts';
import { terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis backup FILE

Copies the embedded database into a new file while the product runs. To restore
it, stop the product, put the file where DATABASE_URL says (without the files
-wal and -shm of the old one) and start. docs/operating.md tells of MariaDB.`;

export async function backupCommand(args: string[], root: string): Promise<number> {
  const [file] = args;
  if (args.length !== 1 || file === undefined || file.startsWith('-')) {
    if (!asksForHelp(args)) return wrongUsage(terminal, 'backup', 'name one file for the copy');
    terminal.out(HELP);
    return 0;
  }
  const { database } = loadConfig(process.env, root);
  // Opening would make an empty one, and its copy would look like a backup.
  if (database.kind === 'sqlite' && !existsSync(database.path)) {
    terminal.err(
      `visavis backup: ${database.path} is not there; DATABASE_URL or VISAVIS_DATA_DIR says where it is`,
    );
    return 1;
  }
  const store = openStore(database, { connections: 1 });
  try {
    // Against the folder of whoever calls, as with any other program.
    await backUp(store, resolve(file));
    terminal.out(`copied to ${resolve(file)}`);
    return 0;
  } catch (error) {
    terminal.err(`visavis backup: ${describeError(error).message}`);
    return 1;
  } finally {
    await store.close();
  }
}
