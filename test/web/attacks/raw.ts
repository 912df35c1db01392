import { connect } from 'node:net';

export interface RawAnswer {
  /** 0: the connection was cut without an answer. */
  readonly status: number;
  /** Name in small letters → values in their order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Sends bytes as they are, which no client library would, and reads one answer to its end. */
export async function sendRaw(url: string, request: string | Buffer): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  const socket = connect(Number(port), hostname);
  const done = Promise.withResolvers<void>();
  socket.on('data', (chunk) => chunks.push(chunk));
  // A server that refuses a request cuts the rest of it off.
  socket.on('error', () => {});
  socket.on('close', () => done.resolve());
  socket.write(request);
  await done.promise;
  const text = Buffer.concat(chunks).toString('latin1');
  const [head = '', ...body] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [name = '', ...value] = line.split(':');
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), value.join(':').trim()]);
  }
  return { status: Number(first.split(' ')[1] ?? 0), headers, body: body.join('\r\n\r\n') };
}

/** A request that asks the server to close the connection after the answer. */
export function plainRequest(target: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = { Host: '127.0.0.1', Connection: 'close', ...headers };
  const text = Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return `GET ${target} HTTP/1.1\r\n${text}\r\n`;
}
