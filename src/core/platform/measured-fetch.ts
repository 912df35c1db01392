import { type Metrics, type ServiceName, secondsSince } from './metrics.ts';

/** `fetch` that counts each request, from its first byte to the head of its answer, repetitions each for itself. */
export function measuredFetch(metrics: Metrics, service: ServiceName): typeof globalThis.fetch {
  return async (input, init) => {
    const began = performance.now();
    try {
      const response = await globalThis.fetch(input, init);
      metrics.service(service, secondsSince(began), failureOf(response));
      return response;
    } catch (error) {
      const { name } = error instanceof Error ? error : { name: '' };
      const kind = name === 'TimeoutError' || name === 'AbortError' ? 'timeout' : 'network';
      metrics.service(service, secondsSince(began), kind);
      throw error;
    }
  };
}

/** The Action API tells of its errors in a header, with HTTP 200. */
function failureOf({ status, headers }: Response): string | null {
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'http_5xx';
  if (status >= 400) return 'http_4xx';
  const api = headers.get('mediawiki-api-error');
  if (api === null) return null;
  return api.split(',').some((code) => code.trim() === 'maxlag') ? 'maxlag' : 'api_error';
}
