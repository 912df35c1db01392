/**
 * The parent's side of the child process: sends tasks, starts the child again when it dies, and finds out
 * which picture killed it. Tasks that were in work when it died are tried once more, each alone; a task that
 * is in work at two deaths is given up.
 */
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { launchChild } from './launch.ts';
import type { Answer, FromChild, Models, Task, ToChild } from './protocol.ts';

export interface HostOptions {
  /** Pictures in work at the same time. */
  readonly threads: number;
  /** Called once, before the first detection. */
  readonly models: () => Promise<Models>;
  readonly clock: Clock;
  /** Milliseconds after which a task counts as stuck and the child is killed. */
  readonly patience: number;
  /** How the child is started; tests replace it. */
  readonly launch?: (threads: number) => ChildProcess;
}

interface Pending {
  readonly task: Task;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: VisavisError) => void;
  /** How often the child died while this was in work. */
  deaths: number;
  /** Ends the watch over its time. */
  watch: AbortController;
}

interface Child {
  readonly process: ChildProcess;
  ready: boolean;
  hasModels: boolean;
  /** The end of what it wrote to stderr, for the message when it dies. */
  lastWords: string;
}

export class Host {
  readonly #options: HostOptions;
  readonly #waiting: Pending[] = [];
  readonly #suspects: Pending[] = [];
  readonly #inWork = new Map<number, Pending>();
  #child: Child | null = null;
  #models: Promise<Models> | null = null;
  #loaded: Models | null = null;
  #nextId = 1;
  #closed = false;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** The child's process id while there is one. */
  get pid(): number | null {
    return this.#child?.process.pid ?? null;
  }

  /** Throws VisavisError `model_unavailable`, `detector_unavailable`, or `broken_picture` after two deaths. */
  async run(task: Task): Promise<Answer> {
    if (task.kind === 'detect') await this.#loadModels();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject, deaths: 0, watch: new AbortController() });
      this.#advance();
    });
  }

  /** Ends the child; what is still in work or waiting is refused with `detector_unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child?.process;
    this.#refuseAll('the detector was closed');
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.kill('SIGKILL');
    await gone;
  }

  async #loadModels(): Promise<void> {
    this.#models ??= this.#options.models();
    try {
      this.#loaded = await this.#models;
    } catch (error) {
      this.#models = null;
      throw error;
    }
  }

  /** Hands out as many tasks as the child may have; starts it when there is none. */
  #advance(): void {
    if (this.#closed) {
      this.#refuseAll('the detector was closed');
      return;
    }
    if (this.#waiting.length + this.#suspects.length === 0) return;
    this.#child ??= this.#start();
    const child = this.#child;
    if (!child.ready) return;
    if (this.#suspects.length > 0) {
      // A suspect works alone, so that its death accuses nobody else.
      if (this.#inWork.size === 0) this.#send(child, this.#suspects.shift());
      return;
    }
    if ([...this.#inWork.values()].some(({ deaths }) => deaths > 0)) return;
    // One more than there are threads, so that none waits for the next picture to arrive.
    while (this.#inWork.size <= this.#options.threads && this.#waiting.length > 0)
      this.#send(child, this.#waiting.shift());
  }

  #send(child: Child, pending: Pending | undefined): void {
    if (!pending) return;
    if (pending.task.kind === 'detect' && !child.hasModels && this.#loaded) {
      this.#post(child, { type: 'models', models: this.#loaded });
      child.hasModels = true;
    }
    const id = this.#nextId++;
    this.#inWork.set(id, pending);
    this.#post(child, { type: 'task', id, task: pending.task });
    void this.#watchOver(child, pending);
  }

  #post(child: Child, message: ToChild): void {
    // A child that is gone refuses messages; its 'close' event puts the tasks back.
    child.process.send(message, () => {});
  }

  async #watchOver(child: Child, pending: Pending): Promise<void> {
    const { signal } = pending.watch;
    await this.#options.clock.sleep(this.#options.patience, signal);
    if (!signal.aborted) child.process.kill('SIGKILL');
  }

  #start(): Child {
    const { launch = launchChild, threads } = this.#options;
    const child: Child = { process: launch(threads), ready: false, hasModels: false, lastWords: '' };
    child.process.on('message', (message: FromChild) => this.#receive(child, message));
    child.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      child.lastWords = (child.lastWords + chunk).slice(-2000);
    });
    let over = false;
    const end = (how: string) => {
      if (over) return;
      over = true;
      this.#buried(child, how);
    };
    child.process.on('error', (error) => {
      if (child.process.pid === undefined) end(error.message);
    });
    child.process.on('close', (code, signal) => end(signal ?? `exit code ${code}`));
    return child;
  }

  #receive(child: Child, message: FromChild): void {
    if (message.type === 'ready') child.ready = true;
    else {
      const pending = this.#inWork.get(message.id);
      this.#inWork.delete(message.id);
      pending?.watch.abort();
      pending?.resolve(message.answer);
    }
    this.#advance();
  }

  #buried(child: Child, how: string): void {
    this.#child = null;
    if (!child.ready) {
      this.#refuseAll(`its process did not start: ${how} ${child.lastWords}`.trim());
      return;
    }
    const inWork = [...this.#inWork.values()];
    this.#inWork.clear();
    for (const pending of inWork) {
      pending.watch.abort();
      pending.watch = new AbortController();
      pending.deaths++;
      if (pending.deaths < 2) this.#suspects.push(pending);
      else
        pending.reject(
          new VisavisError('broken_picture', 'the picture ended the detector process twice', {
            details: { how, lastWords: child.lastWords },
          }),
        );
    }
    this.#advance();
  }

  #refuseAll(reason: string): void {
    const all = [...this.#inWork.values(), ...this.#suspects.splice(0), ...this.#waiting.splice(0)];
    this.#inWork.clear();
    for (const pending of all) {
      pending.watch.abort();
      pending.reject(new VisavisError('detector_unavailable', `Face detection is not available: ${reason}.`));
    }
  }
}
