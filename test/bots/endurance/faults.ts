import type { DiscordStage, MatrixStage } from './stages.ts';

/** Something goes wrong. What was begun ends with `over`, and the bot has noticed it when `noticed`. */
export interface Trouble {
  readonly name: string;
  begin(): void | Promise<void>;
  /** Nothing is lost on the way: what people take back meanwhile is known to have been taken back. */
  readonly lossless: boolean;
  over?(): void | Promise<void>;
  noticed(): boolean;
}

const MESSAGE = '/channels/:channel/messages/:message';

export function discordTroubles({ fake }: DiscordStage): Trouble[] {
  const { gateway } = fake;
  let connections = 0;
  const session = (name: string, begin: () => void, more: Partial<Trouble> = {}): Trouble => ({
    name,
    lossless: true,
    begin() {
      connections = gateway.identified + gateway.resumed;
      begin();
    },
    noticed: () => gateway.identified + gateway.resumed > connections && gateway.connected === 1,
    ...more,
  });
  const rest = (name: string, begin: () => void): Trouble => ({
    name,
    lossless: true,
    begin,
    noticed: () => true,
  });
  return [
    session('closed with 4000', () => gateway.close(4000)),
    rest('429 for a route', () => fake.limit(`PATCH ${MESSAGE}`, 0.1)),
    session('closed with 1001', () => gateway.close(1001)),
    session('op 7', () => gateway.askToReconnect()),
    rest('429 for all', () => fake.limit('*', 0.1, 'global')),
    session('op 9, may resume', () => gateway.invalidate(true)),
    session('op 9, may not resume', () => gateway.invalidate(false), { lossless: false }),
    session(
      'silence',
      () => {
        gateway.silent = true;
      },
      {
        over() {
          gateway.silent = false;
        },
      },
    ),
    session('dropped before HELLO', () => {
      gateway.dropBeforeHello = 2;
      gateway.close(4000);
    }),
    rest('answers are lost', () => fake.fault(`PATCH ${MESSAGE}`, { kind: 'lost answer' }, 2)),
    session('a broken line', () => gateway.close(1006)),
    rest('502', () => fake.fault(`PATCH ${MESSAGE}`, { kind: 'broken' }, 2)),
    session(
      'a session that was forgotten',
      () => {
        gateway.forgetSessions();
        gateway.close(4000);
      },
      { lossless: false },
    ),
  ];
}

export function matrixTroubles({ server }: MatrixStage): Trouble[] {
  const always = () => true;
  const requests = (name: string, ...faults: Parameters<typeof server.fail>[0][]): Trouble => ({
    name,
    lossless: true,
    begin() {
      for (const fault of faults) server.fail(fault);
    },
    noticed: always,
  });
  const down = (name: string, meanwhile: () => void, over: () => void): Trouble => ({
    name,
    lossless: true,
    async begin() {
      meanwhile();
      await server.down();
    },
    async over() {
      await server.up();
      over();
    },
    noticed: always,
  });
  return [
    requests('502', { path: /\/sync$/, how: 502, times: 2 }, { path: /\/send\//, how: 502, times: 2 }),
    down(
      'a restart',
      () => {},
      () => {},
    ),
    {
      name: 'limits',
      lossless: true,
      begin() {
        server.limiter.limit = { perSecond: 0.2, burst: 1 };
      },
      over() {
        server.limiter.limit = null;
      },
      noticed: always,
    },
    down(
      'a restart, and syncs that leave much out',
      () => {
        server.timelineLimit = 3;
      },
      () => {},
    ),
    requests('429', { path: /\/send\//, how: 429, times: 2 }, { path: /\/sync$/, how: 429 }),
    requests(
      'a broken line',
      { path: /\/sync$/, how: 'drop' },
      { method: 'PUT', path: /\/send\//, how: 'drop' },
    ),
    requests(
      'answers are lost',
      { path: /\/sync$/, how: 'lose' },
      { method: 'PUT', path: /\/send\//, how: 'lose' },
    ),
    requests(
      'silence',
      { path: /\/sync$/, how: 'silence' },
      { method: 'PUT', path: /\/send\//, how: 'silence' },
    ),
    requests('502 over a gap', { path: /\/messages$/, how: 502, times: 2 }),
    {
      name: 'a gap that is not given',
      lossless: false,
      begin() {
        server.timelineLimit = 2;
        server.fail({ path: /\/messages$/, how: 403 });
      },
      over() {
        server.timelineLimit = null;
      },
      noticed: always,
    },
  ];
}
