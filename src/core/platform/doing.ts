import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/** Runs `work` under a name, which the log of slow queries shows: a step of the worker, a page of the site. */
export function doing<T>(name: string, work: () => Promise<T>): Promise<T> {
  return current.run(name, work);
}

/** The name of the work that runs now; null: nobody said. */
export function whatIsDone(): string | null {
  return current.getStore() ?? null;
}
