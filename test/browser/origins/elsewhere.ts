import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { selfSigned } from '../../support/self-signed.ts';

/** Servers of other sites: they let everybody read, and remember who was asked for what. */
export interface Elsewhere {
  readonly port: number;
  /** `HOST/PATH`, each one once. */
  readonly asked: Set<string>;
  close(): Promise<void>;
}

const BODIES: Readonly<Record<string, readonly [type: string, body: string]>> = {
  image: ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'],
  media: ['audio/wav', 'RIFF'],
  font: ['font/woff2', 'wOF2'],
  // What is evaluated as text must not be a module.
  script: ['text/javascript', "globalThis.ran.push('script')"],
  import: ['text/javascript', "globalThis.ran.push('import')"],
  eval: ['text/plain', "globalThis.ran.push('eval')"],
  blob: ['text/plain', "globalThis.ran.push('blob')"],
  worker: ['text/plain', "postMessage('ran')"],
  stylesheet: ['text/css', 'body { color: red }'],
  iframe: ['text/html', '<!doctype html><title>x</title>'],
  object: ['text/html', '<!doctype html><title>x</title>'],
  form: ['text/html', '<!doctype html><title>x</title>'],
};

export async function startElsewhere(hosts: readonly string[]): Promise<Elsewhere> {
  const asked = new Set<string>();
  const sockets = new Set<Duplex>();
  const note = ({ headers, url }: IncomingMessage) => asked.add(`${headers.host}${url}`);
  const server = createServer(selfSigned(hosts), (request: IncomingMessage, response: ServerResponse) => {
    note(request);
    const [type, body] = BODIES[request.url?.slice(1) ?? ''] ?? ['application/json', '{}'];
    response.writeHead(200, {
      'content-type': type,
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': 'no-store',
    });
    response.end(body);
  });
  server.on('upgrade', (request, socket) => {
    note(request);
    // RFC 6455, 4.2.2.
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    async close() {
      // The server no longer knows those that became WebSockets.
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
