/**
 * The steps of the way and the services outside, of which the four golden signals are kept: how many, how long, how
 * many failed and of what kind, and how full it is. Labels come from these lists, from tables of error codes and from
 * patterns of routes: never an id, a name or an address.
 */
export const STEPS = [
  'crawl',
  'bootstrap',
  'detect',
  'embed',
  'portraits',
  'credits',
  'match',
  'ask',
  'vote',
  'write',
  'standing',
  'care',
  'purge',
  'retention',
] as const;

export const SERVICES = ['wiki', 'oauth', 'pictures', 'discord', 'matrix', 'database', 'redis'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where what happens is counted. Passed in like the log; nothing is counted by `noMetrics`. */
export interface Metrics {
  /** One piece of work of a step; of a step that is not in the list, as `other`. @param error an error code of `platform/errors.ts`; null: it went well */
  step(name: string, seconds: number, error: string | null): void;
  /** One request to a service. @param error a kind of failure, out of few; null: it was answered */
  service(name: ServiceName, seconds: number, error: string | null): void;
  /** One request to the web site. @param route the pattern, such as `/projects/:id` */
  request(method: string, route: string, status: number, seconds: number): void;
}

export const noMetrics: Metrics = { step: () => {}, service: () => {}, request: () => {} };

/** Seconds since `began`, which comes from `performance.now()`: durations must not jump with the clock. */
export function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

/** Does the work and counts it. @param kindOf what failed, in one word out of few */
export async function measured<T>(
  count: (seconds: number, error: string | null) => void,
  work: () => Promise<T>,
  kindOf: (error: unknown) => string,
): Promise<T> {
  const began = performance.now();
  try {
    const result = await work();
    count(secondsSince(began), null);
    return result;
  } catch (error) {
    count(secondsSince(began), kindOf(error));
    throw error;
  }
}
