import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { siteFullness } from '../../../src/core/administration/fullness.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { measuredFetch } from '../../../src/core/platform/measured-fetch.ts';
import { createPrometheus } from '../../../src/core/platform/prometheus.ts';
import { connectRedis } from '../../../src/core/platform/redis.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { freePort } from '../../support/free-port.ts';
import { addProject } from '../../support/people.ts';
import { addFile } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';

/** The lines of one metric, without its buckets and its times. */
async function lines(prometheus: { text(): Promise<string> }, name: string): Promise<string[]> {
  const text = await prometheus.text();
  return text.split('\n').filter((line) => line.startsWith(name) && !/_(bucket|sum)[{ ]/.test(line));
}

describe('the numbers', () => {
  it('count requests, pieces of work and errors, each below few labels', async () => {
    const prometheus = createPrometheus();
    const { metrics } = prometheus;
    metrics.request('GET', '/projects/:id', 200, 0.01);
    metrics.request('GET', '/projects/:id', 200, 0.02);
    metrics.request('BREW', 'none', 404, 0.02);
    metrics.step('vote', 0.01, null);
    metrics.step('vote', 0.01, 'forbidden');
    metrics.step('no such step', 0.01, 'The words of some error');
    metrics.service('wiki', 0.5, 'maxlag');
    metrics.service('redis', 0.5, 'words of "somebody"');
    expect(await lines(prometheus, 'visavis_http')).toEqual([
      'visavis_http_request_seconds_count{method="GET",route="/projects/:id",status="200"} 2',
      'visavis_http_request_seconds_count{method="other",route="none",status="404"} 1',
    ]);
    expect(await lines(prometheus, 'visavis_step')).toEqual([
      'visavis_step_seconds_count{step="vote"} 2',
      'visavis_step_seconds_count{step="other"} 1',
      'visavis_step_errors_total{step="vote",kind="forbidden"} 1',
      'visavis_step_errors_total{step="other",kind="internal"} 1',
    ]);
    expect(await lines(prometheus, 'visavis_service')).toEqual([
      'visavis_service_seconds_count{service="wiki"} 1',
      'visavis_service_seconds_count{service="redis"} 1',
      'visavis_service_errors_total{service="wiki",kind="maxlag"} 1',
      'visavis_service_errors_total{service="redis",kind="other"} 1',
    ]);
    expect(await prometheus.text()).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('of what cannot be asked now are missing, and the others are there', async () => {
    const prometheus = createPrometheus();
    const labels = ['queue'];
    prometheus.watch({ name: 'visavis_a', help: 'a', labels, read: () => Promise.reject(new Error('away')) });
    const queue = { labels: { queue: 'detect' }, value: 7 };
    prometheus.watch({ name: 'visavis_b', help: 'b', labels, read: async () => [queue] });
    expect(await lines(prometheus, 'visavis_a')).toEqual([]);
    expect(await lines(prometheus, 'visavis_b')).toEqual(['visavis_b{queue="detect"} 7']);
  });
});

describe('requests to services', () => {
  let url: string;
  let close: () => void;
  beforeAll(async () => {
    const server = createServer((request, response) => {
      const [, status = '200', api] = (request.url ?? '').split('/');
      if (status === 'cut') return request.socket.destroy();
      if (api) response.setHeader('MediaWiki-API-Error', api);
      response.writeHead(Number(status)).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => void server.close();
  });
  afterAll(() => close());

  it.each([
    ['/200', null],
    ['/302', null],
    ['/404', 'http_4xx'],
    ['/429', 'rate_limited'],
    ['/503', 'http_5xx'],
    ['/200/badtoken', 'api_error'],
    ['/200/maxlag', 'maxlag'],
    ['/cut', 'network'],
  ])('%s is counted as %s', async (path, kind) => {
    const seen: unknown[] = [];
    const service = (...args: unknown[]) => void seen.push(args);
    const fetch = measuredFetch({ step: () => {}, request: () => {}, service }, 'wiki');
    await fetch(url + path, { redirect: 'manual' }).catch(() => null);
    expect(seen).toEqual([['wiki', expect.any(Number), kind]]);
  });

  it('a Redis that is not there is counted as such', async () => {
    const seen: unknown[] = [];
    const metrics = {
      step: () => {},
      request: () => {},
      service: (name: string, _seconds: number, error: string | null) => void seen.push([name, error]),
    };
    const connection = connectRedis({
      url: `redis://127.0.0.1:${await freePort()}`,
      secret: 'a secret for tests alone, long enough',
      log: silentLog,
      metrics,
    });
    await expect(connection.redis.ping()).rejects.toThrow();
    connection.close();
    expect(seen).toContainEqual(['redis', 'away']);
  });

  it.skipIf(inject('redis') === null)('a Redis that answers is counted with its time', async () => {
    const prometheus = createPrometheus();
    const connection = connectRedis({
      url: inject('redis') ?? '',
      secret: 'a secret for tests alone, long enough',
      log: silentLog,
      metrics: prometheus.metrics,
    });
    await new Promise((resolve) => connection.redis.once('ready', resolve));
    await connection.redis.ping();
    connection.close();
    expect(await lines(prometheus, 'visavis_service_seconds_count{service="redis"')).not.toEqual([]);
  });
});

describe.each(engines())('how full the site is on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  const prometheus = createPrometheus();
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = openStore(fresh.address, { connections: 2, metrics: prometheus.metrics });
    dispose = async () => {
      await store.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());

  it('tells what waits, and how the connections to the database are used', async () => {
    const { id } = await addProject(store);
    await addFile(store, id, { state: 'waiting' });
    await addFile(store, id, { state: 'set_aside' });
    for (const one of siteFullness({ store, clock: systemClock, model: 'm' })) prometheus.watch(one);
    expect(await lines(prometheus, 'visavis_queue_length{queue="detect"}')).toEqual([
      'visavis_queue_length{queue="detect"} 1',
    ]);
    expect(await lines(prometheus, 'visavis_files')).toEqual(
      expect.arrayContaining(['visavis_files{state="waiting"} 1', 'visavis_files{state="set_aside"} 1']),
    );
    const allowed = kind === 'mariadb' ? 2 : 1;
    expect(await lines(prometheus, 'visavis_database_connections{state="allowed"}')).toEqual([
      `visavis_database_connections{state="allowed"} ${allowed}`,
    ]);
    expect(store.connections()).toEqual({ used: 0, waited: 0, allowed });
    // One transaction more than there are connections waits.
    let end = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const begun = Array.from({ length: allowed }, () => Promise.withResolvers<void>());
    const busy = begun.map((one) =>
      store.db.connection().execute(async () => {
        one.resolve();
        await held;
      }),
    );
    await Promise.all(begun.map((one) => one.promise));
    const waiting = store.db.selectFrom('settings').select('name').execute();
    // Who waits for SQLite's only connection waits before it is asked for.
    const waited = kind === 'mariadb' ? 1 : 0;
    await expect.poll(() => store.connections()).toEqual({ used: allowed, waited, allowed });
    end();
    await Promise.all([...busy, waiting]);
    expect(store.connections()).toEqual({ used: 0, waited: 0, allowed });
  });

  it('queries are counted, and those that fail by kind', async () => {
    const failures = async () =>
      (await lines(prometheus, 'visavis_service_errors_total{service="database"')).join();
    await store.db.insertInto('settings').values({ name: 'twice', value: '' }).execute();
    await expect(
      store.db.insertInto('settings').values({ name: 'twice', value: '' }).execute(),
    ).rejects.toThrow();
    expect(await failures()).toContain('kind="duplicate"} 1');
    expect(await lines(prometheus, 'visavis_service_seconds_count{service="database"}')).not.toEqual([]);
  });
});
