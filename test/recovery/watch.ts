import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from './role.ts';

/** How long it took a process to be in service again after a fault had ended. */
export interface Return {
  readonly fault: string;
  readonly role: string;
  readonly ms: number;
}

/** Measures for every fault how soon each process that it touched is in service again. */
export interface Watch {
  /** Another fault touches these processes. @returns is told when it has ended */
  began(fault: string, roles: readonly string[]): () => void;
  readonly returns: readonly Return[];
  /** Faults whose end was followed by another fault on a process before that was back: measured together with it. */
  readonly merged: number;
  /** Not in service, although nothing is wrong with it any more: since when, in milliseconds. */
  missing(): { readonly role: string; readonly ms: number; readonly why: string }[];
  /** Resolves when everything is in service. @throws when it is not in time */
  calm(withinMs: number): Promise<void>;
  stop(): Promise<void>;
}

interface State {
  readonly role: Role;
  /** Faults that go on. */
  active: number;
  /** When the last one ended; null: it was seen in service since. */
  since: number | null;
  faults: string[];
  why: string;
}

const LOOK_EVERY_MS = 150;

/**
 * @param inService throws, or says in words, why it is not
 * @param onReturn is told of each process that is in service again, and what it said last before that
 */
export function startWatch(
  roles: readonly Role[],
  inService: (role: Role, since: number) => Promise<string | null>,
  onReturn: (role: Role, ms: number, why: string) => void,
): Watch {
  const states = new Map<string, State>(
    roles.map((role) => [role.name, { role, active: 0, since: null, faults: [], why: '' }]),
  );
  const returns: Return[] = [];
  let merged = 0;
  let over = false;
  const running = Promise.all([...states.values()].map(follow));
  return {
    returns,
    get merged() {
      return merged;
    },
    began(fault, names) {
      const touched = names.map((name) => states.get(name)).filter((state) => state !== undefined);
      for (const state of touched) {
        if (state.since !== null) merged++;
        state.active++;
        state.since = null;
      }
      return () => {
        for (const state of touched) {
          state.active--;
          state.faults.push(fault);
          if (state.active === 0) state.since = performance.now();
        }
      };
    },
    missing: () =>
      [...states.values()].flatMap(({ role, since, why }) =>
        since === null ? [] : [{ role: role.name, ms: Math.round(performance.now() - since), why }],
      ),
    async calm(withinMs) {
      const until = performance.now() + withinMs;
      const waits = () => [...states.values()].filter((state) => state.active > 0 || state.since !== null);
      while (waits().length > 0) {
        if (performance.now() > until)
          throw new Error(
            `not in service: ${waits()
              .map(({ role, active, why }) => `${role.name} (${active} faults; ${why})`)
              .join(', ')}`,
          );
        await pause(LOOK_EVERY_MS);
      }
    },
    async stop() {
      over = true;
      await running;
    },
  };

  async function follow(state: State): Promise<void> {
    while (!over) {
      const { since } = state;
      if (since === null) {
        await pause(LOOK_EVERY_MS);
        continue;
      }
      const why = await inService(state.role, since).catch((error: unknown) => String(error));
      // Another fault came while we looked.
      if (state.since !== since) continue;
      if (why === null) {
        const ms = Math.round(performance.now() - since);
        onReturn(state.role, ms, state.why);
        state.why = '';
        for (const fault of state.faults.splice(0)) returns.push({ fault, role: state.role.name, ms });
        state.since = null;
      } else {
        state.why = why;
        await pause(LOOK_EVERY_MS);
      }
    }
  }
}
