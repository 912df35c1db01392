/** The site of `load.ts`: listens on a port of its own and tells its parent the address. */
import { openStore } from '../../src/core/store/store.ts';
import { startSite } from '../web/support/site.ts';

const store = openStore({ kind: 'mariadb', url: process.argv[2] ?? '' });
const { url } = await startSite(store);
process.send?.(url);
