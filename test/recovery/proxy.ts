import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a service that can be cut. What it leads to may be away; then it takes no connection. */
export interface ServiceWay {
  readonly port: number;
  /** Breaks every connection; new ones are taken. */
  cut(): void;
  /** Breaks every connection and takes no new one until `heal`. */
  refuse(): void;
  /** Takes everything and passes nothing on, as a network that has fallen apart, until `heal`. */
  hole(): void;
  heal(): void;
  close(): Promise<void>;
}

/** @param targets ports on this machine: each connection goes to the next one that takes it */
export async function startProxy(targets: readonly number[]): Promise<ServiceWay> {
  const lines = new Set<Line>();
  let mode: 'open' | 'refused' | 'hole' = 'open';
  let turn = 0;
  const server = createServer({ allowHalfOpen: false }, (client) => {
    client.on('error', () => {});
    if (mode === 'refused') {
      client.resetAndDestroy();
      return;
    }
    const line = new Line(client, mode === 'hole');
    lines.add(line);
    line.onEnd = () => lines.delete(line);
    if (mode === 'open') line.reach(targets, turn++);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const line of [...lines]) line.break();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    refuse() {
      mode = 'refused';
      cut();
    },
    hole() {
      mode = 'hole';
      for (const line of lines) line.hold();
    },
    heal() {
      mode = 'open';
      for (const line of [...lines]) line.letGo(targets, turn++);
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One connection and its continuation. While it is held neither side hears anything of the other, its end included. */
class Line {
  readonly #client: Socket;
  #server: Socket | null = null;
  #held: boolean;
  /** What is done as soon as the line is not held any more. */
  #later: (() => void)[] = [];
  onEnd: () => void = () => {};

  constructor(client: Socket, held: boolean) {
    this.#client = client;
    this.#held = held;
    client.on('close', () => this.#whenHeard(() => this.break()));
  }

  reach(targets: readonly number[], turn: number, tries = 1): void {
    const server = connect({ port: targets[turn % targets.length] ?? 0, host: '127.0.0.1' });
    server.once('error', () => {
      if (server === this.#server) return;
      if (tries < targets.length && !this.#client.destroyed) this.reach(targets, turn + 1, tries + 1);
      else this.break();
    });
    server.once('connect', () => {
      this.#server = server;
      if (this.#client.destroyed) {
        this.break();
        return;
      }
      this.#pass(this.#client, server);
      this.#pass(server, this.#client);
      server.on('close', () => this.#whenHeard(() => this.break()));
    });
  }

  hold(): void {
    this.#held = true;
    this.#client.pause();
    this.#server?.pause();
  }

  letGo(targets: readonly number[], turn: number): void {
    if (!this.#held) return;
    this.#held = false;
    for (const done of this.#later.splice(0)) done();
    if (this.#client.destroyed) return;
    if (!this.#server) this.reach(targets, turn);
    this.#client.resume();
    this.#server?.resume();
  }

  break(): void {
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
    this.onEnd();
  }

  #pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) =>
      this.#whenHeard(() => {
        if (!to.destroyed && !to.write(bytes)) from.pause();
      }),
    );
    to.on('drain', () => {
      if (!this.#held) from.resume();
    });
  }

  #whenHeard(work: () => void): void {
    if (this.#held) this.#later.push(work);
    else work();
  }
}
