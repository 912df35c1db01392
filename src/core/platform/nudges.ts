import { EventEmitter } from 'node:events';

/**
 * "Something changed, look now." A nudge carries no data and may be lost: everybody also looks by themselves
 * from time to time.
 */
export type Topic = 'work' | 'posts' | 'runs' | `room:${string}` | `project:${number}`;

export interface Nudges {
  nudge(topic: Topic): void;
  /** Returns how to stop listening. */
  listen(topic: Topic, listener: () => void): () => void;
  close(): Promise<void>;
}

/** For one process. */
export function memoryNudges(): Nudges {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    nudge: (topic) => void emitter.emit(topic),
    listen(topic, listener) {
      emitter.on(topic, listener);
      return () => void emitter.off(topic, listener);
    },
    close: async () => void emitter.removeAllListeners(),
  };
}
