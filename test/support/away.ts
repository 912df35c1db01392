/**
 * Refuses every connection away from this machine, and notes it down. `loopback-only.ts` has every test do that; child
 * processes of ours import it alone (`guardChildren`) and write into the file of `TEST_AWAY_FILE`.
 *
 * Not seen: programs that are not Node (MariaDB, Redis and Chromium are started so that they stay on loopback), UDP and
 * lookups of names, and the detector's process, whose environment is empty; the network layer holds that one.
 */
import { appendFileSync } from 'node:fs';
import { type NetConnectOpts, Socket } from 'node:net';
import { basename } from 'node:path';

const away: string[] = [];
const file = process.env.TEST_AWAY_FILE;

const connect = Socket.prototype.connect;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const target = targetOf(args);
  if (target === null || isLoopback(target) || fetchesPackages()) return connect.apply(this, args as never);
  away.push(target);
  if (file) appendFileSync(file, `${target}\n`);
  // The caller listens for errors only when it has its socket.
  setImmediate(() => this.destroy(new Error(`a test opened a connection to ${target}`)));
  return this;
};

/** Hosts that were asked for since the last time. */
export function takeAway(): string[] {
  return away.splice(0);
}

/**
 * The one exception: npm, which brings the packages with the models and the practice photos (`src/detect/models/
 * fetch.ts`) from wherever its settings say that the registry is. They are checked by checksum.
 */
function fetchesPackages(): boolean {
  return /^npm(-cli)?(\.js)?$/.test(basename(process.argv[1] ?? ''));
}

/** The host of a connection, or null for a socket in the file system. */
function targetOf(args: unknown[]): string | null {
  // Node's own callers hand the options over in an array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first === 'object' && first !== null) {
    const options = first as NetConnectOpts & { path?: string; host?: string };
    return options.path ? null : (options.host ?? 'localhost');
  }
  if (typeof first === 'string' && Number.isNaN(Number(first))) return null;
  return typeof second === 'string' ? second : 'localhost';
}

function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    /^(::ffff:)?127(\.\d+){3}$/.test(host) ||
    host === '::1' ||
    host === ''
  );
}
