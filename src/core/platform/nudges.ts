import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { RedisConnection } from './redis.ts';

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

/** What other processes may nudge: nothing else of what comes over Redis is passed on. */
const TOPIC = /^(work|posts|runs|room:[^\s]{1,200}|project:[1-9]\d{0,14})$/;

/**
 * For many processes over one Redis: a nudge wakes the own process at once, and the others by publish and subscribe
 * on a channel that only the secret prefix names. While Redis is away the own process is woken alone; when it is back
 * everybody looks once, because nobody knows what was missed.
 */
export function redisNudges(connection: RedisConnection): Nudges {
  const own = memoryNudges();
  const channel = `${connection.prefix}:nudges`;
  const self = randomUUID();
  const listener = connection.listener();
  listener.on('message', (_channel: string, text: string) => {
    const [sender, topic = ''] = split(text);
    if (sender !== self && TOPIC.test(topic)) own.nudge(topic as Topic);
  });
  const subscribe = () => {
    listener
      .subscribe(channel)
      .then(() => {
        for (const topic of ['work', 'posts', 'runs'] as const) own.nudge(topic);
      })
      .catch(() => {
        // Alive but silent: a new connection tries again. One that was closed stays closed.
        if (listener.status === 'ready') listener.disconnect(true);
      });
  };
  listener.on('ready', subscribe);
  return {
    nudge(topic) {
      own.nudge(topic);
      if (connection.ready) connection.redis.publish(channel, `${self} ${topic}`).catch(connection.failed);
    },
    listen: own.listen,
    close: () => own.close(),
  };
}

function split(text: string): [string, string] {
  const at = text.indexOf(' ');
  return [text.slice(0, at), text.slice(at + 1)];
}
