import { type ProcessSeen, processesSeen } from '../../core/administration/processes.ts';
import { systemClock } from '../../core/platform/clock.ts';
import { RETENTION_KINDS, retentionReports } from '../../core/privacy/retention-report.ts';
import type { Store } from '../../core/store/store.ts';
import { bad, type Finding, note, ok } from './report.ts';

/** Who has been seen in the last five minutes, wherever it runs, and whether all of them are of one version. */
export async function processes(store: Store): Promise<Finding> {
  const seen = (await processesSeen({ store, clock: systemClock })).filter(({ away }) => !away);
  if (seen.length === 0) return note('processes', 'none has been seen for five minutes');
  const text = seen.map(inWords).join('; ');
  const versions = new Set(seen.map(({ version }) => version));
  if (versions.size > 1) return note('processes', `${text}; end them all, and start one version`);
  const missing = ['web', 'bots', 'worker'].filter((role) => !seen.some(({ roles }) => roles.includes(role)));
  return missing.length === 0
    ? ok('processes', text)
    : note('processes', `${text}; nobody is ${missing.join(' or ')}`);
}

function inWords({ roles, host, version }: ProcessSeen): string {
  return `${roles.join(' ')} ${version} on ${host}`;
}

/** The job that deletes what is not needed any more runs once a day, in a worker. */
export async function retention(store: Store): Promise<Finding> {
  const [last] = await retentionReports(store);
  if (!last) return note('retention', 'has not run yet; a worker does it once a day');
  const hours = Math.round((systemClock.now() - last.at) / 3_600_000);
  const counts = RETENTION_KINDS.filter((kind) => last[kind] > 0).map((kind) => `${last[kind]} ${kind}`);
  const text = `ran ${hours} h ago, deleted ${counts.join(', ') || 'nothing'}`;
  if (last.failed.length > 0) {
    const failed = last.failed.map(({ kind, reason }) => `${kind} (${reason})`);
    return bad('retention', `${text}; failed: ${failed.join(', ')}; it is tried again every hour`);
  }
  return hours > 48 ? note('retention', `${text}; is there a worker?`) : ok('retention', text);
}
