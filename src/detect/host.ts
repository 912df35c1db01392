/**
 * The parent's side of the child process: hands out tasks, starts the child again when it dies, changes it for
 * a new one before its computing time is used up, and finds out which picture killed it. Tasks that were in
 * work when it died are tried again, each alone; what ends it twice is given up, unless a picture that is known
 * to be good ends it too.
 */
import type { Clock } from '../core/platform/clock.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { reasonError } from '../core/platform/reasons.ts';
import { pack } from './channel.ts';
import { type End, Guest, type Launch } from './guest.ts';
import { knownGood } from './known-good.ts';
import { launchChild } from './launch.ts';
import { CPU_SECONDS } from './limits/layers.ts';
import { type Answer, type Models, TASKS_PER_THREAD, type Task, type ToChild } from './protocol.ts';

export interface HostOptions {
  /** Threads that decode and detect. */
  readonly threads: number;
  /** Called once, before the first detection. */
  readonly models: () => Promise<Models>;
  readonly clock: Clock;
  /** Milliseconds after which a task counts as stuck and the child is killed. */
  readonly patience: number;
  /** How the child is started; tests replace it. */
  readonly launch?: Launch;
}

interface Pending {
  readonly task: Task;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: VisavisError) => void;
  /** How often the child ended by what it did while this was in work. */
  deaths: number;
  /** How often somebody else ended the child while this alone was in work: weak evidence against the picture. */
  foreignDeaths: number;
  /** The child ended while this was in work, or it is the known-good picture: it works alone. */
  suspect: boolean;
  readonly limits: Limits;
  /** Ends the watch over its time. */
  watch: AbortController;
}

/** Deaths after which a task is no longer tried. */
interface Limits {
  readonly deaths: number;
  readonly foreignDeaths: number;
}

interface Child {
  readonly guest: Guest;
  readonly inWork: Map<number, Pending>;
  hasModels: boolean;
  /** The task whose time was over, when the host ended the child for that. */
  overdue: Pending | null;
}

/**
 * The kernel kills for want of memory without a word, so foreign deaths count at some time too; but late, because
 * a machine under load where somebody kills at random must not cost a good picture.
 */
const LIMITS: Limits = { deaths: 2, foreignDeaths: 12 };
/** Of the known-good picture: what it proves is our fault, and costs no picture anything. */
const PROOF: Limits = { deaths: 1, foreignDeaths: 3 };
/** After that proof nothing is started for this long. */
const REST_MS = 60_000;
/** A new child opens no models while the old one has work, for this long: beside each other they need twice the memory. */
const MAKE_ROOM_MS = 1000;
/** The rest is for what is still in work when the new child is there. */
const RETIRE_AFTER = 0.6 * CPU_SECONDS;
/** Kills during the start, one after the other; a start that fails by itself is not repeated. */
const STARTS = 30;

export class Host {
  readonly #options: HostOptions;
  readonly #waiting: Pending[] = [];
  readonly #suspects: Pending[] = [];
  /** Takes the requests. */
  #current: Child | null = null;
  /** Starts beside the current one, to take its place. */
  #next: Child | null = null;
  /** While the old child may finish before the new one begins. */
  #room: { readonly leaving: Child; readonly left: AbortController } | null = null;
  /** What ended the child as often as it may, until the known-good picture was tried. */
  readonly #accused: { readonly pending: Pending; readonly end: End }[] = [];
  #judging = false;
  #restsUntil = 0;
  /** All that still live: current, next, and those that finish what they began. */
  readonly #children = new Set<Child>();
  /** The message that brings the models, packed: each child gets the same bytes. */
  #models: Promise<Buffer> | null = null;
  #loaded: Buffer | null = null;
  #nextId = 1;
  #failedStarts = 0;
  #closed = false;
  #whenAllGone: (() => void) | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** The id of the child process that takes the requests, while there is one. */
  get pid(): number | null {
    return this.#current?.guest.pid ?? null;
  }

  /** UTC milliseconds until which everything is refused, because a known-good picture failed; in the past otherwise. */
  get restsUntil(): number {
    // The clock may have been set back since.
    return this.#restsUntil - this.#options.clock.now() > REST_MS ? 0 : this.#restsUntil;
  }

  /** Throws VisavisError `model_unavailable`, `detector_unavailable`, or `broken_picture` after two deaths. */
  async run(task: Task): Promise<Answer> {
    if (this.#options.clock.now() < this.restsUntil)
      throw new VisavisError('detector_unavailable', `${UNAVAILABLE}: ${BROKEN}.`);
    if (task.kind === 'detect') await this.#loadModels();
    return new Promise((resolve, reject) => {
      this.#waiting.push(pendingOf(task, LIMITS, resolve, reject));
      this.#advance();
    });
  }

  /** Ends the child; what is still in work or waiting is refused with `detector_unavailable`. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refuseAll('the detector was closed');
    if (this.#children.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      this.#whenAllGone = resolve;
    });
    for (const { guest } of [...this.#children]) guest.end('the detector was closed');
    await gone;
  }

  async #loadModels(): Promise<void> {
    this.#models ??= this.#options
      .models()
      .then((models) => pack({ type: 'models', models } satisfies ToChild));
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
    if (this.#room || this.#waiting.length + this.#suspects.length === 0) return;
    this.#current ??= this.#start();
    const child = this.#current;
    if (!child.guest.ready) return;
    if (this.#suspects.length > 0) {
      // A suspect works alone, so that its death accuses nobody else.
      if (child.inWork.size === 0) this.#send(child, this.#suspects.shift());
      return;
    }
    if ([...child.inWork.values()].some(({ suspect }) => suspect)) return;
    // One more than the threads take, so that none waits for the next picture to arrive.
    while (child.inWork.size <= this.#options.threads * TASKS_PER_THREAD && this.#waiting.length > 0)
      this.#send(child, this.#waiting.shift());
  }

  #send(child: Child, pending: Pending | undefined): void {
    if (!pending) return;
    if (pending.task.kind === 'detect' && !child.hasModels && this.#loaded) {
      child.guest.sendPacked(this.#loaded);
      child.hasModels = true;
    }
    const id = this.#nextId++;
    child.inWork.set(id, pending);
    child.guest.send({ type: 'task', id, task: pending.task });
    void this.#watchOver(child, pending);
  }

  async #watchOver(child: Child, pending: Pending): Promise<void> {
    const { clock, patience } = this.#options;
    const { signal } = pending.watch;
    await clock.sleep(patience, signal);
    if (signal.aborted) return;
    child.overdue ??= pending;
    child.guest.end(`it took longer than ${Math.round(patience / 1000)} s`, 'itself');
  }

  #start(): Child {
    const { launch = launchChild, threads, clock } = this.#options;
    const guest = new Guest(launch, threads, clock, {
      ready: () => this.#ready(child),
      answer: (id, answer, cpuSeconds) => this.#answered(child, id, answer, cpuSeconds),
      gone: (end) => this.#gone(child, end),
    });
    const child: Child = { guest, inWork: new Map(), hasModels: false, overdue: null };
    this.#children.add(child);
    return child;
  }

  #ready(child: Child): void {
    this.#failedStarts = 0;
    if (child === this.#next) {
      const old = this.#current;
      this.#current = child;
      this.#next = null;
      if (old) void this.#makeRoom(old);
    }
    this.#advance();
  }

  async #makeRoom(leaving: Child): Promise<void> {
    const left = new AbortController();
    this.#room = { leaving, left };
    dismissWhenIdle(leaving);
    await this.#options.clock.sleep(MAKE_ROOM_MS, left.signal);
    this.#room = null;
    this.#advance();
  }

  #answered(child: Child, id: number, answer: Answer, cpuSeconds: number): void {
    const pending = child.inWork.get(id);
    child.inWork.delete(id);
    pending?.watch.abort();
    pending?.resolve(answer);
    if (child !== this.#current) dismissWhenIdle(child);
    else if (cpuSeconds > RETIRE_AFTER && !this.#closed) this.#next ??= this.#start();
    this.#advance();
  }

  #gone(child: Child, end: End): void {
    this.#children.delete(child);
    if (this.#children.size === 0) this.#whenAllGone?.();
    if (child === this.#room?.leaving) this.#room.left.abort();
    if (child === this.#next) {
      // The current one still works; its next answer asks for another successor.
      this.#next = null;
      return;
    }
    if (child === this.#current) {
      this.#current = this.#next;
      this.#next = null;
    }
    if (child.guest.ready) this.#accuse(child, end);
    else if (end.cause !== 'foreign' || ++this.#failedStarts >= STARTS) {
      this.#failedStarts = 0;
      const { how, lastWords } = end;
      this.#refuseAll(how.startsWith(UNAVAILABLE) ? how : `its process did not start: ${how} ${lastWords}`);
      return;
    }
    this.#advance();
  }

  #accuse({ inWork, overdue }: Child, end: End): void {
    for (const pending of inWork.values()) {
      pending.watch.abort();
      pending.watch = new AbortController();
      // Beside a picture that took too long, the others did nothing wrong.
      if (overdue !== null && overdue !== pending) {
        this.#waiting.unshift(pending);
        continue;
      }
      pending.suspect = true;
      if (end.cause === 'itself') pending.deaths++;
      else if (inWork.size === 1) pending.foreignDeaths++;
      const { deaths, foreignDeaths } = pending.limits;
      if (pending.deaths < deaths && pending.foreignDeaths < foreignDeaths) this.#suspects.push(pending);
      else if (pending.limits === PROOF) pending.reject(new VisavisError('detector_unavailable', end.how));
      else this.#accused.push({ pending, end });
    }
    inWork.clear();
    if (this.#accused.length > 0 && !this.#judging) this.#judge();
  }

  /**
   * Tries the known-good picture, alone and in a child that was started after the death of the accused. When that
   * fails too, the fault is ours (a broken installation, no memory): nobody is given up, and nothing more is
   * started for a while.
   */
  #judge(): void {
    this.#judging = true;
    const proof = pendingOf(
      knownGood(this.#loaded !== null),
      PROOF,
      (answer) => this.#proven('error' in answer ? answer.error.message : null),
      ({ message }) => this.#proven(message),
    );
    proof.suspect = true;
    this.#suspects.unshift(proof);
  }

  /** @param fault of ours; null when the known-good picture was answered as it should be */
  #proven(fault: string | null): void {
    this.#judging = false;
    if (fault === null) {
      for (const { pending, end } of this.#accused.splice(0)) pending.reject(givenUp(pending, end));
      return;
    }
    this.#restsUntil = this.#options.clock.now() + REST_MS;
    this.#refuseAll(`${BROKEN} (${fault})`);
    for (const { guest } of this.#children) guest.end(BROKEN);
  }

  #refuseAll(reason: string): void {
    const accused = this.#accused.splice(0).map(({ pending }) => pending);
    const all = [...accused, ...this.#suspects.splice(0), ...this.#waiting.splice(0)];
    for (const { inWork } of this.#children) {
      all.push(...inWork.values());
      inWork.clear();
    }
    const message = reason.startsWith(UNAVAILABLE) ? reason : `${UNAVAILABLE}: ${reason.trim()}.`;
    for (const pending of all) {
      pending.watch.abort();
      pending.reject(new VisavisError('detector_unavailable', message));
    }
  }
}

const UNAVAILABLE = 'Face detection is not available';
const BROKEN =
  'it fails with a picture that is known to be good, so the fault lies with this installation or its memory; ' +
  'all pictures wait';

function pendingOf(
  task: Task,
  limits: Limits,
  resolve: Pending['resolve'],
  reject: Pending['reject'],
): Pending {
  const watch = new AbortController();
  return { task, resolve, reject, deaths: 0, foreignDeaths: 0, suspect: false, limits, watch };
}

function dismissWhenIdle({ guest, inWork }: Child): void {
  if (inWork.size === 0) guest.end('its work is done');
}

/** The message is shown on the project page as the reason why the picture was set aside. */
function givenUp({ deaths, foreignDeaths }: Pending, { how, lastWords }: End): VisavisError {
  return reasonError('broken_picture', 'picture-deadly', [deaths + foreignDeaths, how], {
    details: { how, lastWords },
  });
}
