import { createServer } from 'node:net';
import pino from 'pino';
import type { Role } from '../app.ts';
import { type Config, isLoopback, loadConfig, unknownSettings } from '../config.ts';
import type { Clock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import { type PrepareStep, prepareModels } from '../detect/models/prepare.ts';
import { createProgress } from './progress.ts';
import { terminal } from './terminal.ts';
import { asksForHelp, wrongUsage } from './usage.ts';

const HELP = `visavis start | web | bots | worker

Runs the product until it is stopped (Ctrl-C). "start" runs all roles in one
process. The port is PORT (8080); the database DATABASE_URL (a file in the data
folder). "visavis doctor" says what is configured.`;

const STOP_MS = 9_000;

/**
 * Ends the process after a signal has asked for it; resolves with the exit code when it does not begin.
 * @param clock of a test that sets it wrong
 */
export async function serveCommand(
  args: string[],
  roles: readonly Role[],
  root: string,
  clock?: Clock,
): Promise<number> {
  if (asksForHelp(args)) {
    terminal.out(HELP);
    return 0;
  }
  if (args.length > 0) {
    return wrongUsage(
      terminal,
      roles.length > 1 ? 'start' : (roles[0] ?? 'start'),
      `"${args[0]}" is not understood`,
    );
  }
  const begun = leaveOnSignal();
  const config = loadConfig(process.env, root);
  for (const name of unknownSettings(process.env))
    terminal.err(`${name} is no setting and changes nothing; README.md lists them`);
  // Before minutes are spent on models: the mistake that a second start makes.
  if (roles.includes('web')) await assertPortFree(config.port, config.host);
  await showModels(config);
  const { startApp } = await import('../app.ts');
  const app = await startApp({ config, roles, log: createLog(config), root, ...(clock ? { clock } : {}) });
  if (app.pocketWikiUrl) {
    terminal.out(
      [
        '',
        'Practice mode: nothing is configured, so Visavis runs with a small wiki of its own and a chat',
        `room in the browser. Nothing here is real and nothing leaves this machine. Pocket wiki: ${app.pocketWikiUrl}`,
        'To begin, open the address below, go to the practice room and say: !visavis link',
        '',
      ].join('\n'),
    );
  }
  if (
    !config.production &&
    !isLoopback(`http://${config.host.includes(':') ? `[${config.host}]` : config.host}`)
  )
    terminal.err(`listening on ${config.host}: whoever reaches this machine can sign in here as anybody`);
  terminal.out(app.port === null ? `ready (${roles.join(', ')})` : `ready ${config.publicUrl}/`);
  const asked = untilSignal();
  begun();
  await asked;
  // Supervisors kill after ten seconds and more. What goes on by then is safe: its leases run out.
  setTimeout(() => process.exit(0), STOP_MS).unref();
  await app.stop();
  // A download that was let go would keep the process for a minute.
  return process.exit(0);
}

async function assertPortFree(port: number, host: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EADDRINUSE') throw cause;
    throw new VisavisError(
      'port_in_use',
      `port ${port} is taken by another program; choose another one with PORT=…`,
      { cause },
    );
  });
  await new Promise((resolve) => server.close(resolve));
}

async function showModels(config: Config): Promise<void> {
  const progress = createProgress(terminal);
  try {
    const show = ({ done, total, text }: PrepareStep) => progress.step(done, total, text);
    await prepareModels(config.dataDir, show, config.models);
  } finally {
    progress.finish();
  }
}

/** Secrets never reach the log: what is logged are ids and codes, and these names are cut out wherever they are. */
function createLog(config: Config): Log {
  const secret = ['token', 'accessToken', 'refreshToken', 'authorization', 'cookie', 'secret', 'password'];
  return pino(
    {
      level: config.logLevel,
      redact: { paths: secret.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[removed]' },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ends at once while it begins, when nothing is done yet that could be lost. By itself only a process that is not the
 * first one of a container would.
 * @returns ends that
 */
function leaveOnSignal(): () => void {
  const leave = (_: NodeJS.Signals, number: number) => process.exit(128 + number);
  for (const signal of SIGNALS) process.on(signal, leave);
  return () => {
    for (const signal of SIGNALS) process.off(signal, leave);
  };
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
}
