/** What keeps the process small: what nobody needs is given back at once, and large work waits its turn. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives the memory of pixels or of a model back now; the array is empty afterwards. V8 counts such memory, which
 * lies outside of its heap, but collects so seldom that sixty megabytes of old pictures stood there in each thread.
 * An array that shares its memory with others is left alone.
 */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

let last: Promise<void> = Promise.resolve();

/**
 * For what may take hundreds of megabytes: one after the other in each thread, because the limit of the process
 * allows for one of them in a thread.
 */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  const over = () => {};
  last = turn.then(over, over);
  return turn;
}

/** For measuring: what stays after it is really in use. Costs much time. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // The memory of arrays is given back in the collection after the one that found them unused.
  collect();
  collect();
}
