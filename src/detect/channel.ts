/**
 * Messages between the parent and its child over one pipe: four bytes of length, then the message as V8 writes
 * it. Node's own channel between processes is not used because it ends the parent when the child writes
 * nonsense into it (its reader throws where nobody can catch), and because it lets the child ask for handles.
 */
import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import { release } from './memory.ts';

export interface ChannelEvents {
  /** Anything that can be read; the receiver judges whether it means something. */
  readonly message: (message: unknown) => void;
  /** Once: the other side is gone, or wrote what cannot be read. */
  readonly over: (reason: string) => void;
}

const LENGTH_BYTES = 4;

/** A message as the channel carries it, for one that is sent more than once. */
export function pack(message: unknown): Buffer {
  return serialize(message);
}

export class Channel<Out> {
  readonly #stream: Duplex;
  readonly #events: ChannelEvents;
  readonly #longest: number;
  #parts: Buffer[] = [];
  #held = 0;
  #awaited: number | null = null;
  #over = false;

  /** @param longest bytes of one message that are accepted from the other side */
  constructor(stream: Duplex, longest: number, events: ChannelEvents) {
    this.#stream = stream;
    this.#events = events;
    this.#longest = longest;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('end', () => this.#end('the other side closed the channel'));
    stream.on('close', () => this.#end('the channel is closed'));
    stream.on('error', (error) => this.#end(error.message));
  }

  /** What cannot be delivered is lost without an error: `over` tells, and the child's end is seen elsewhere. */
  send(message: Out): void {
    const body = pack(message);
    this.sendPacked(body, () => release(body));
  }

  /** @param sent called when the bytes are with the system and may be changed; never when they cannot be sent */
  sendPacked(body: Buffer, sent: () => void = () => {}): void {
    if (this.#over || !this.#stream.writable) return;
    const head = Buffer.alloc(LENGTH_BYTES);
    head.writeUInt32BE(body.length);
    this.#stream.cork();
    this.#stream.write(head);
    this.#stream.write(body, sent);
    this.#stream.uncork();
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#parts.push(chunk);
    this.#held += chunk.length;
    while (!this.#over) {
      if (this.#awaited === null) {
        if (this.#held < LENGTH_BYTES) return;
        this.#awaited = this.#take(LENGTH_BYTES).readUInt32BE();
        if (this.#awaited > this.#longest) {
          this.#end(`a message of ${this.#awaited} bytes came`);
          return;
        }
      }
      if (this.#held < this.#awaited) return;
      const body = this.#take(this.#awaited);
      this.#awaited = null;
      this.#read(body);
    }
  }

  #read(body: Buffer): void {
    let message: unknown;
    try {
      message = deserialize(body);
    } catch {
      this.#end('a message came that cannot be read');
      return;
    }
    this.#events.message(message);
  }

  #take(count: number): Buffer {
    const [first] = this.#parts;
    const all = this.#parts.length === 1 && first ? first : Buffer.concat(this.#parts, this.#held);
    this.#held -= count;
    this.#parts = this.#held > 0 ? [all.subarray(count)] : [];
    return all.subarray(0, count);
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts = [];
    this.#events.over(reason);
  }
}
