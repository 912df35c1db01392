import type { Clock } from '../platform/clock.ts';
import type { Fullness } from '../platform/prometheus.ts';
import type { Store } from '../store/store.ts';
import { processesSeen } from './processes.ts';
import { queues } from './queues.ts';

/**
 * How full the site is, for Prometheus: what waits and for how long, processes, claims by state, connections of this
 * process. What stands in the database is the same whichever process is asked.
 * @param model as in `queues`
 */
export function siteFullness(deps: { store: Store; clock: Clock; model: string | null }): Fullness[] {
  const { store, clock, model } = deps;
  return [
    {
      name: 'visavis_queue_length',
      help: 'What waits before each step.',
      labels: ['queue'],
      read: async () =>
        (await queues(store, model)).map(({ name, waiting }) => ({
          labels: { queue: name },
          value: waiting,
        })),
    },
    {
      name: 'visavis_queue_oldest_seconds',
      help: 'How long the oldest of what waits has been waiting; 0 when nothing does.',
      labels: ['queue'],
      read: async () =>
        (await queues(store, model)).map(({ name, oldest }) => ({
          labels: { queue: name },
          value: oldest === null ? 0 : Math.max(0, clock.now() - oldest) / 1000,
        })),
    },
    {
      name: 'visavis_processes',
      help: 'Processes by role, and by whether they were seen in the last five minutes.',
      labels: ['role', 'state'],
      read: async () => {
        const seen = await processesSeen(deps);
        const count = (role: string, away: boolean) =>
          seen.filter((one) => one.away === away && one.roles.includes(role)).length;
        return ['web', 'bots', 'worker'].flatMap((role) => [
          { labels: { role, state: 'here' }, value: count(role, false) },
          { labels: { role, state: 'away' }, value: count(role, true) },
        ]);
      },
    },
    {
      name: 'visavis_claims',
      help: 'Statements in the ledger by state.',
      labels: ['state'],
      read: async () => {
        const rows = await store.db
          .selectFrom('sdc_claims')
          .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
          .groupBy('state')
          .execute();
        return rows.map(({ state, n }) => ({ labels: { state }, value: Number(n) }));
      },
    },
    {
      name: 'visavis_files',
      help: 'Files by state of their detection.',
      labels: ['state'],
      read: async () => {
        const rows = await store.db
          .selectFrom('files')
          .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
          .groupBy('state')
          .execute();
        return rows.map(({ state, n }) => ({ labels: { state }, value: Number(n) }));
      },
    },
    {
      name: 'visavis_database_connections',
      help: 'Connections of this process to the database: in use, waited for, and allowed.',
      labels: ['state'],
      read: async () => {
        const use = store.connections();
        return Object.entries(use).map(([state, value]) => ({ labels: { state }, value }));
      },
    },
  ];
}
