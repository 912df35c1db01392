/** What this machine could do at best, with nothing of the product. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const DIMS = 128;
const FACES = 100_000;
const EXAMPLES = 1_000;

/** Milliseconds for 100,000 faces against 1,000 examples by a plain loop, from a fiftieth of it. */
export function plainDistances(): number {
  const part = FACES / 50;
  const faces = new Float32Array(part * DIMS).map(Math.random);
  const examples = new Float32Array(EXAMPLES * DIMS).map(Math.random);
  const nearest = new Float32Array(part).fill(Number.POSITIVE_INFINITY);
  const began = performance.now();
  for (let face = 0; face < part; face++) {
    for (let example = 0; example < EXAMPLES; example++) {
      let sum = 0;
      for (let i = 0; i < DIMS; i++) {
        const apart = (faces[face * DIMS + i] as number) - (examples[example * DIMS + i] as number);
        sum += apart * apart;
      }
      if (sum < (nearest[face] as number)) nearest[face] = sum;
    }
  }
  return (performance.now() - began) * 50;
}

/** Milliseconds, the median of 200: one request to a server in this process, over loopback. */
export async function roundTrip(): Promise<number> {
  const server = createServer((_request, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const took: number[] = [];
  for (let i = 0; i < 200; i++) {
    const began = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    took.push(performance.now() - began);
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return took.sort((a, b) => a - b)[took.length >> 1] ?? 0;
}
