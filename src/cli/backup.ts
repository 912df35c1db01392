import { resolve } from 'node:path';
import { loadConfig } from '../config.ts';
import { describeError } from '../core/platform/errors.ts';
import { backUp } from '../core/store/backup.ts';
import { openStore } from '../core/store/store.ts';
import { terminal } from './terminal.ts';

const HELP = `visavis backup FILE.sqlite

Copies the embedded database into a new file while the product runs. To restore
it, stop the product, put the file where DATABASE_URL says (without the files
-wal and -shm of the old one) and start. docs/operating.md tells of MariaDB.`;

export async function backupCommand(args: string[], root: string): Promise<number> {
  const [file] = args;
  if (args.length !== 1 || file === undefined || file.startsWith('-')) {
    terminal.out(HELP);
    return args.includes('--help') || args.includes('-h') ? 0 : 2;
  }
  const store = openStore(loadConfig(process.env, root).database, { connections: 1 });
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
