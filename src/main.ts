import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvFile } from 'node:process';
import { reportError, terminal } from './cli/terminal.ts';

/**
 * The command line. Each command lives in `cli/` and is loaded when it is used, so that `--help` needs nothing
 * and a broken native library shows only where it is needed.
 */
const HELP = `visavis COMMAND

  start     everything in one process: web site, bots, worker; without any
            configuration with a wiki and a chat to practise with
  web       the web site alone
  bots      the chat bots alone
  worker    one worker: reads categories, finds faces, writes to the wiki
  migrate   brings the database up to date
  backup    copies the embedded database while the product runs
  tokens    the stored tokens: rotate to a new key, status
  import    takes over a WikiVisage database
  models    the models for face detection: list, prepare, check
  detect    finds faces in picture files
  evaluate  how well the models tell people apart, on labelled pictures
  bench     how fast this machine finds and matches faces; what a claim costs in answers
  origins   checks origins for data from elsewhere, as the site would
  doctor    reaches what is configured, says what is missing and what is used instead

visavis COMMAND --help tells more, visavis --version which one this is. Settings come from the environment and from a
file .env; README.md lists them. --trace shows where an error came from.`;

const root = join(import.meta.dirname, '..');

async function main(argv: string[]): Promise<number> {
  const args = argv.filter((arg) => arg !== '--trace');
  const [command, ...rest] = args;
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    terminal.out(HELP);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version' || command === '-V') {
    const { default: pkg } = await import('../package.json', { with: { type: 'json' } });
    terminal.out(`visavis ${pkg.version}`);
    return 0;
  }
  if (existsSync(join(root, '.env'))) loadEnvFile(join(root, '.env'));
  switch (command) {
    case 'start':
      return (await import('./cli/serve.ts')).serveCommand(rest, ['web', 'bots', 'worker'], root);
    case 'web':
    case 'bots':
    case 'worker':
      return (await import('./cli/serve.ts')).serveCommand(rest, [command], root);
    case 'migrate':
      return (await import('./cli/migrate.ts')).migrateCommand(rest, root);
    case 'backup':
      return (await import('./cli/backup.ts')).backupCommand(rest, root);
    case 'doctor':
      return (await import('./cli/doctor.ts')).doctorCommand(rest, root);
    case 'origins':
      return (await import('./cli/origins.ts')).originsCommand(rest, process.stdin, terminal, root);
    case 'tokens':
      return (await import('./cli/tokens.ts')).tokensCommand(rest, root);
    case 'import':
      return (await import('./cli/import.ts')).importCommand(rest, root);
    case 'models': {
      const { loadConfig } = await import('./config.ts');
      const { modelsCommand } = await import('./cli/models.ts');
      const { dataDir, models } = loadConfig(process.env, root);
      return modelsCommand(rest, { ...terminal, dataDir, models });
    }
    case 'detect':
      return (await import('./cli/detect.ts')).detectCommand(rest, await detectContext());
    case 'evaluate':
      return (await import('./cli/evaluate.ts')).evaluateCommand(rest, await detectContext());
    case 'bench':
      return (await import('./cli/bench.ts')).benchCommand(rest, await detectContext());
    default:
      terminal.err(`visavis: there is no command "${command}"; "visavis --help" lists them`);
      return 2;
  }
}

/** What the commands that find faces are given. */
async function detectContext() {
  const { loadConfig } = await import('./config.ts');
  const { dataDir, detectorThreads, models } = loadConfig(process.env, root);
  return { ...terminal, dataDir, models, ...(detectorThreads === null ? {} : { threads: detectorThreads }) };
}

const trace = process.argv.includes('--trace');
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  reportError(error, trace);
  process.exitCode = 1;
}
