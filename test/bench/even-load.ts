import { setTimeout } from 'node:timers/promises';
import { type LoadResult, type LoadWish, resultOf, type Shots, shoot } from '../support/load.ts';

/**
 * Sends requests at an even rate, whatever the answers take. A client of autocannon sends all requests of a second
 * when the second begins, so there is one client for each, and they begin one after the other.
 */
export async function evenLoad(wish: LoadWish): Promise<LoadResult> {
  const begun = performance.now();
  const clients: Promise<Shots>[] = [];
  for (let i = 0; i < wish.rate; i++) {
    // One request a second.
    clients.push(shoot(wish, { connections: 1, connectionRate: 1, amount: wish.seconds }));
    await setTimeout(Math.max(0, begun + ((i + 1) * 1000) / wish.rate - performance.now()));
  }
  const shots = await Promise.all(clients);
  return resultOf(wish.name, shots, (performance.now() - begun) / 1000);
}
