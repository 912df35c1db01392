import { PassThrough } from 'node:stream';
import type { Clock } from '../core/platform/clock.ts';
import type { Nudges, Topic } from '../core/platform/nudges.ts';
import { refusal } from '../core/platform/refusals.ts';
import type { WebContext } from './context.ts';
import { limitKey } from './middleware/rate-limit.ts';

export interface Watch {
  readonly topics: readonly Topic[];
  /** Differs after every change. */
  version(): Promise<string>;
  /** True: the version is not the newest one yet, and is soon asked for again. */
  isBehind?(): boolean;
  /** The version that the page shows already. */
  readonly since: string;
  /** Nudges may be lost, so it is looked this often anyway. */
  readonly everyMs: number;
}

export interface Live {
  /** Answers with server-sent events: `change` with the new version, whenever it is another one. */
  stream(ctx: WebContext, watch: Watch): void;
  closeAll(): void;
}

const MAX_STREAMS = 1000;
/** Of one account, or of one address that nobody is signed in from: a room full of people may share it. */
const MAX_STREAMS_EACH = 100;
/** Several changes in a row become one event. */
const GATHER_MS = 120;
/** Until it is looked again whether the newest version is known. */
const BEHIND_MS = 300;

export function createLive({ clock, nudges }: { clock: Clock; nudges: Nudges }): Live {
  /** How each is closed, and whose it is. */
  const open = new Map<() => void, string>();

  return {
    stream(ctx, watch) {
      const whose = limitKey(ctx);
      const own = [...open.values()].filter((one) => one === whose).length;
      if (open.size >= MAX_STREAMS || own >= MAX_STREAMS_EACH) {
        throw refusal('too-many-watchers', [], {
          details: { retryAfter: 30 },
        });
      }
      const out = new PassThrough();
      const closed = new AbortController();
      let wake = new AbortController();
      const unlisten = watch.topics.map((topic) => nudges.listen(topic, () => wake.abort()));
      const close = () => {
        if (closed.signal.aborted) return;
        closed.abort();
        wake.abort();
        for (const stop of unlisten) stop();
        open.delete(close);
        out.end();
      };
      open.set(close, whose);
      ctx.res.on('close', close);
      ctx.type = 'text/event-stream';
      ctx.set('Cache-Control', 'no-store');
      // Proxies in front (nginx) must not gather the events.
      ctx.set('X-Accel-Buffering', 'no');
      ctx.body = out;
      void pump();

      async function pump(): Promise<void> {
        // The browser says on reconnection what it has seen last.
        let seen = ctx.get('Last-Event-ID') || watch.since;
        out.write('retry: 2000\n\n');
        while (!closed.signal.aborted) {
          wake = new AbortController();
          try {
            const version = await watch.version();
            if (closed.signal.aborted) return;
            if (version === seen) out.write(': still here\n\n');
            else out.write(`id: ${version}\nevent: change\ndata: ${version}\n\n`);
            seen = version;
          } catch (error) {
            ctx.state.log.warn({ err: error }, 'a live page could not be brought up to date');
          }
          await clock.sleep(watch.isBehind?.() ? BEHIND_MS : watch.everyMs, wake.signal);
          await clock.sleep(GATHER_MS, closed.signal);
        }
      }
    },

    closeAll() {
      for (const close of [...open.keys()]) close();
    },
  };
}
