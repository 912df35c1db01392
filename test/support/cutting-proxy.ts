import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between somebody and a MariaDB, and can break a connection at a statement. */
export interface CuttingProxy {
  /** The database's address by way of the proxy. */
  readonly url: string;
  /**
   * Asked with the text of each statement before it is sent on. True: the connection is broken when the server has
   * carried the statement out, and before whoever sent it hears of that.
   */
  cutAfter: (statement: string) => boolean;
  close(): Promise<void>;
}

const COM_QUERY = 3;

/** @param address mysql://user:password@host:port/database, without TLS */
export async function cuttingProxy(address: string): Promise<CuttingProxy> {
  const target = new URL(address);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const both = [client, upstream];
    let isLast = false;
    const cut = () => {
      for (const socket of both) socket.destroy();
    };
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    client.on('data', (data) => {
      const statement = statementIn(data);
      if (statement !== null) isLast = proxy.cutAfter(statement);
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (isLast) cut();
      else client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(address);
  url.port = String((server.address() as AddressInfo).port);
  const proxy: CuttingProxy = {
    url: url.href,
    cutAfter: () => false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;
}

/**
 * The text of a statement, from a packet of MariaDB's protocol (https://mariadb.com/kb/en/0-packet/): three bytes of
 * length, one that counts and is 0 where a command begins, and the command. Ours are short and come in one piece.
 */
function statementIn(data: Buffer): string | null {
  return data[3] === 0 && data[4] === COM_QUERY ? data.toString('utf8', 5) : null;
}
