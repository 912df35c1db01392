import { createServer } from 'node:net';

let next = 20_000 + ((process.pid * 97) % 11_000);

/**
 * A free port below those that the system gives to outgoing connections: who is killed finds it free when it starts
 * again.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    next = next >= 31_900 ? 20_000 : next + 1;
    const port = next;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
