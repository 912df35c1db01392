import { type NetConnectOpts, Socket } from 'node:net';
import { afterEach, expect } from 'vitest';

/**
 * A guard: no test may open a connection away from this machine. Importing it (or naming it in `setupFiles`) is
 * enough; the connection is refused, and the test fails even when nobody notices.
 */
const away: string[] = [];

const connect = Socket.prototype.connect;
Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const target = targetOf(args);
  if (target === null || isLoopback(target)) return connect.apply(this, args as never);
  away.push(target);
  // The caller listens for errors only when it has its socket.
  setImmediate(() => this.destroy(new Error(`a test opened a connection to ${target}`)));
  return this;
};

afterEach(() => {
  expect(takeAway(), 'connections away from this machine').toEqual([]);
});

/** Hosts that were asked for since the last time. */
export function takeAway(): string[] {
  return away.splice(0);
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
    /^127\./.test(host) ||
    host === '::1' ||
    host === ''
  );
}
