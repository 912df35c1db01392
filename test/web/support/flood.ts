import { parentPort, workerData } from 'node:worker_threads';
import { load } from '../../support/load.ts';

/** One of sixteen million addresses of a private network. */
export function address(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

/** In a thread: forged reports, each from another address and about another host. */
interface Flood {
  readonly url: string;
  readonly reports: number;
  readonly seconds: number;
}

async function flood({ url, reports, seconds }: Flood) {
  let sent = 0;
  return load({
    name: 'forged reports',
    url,
    rate: reports / seconds,
    connections: 40,
    seconds,
    status: 204,
    next() {
      sent++;
      return {
        method: 'POST',
        path: '/api/csp/reports',
        headers: { 'content-type': 'application/csp-report', 'x-forwarded-for': address(sent) },
        body: JSON.stringify({
          'csp-report': {
            'document-uri': `http://localhost:8080/projects/${sent}`,
            'blocked-uri': `https://host${sent}.example.net/x`,
            'effective-directive': 'connect-src',
          },
        }),
      };
    },
  });
}

if (workerData?.reports) parentPort?.postMessage(await flood(workerData as Flood));
