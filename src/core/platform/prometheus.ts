import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { ERROR_STATUS } from './errors.ts';
import { type Metrics, STEPS } from './metrics.ts';

/** How full something is: looked up when somebody asks for the numbers, and left out when that fails. */
export interface Fullness {
  readonly name: string;
  readonly help: string;
  /** Names of the labels; values come from few. */
  readonly labels: readonly string[];
  read(): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
}

export interface Prometheus {
  readonly metrics: Metrics;
  watch(fullness: Fullness): void;
  /** The text that Prometheus reads (exposition format 0.0.4). */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Failures of services. Anything else is `other`, so that no text of an error ever becomes a label. */
const SERVICE_ERRORS = new Set([
  'network',
  'timeout',
  'away',
  'refused',
  'rate_limited',
  'http_4xx',
  'http_5xx',
  'api_error',
  'maxlag',
  'deadlock',
  'lock_timeout',
  'duplicate',
  'too_many_connections',
  'too_long',
]);

const STEP_NAMES = new Set<string>(STEPS);

const METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS']);

/** From a database query to a detection that takes minutes, in seconds. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180];

/** Counts for Prometheus, with the numbers of the process itself (memory, CPU, event loop). */
export function createPrometheus(): Prometheus {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Histogram<L>({ name, help, labelNames: [...labelNames], buckets: BUCKETS, registers });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name, help, labelNames: [...labelNames], registers });
  const requests = histogram('visavis_http_request_seconds', 'Requests to the web site, by route pattern.', [
    'method',
    'route',
    'status',
  ]);
  const steps = histogram('visavis_step_seconds', 'Pieces of work of each step of the way.', ['step']);
  const stepErrors = counter('visavis_step_errors_total', 'Pieces of work that failed, by error code.', [
    'step',
    'kind',
  ]);
  const services = histogram('visavis_service_seconds', 'Requests to services outside.', ['service']);
  const serviceErrors = counter(
    'visavis_service_errors_total',
    'Requests to services that failed, by kind.',
    ['service', 'kind'],
  );

  return {
    metrics: {
      step(name, seconds, error) {
        const step = STEP_NAMES.has(name) ? name : 'other';
        steps.observe({ step }, seconds);
        if (error !== null) stepErrors.inc({ step, kind: error in ERROR_STATUS ? error : 'internal' });
      },
      service(service, seconds, error) {
        services.observe({ service }, seconds);
        if (error !== null) serviceErrors.inc({ service, kind: SERVICE_ERRORS.has(error) ? error : 'other' });
      },
      request(method, route, status, seconds) {
        requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds);
      },
    },
    watch({ name, help, labels, read }) {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          this.reset();
          // What cannot be asked now is missing in the numbers; the others are there.
          const values = await read().catch(() => []);
          for (const one of values) this.set({ ...one.labels }, one.value);
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
