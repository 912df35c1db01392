import type { Mischief } from '../../src/sandbox/misbehave.ts';
import { pick, type Random, seeded, shuffled } from './random.ts';

export const ROLES = ['web one', 'web two', 'bots', 'worker one', 'worker two'] as const;
export type RoleName = (typeof ROLES)[number];
/** Those whose clock can be set. */
export const STEPPED: readonly RoleName[] = ['web two', 'bots', 'worker two'];

export type ServiceName = 'mariadb' | 'redis' | 'wiki';
/** Ways that can be cut. Only the bots talk to the chat. */
export type Way = ServiceName | 'chat';

/** How the wiki fails by itself. What says that an account is no good would have to be put right by a person. */
export const MISCHIEF: readonly Mischief[] = [
  'maxlag',
  'readonly',
  'ratelimited',
  'editconflict',
  'badtoken',
  'database_down',
  'lost_answer',
  'lost_request',
  'http503',
  'http429',
  'html',
  'slow',
];

/** One thing that goes wrong. `forMs`: how long, where it does not pass by itself. */
export type Fault =
  | { readonly kind: 'kill' | 'term' | 'detector killed'; readonly role: RoleName }
  | { readonly kind: 'pause'; readonly role: RoleName; readonly forMs: number }
  | { readonly kind: 'clock'; readonly role: RoleName; readonly aheadMs: number; readonly forMs: number }
  | { readonly kind: 'cut'; readonly role: RoleName; readonly way: Way }
  | {
      readonly kind: 'refuse' | 'black hole';
      readonly role: RoleName;
      readonly way: Way;
      readonly forMs: number;
    }
  | {
      readonly kind: 'service killed' | 'service paused';
      readonly service: ServiceName;
      readonly forMs: number;
    }
  | { readonly kind: 'chat away'; readonly forMs: number }
  | { readonly kind: 'chat fails'; readonly how: 'drop' | 'lose' | 503; readonly times: number }
  | { readonly kind: 'wiki fails'; readonly mischief: Mischief; readonly times: number }
  | { readonly kind: 'disk full'; readonly forMs: number };

export interface Planned {
  /** After the one before began. */
  readonly gapMs: number;
  readonly fault: Fault;
}

const HOUR_MS = 60 * 60_000;

type Make = (random: Random) => Fault;

const anyRole = (random: Random) => pick(random, ROLES);
const ms = (random: Random, from: number, to: number) => Math.round(from + random() * (to - from));
const wayOf = (random: Random, role: RoleName): Way =>
  pick(random, role === 'bots' ? ['mariadb', 'redis', 'wiki', 'chat'] : ['mariadb', 'redis', 'wiki']);

/** One of each kind, in so many shares of a round. */
const KINDS: readonly (readonly [share: number, make: Make])[] = [
  [3, (random) => ({ kind: 'kill', role: anyRole(random) })],
  [3, (random) => ({ kind: 'term', role: anyRole(random) })],
  [2, (random) => ({ kind: 'pause', role: anyRole(random), forMs: ms(random, 500, 8_000) })],
  [
    1,
    (random) => ({
      kind: 'detector killed',
      role: pick(random, ['bots', 'worker one', 'worker two'] as const),
    }),
  ],
  [
    2,
    (random) => ({
      kind: 'clock',
      role: pick(random, STEPPED),
      aheadMs: random() < 0.5 ? HOUR_MS : -HOUR_MS,
      forMs: ms(random, 2_000, 12_000),
    }),
  ],
  [
    3,
    (random) => {
      const role = anyRole(random);
      return { kind: 'cut', role, way: wayOf(random, role) };
    },
  ],
  [
    2,
    (random) => {
      const role = anyRole(random);
      return { kind: 'refuse', role, way: wayOf(random, role), forMs: ms(random, 500, 6_000) };
    },
  ],
  [
    2,
    (random) => {
      const role = anyRole(random);
      return { kind: 'black hole', role, way: wayOf(random, role), forMs: ms(random, 500, 8_000) };
    },
  ],
  [2, (random) => ({ kind: 'service killed', service: pick(random, SERVICES), forMs: ms(random, 0, 4_000) })],
  [
    1,
    (random) => ({ kind: 'service paused', service: pick(random, SERVICES), forMs: ms(random, 500, 6_000) }),
  ],
  [1, (random) => ({ kind: 'chat away', forMs: ms(random, 500, 8_000) })],
  [
    1,
    (random) => ({
      kind: 'chat fails',
      how: pick(random, ['drop', 'lose', 503] as const),
      times: ms(random, 1, 5),
    }),
  ],
  [3, (random) => ({ kind: 'wiki fails', mischief: pick(random, MISCHIEF), times: ms(random, 1, 4) })],
  [1, (random) => ({ kind: 'disk full', forMs: ms(random, 1_000, 8_000) })],
];
const SERVICES: readonly ServiceName[] = ['mariadb', 'redis', 'wiki'];

/**
 * What goes wrong, for ever: in each round every kind comes as often as its share, in an order of its own. The same
 * seed gives the same sequence.
 * @param gapMs the mean time from the beginning of one to that of the next
 */
export function* plan(seed: number, gapMs: number): Generator<Planned, never> {
  const random = seeded(seed);
  for (;;) {
    const round = KINDS.flatMap(([share, make]) => Array.from({ length: share }, () => make));
    for (const make of shuffled(random, round))
      yield { gapMs: Math.round(gapMs * (0.3 + 1.4 * random())), fault: make(random) };
  }
}

/** The same for all that are counted together. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'term':
    case 'pause':
    case 'clock':
    case 'detector killed':
      return `${fault.kind}: ${fault.role.split(' ')[0]}`;
    case 'cut':
    case 'refuse':
    case 'black hole':
      return `${fault.kind}: ${fault.way}`;
    case 'service killed':
    case 'service paused':
      return `${fault.kind}: ${fault.service}`;
    default:
      return fault.kind;
  }
}

/** In one line, as it is printed. */
export function inWords(fault: Fault): string {
  const { kind, ...more } = fault;
  return `${kind} ${Object.values(more).join(' ')}`;
}
