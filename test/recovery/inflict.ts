import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Fault, nameOf, ROLES, type ServiceName } from './plan.ts';
import type { Scene } from './scene.ts';
import type { Watch } from './watch.ts';

export interface Inflicted {
  /** How often each kind was done. */
  readonly counts: Map<string, number>;
  /** How long processes took to end that were asked to. */
  readonly stops: { readonly role: string; readonly ms: number }[];
  /** Does it when nothing of the same kind is under way at the same place. Resolves when it has ended. */
  inflict(fault: Fault): Promise<void>;
  /** Everything that was begun has ended. */
  over(): Promise<void>;
}

export function createInflicted(scene: Scene, watch: Watch): Inflicted {
  const counts = new Map<string, number>();
  const stops: { role: string; ms: number }[] = [];
  const lanes = new Map<string, Promise<void>>();

  const during = async (fault: Fault, touched: readonly string[], work: () => Promise<unknown>) => {
    const name = nameOf(fault);
    const ended = watch.began(name, touched);
    try {
      await work();
    } finally {
      ended();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  };

  return {
    counts,
    stops,
    inflict(fault) {
      const place = placeOf(fault);
      const before = lanes.get(place) ?? Promise.resolve();
      const own = before.catch(() => {}).then(() => during(fault, touchedBy(fault), () => carryOut(fault)));
      lanes.set(place, own);
      return own;
    },
    async over() {
      await Promise.all(lanes.values());
    },
  };

  async function carryOut(fault: Fault): Promise<void> {
    switch (fault.kind) {
      case 'kill':
        return void (await scene.role(fault.role).end('SIGKILL'));
      case 'term': {
        const took = await scene.role(fault.role).end('SIGTERM');
        return void stops.push({ role: fault.role, ms: took });
      }
      case 'detector killed':
        return void scene.role(fault.role).killChildren();
      case 'pause': {
        const wake = scene.role(fault.role).freeze();
        await pause(fault.forMs);
        return wake();
      }
      case 'clock': {
        const role = scene.role(fault.role);
        role.step(fault.aheadMs);
        await pause(fault.forMs);
        return role.step(0);
      }
      case 'cut':
        return scene.way(fault.role, fault.way).cut();
      case 'refuse':
      case 'black hole': {
        const way = scene.way(fault.role, fault.way);
        if (fault.kind === 'refuse') way.refuse();
        else way.hole();
        await pause(fault.forMs);
        return way.heal();
      }
      case 'service killed':
        await scene[fault.service].kill();
        await pause(fault.forMs);
        return revived(fault.service);
      case 'service paused':
        scene[fault.service].freeze();
        await pause(fault.forMs);
        return scene[fault.service].wake();
      case 'chat away':
        await scene.homeserver.down();
        await pause(fault.forMs);
        return scene.homeserver.up();
      case 'chat fails':
        return scene.homeserver.fail({ path: /./, how: fault.how, times: fault.times });
      case 'wiki fails': {
        const { mischief: kind, times } = fault;
        return scene.wiki.misbehave({ kind, times, ms: 3_000, seconds: kind === 'maxlag' ? 7.5 : 1 });
      }
      case 'disk full': {
        const folder = scene.smallDisk;
        if (!folder) return;
        const file = join(folder, 'filler');
        fill(file);
        await pause(fault.forMs);
        return rmSync(file);
      }
    }
  }

  /** Its port may have been given to somebody for a moment. */
  async function revived(service: ServiceName): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await scene[service].revive();
      } catch (error) {
        if (tries === 5) throw error;
        await pause(500);
      }
    }
  }
}

/** Nothing else of this kind is done there at the same time. */
function placeOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'term':
    case 'pause':
    case 'detector killed':
      return fault.role;
    case 'clock':
      return `${fault.role} clock`;
    case 'cut':
    case 'refuse':
    case 'black hole':
      return `${fault.role} ${fault.way}`;
    case 'service killed':
    case 'service paused':
      return fault.service;
    default:
      return fault.kind.split(' ')[0] ?? '';
  }
}

function touchedBy(fault: Fault): readonly string[] {
  if ('role' in fault) return [fault.role];
  if (fault.kind.startsWith('chat')) return ['bots'];
  // One request goes wrong, whoever's it is.
  if (fault.kind === 'wiki fails') return [];
  return ROLES;
}

function fill(file: string): void {
  const block = Buffer.alloc(1024 * 1024);
  const handle = openSync(file, 'w');
  try {
    for (let size = block.length; size >= 1; ) {
      try {
        writeSync(handle, block, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(handle);
  }
}
