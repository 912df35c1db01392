import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Child, descendants, killed, startChild } from './children.ts';

export type RoleKind = 'web' | 'bots' | 'worker';

/** A process of the product under somebody who starts it again whenever it has ended, as a supervisor does. */
export interface Role {
  readonly name: string;
  readonly kind: RoleKind;
  /** Where it tells how it does. */
  readonly port: number;
  /** Its clock can be set. */
  readonly stepped: boolean;
  start(): void;
  /** Sends a signal; where it ends the process, another one is started at once. @returns how long it took to end */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number>;
  /** @returns how to let this process go on */
  freeze(): () => void;
  /** Kills the processes below it: the detector, in which pictures are decoded. @returns how many there were */
  killChildren(): number;
  step(aheadMs: number): void;
  /** For good. */
  stop(): Promise<void>;
  /** How it ended when nobody had asked for it. */
  readonly crashes: readonly string[];
}

/** Supervisors wait a moment before they start again what ended by itself. */
const AFTER_CRASH_MS = 1_000;
/** And kill what does not end when it is asked to. */
const PATIENCE_MS = 12_000;

export function createRole(given: {
  readonly name: string;
  readonly kind: RoleKind;
  readonly port: number;
  readonly stepped: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): Role {
  const { name, kind, port, stepped } = given;
  const crashes: string[] = [];
  let child: Child | null = null;
  let over = false;
  let aheadMs = 0;
  const run = () => {
    const script = stepped ? join(import.meta.dirname, 'stepped-process.ts') : join(ROOT, 'src/main.ts');
    const started = startChild(script, stepped ? [kind, String(aheadMs)] : [kind], given);
    child = started;
    void started.gone.then(async (how) => {
      // Somebody has started the next one already.
      if (over || child !== started) return;
      crashes.push(`${name} (${started.pid}) ended with ${how}`);
      await pause(AFTER_CRASH_MS);
      if (!over && child === started) run();
    });
  };
  return {
    name,
    kind,
    port,
    stepped,
    crashes,
    start: run,
    async end(signal) {
      const ending = child;
      if (!ending || over) return 0;
      child = null;
      const began = performance.now();
      ending.process.kill(signal);
      const impatience = setTimeout(() => ending.process.kill('SIGKILL'), PATIENCE_MS);
      await ending.gone;
      clearTimeout(impatience);
      if (!over) run();
      return Math.round(performance.now() - began);
    },
    freeze() {
      const frozen = child;
      frozen?.process.kill('SIGSTOP');
      return () => void frozen?.process.kill('SIGCONT');
    },
    killChildren() {
      const ids = child ? descendants(child.pid) : [];
      for (const id of ids) killed(id);
      return ids.length;
    },
    step(ms) {
      aheadMs = ms;
      if (child?.process.connected) child.process.send(ms, () => {});
    },
    async stop() {
      over = true;
      child?.process.kill('SIGKILL');
      await child?.gone;
    },
  };
}

const ROOT = join(import.meta.dirname, '../..');
