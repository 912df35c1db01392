/**
 * The parent's handle of one child process: starts it, speaks with it, ends it, and says how it came to its
 * end. What it sends is foreign input: everything that decodes foreign pictures may have been taken over.
 */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import type { Clock } from '../core/platform/clock.ts';
import { describeError } from '../core/platform/errors.ts';
import { Channel } from './channel.ts';
import { CHANNEL_FD } from './launch.ts';
import { CPU_SECONDS, signalOfExitCode } from './limits/layers.ts';
import type { Answer, FromChild, ToChild } from './protocol.ts';

export type Launch = (threads: number) => ChildProcess | Promise<ChildProcess>;

/** How a child ended. */
export interface End {
  readonly how: string;
  /**
   * `itself` when what it did ended it (a crash, a limit); `foreign` for a SIGKILL that is not ours, which
   * any of operator, container and kernel may have sent; `ours` when the host ended it.
   */
  readonly cause: 'itself' | 'foreign' | 'ours';
  readonly lastWords: string;
}

export interface GuestEvents {
  readonly ready: () => void;
  readonly answer: (id: number, answer: Answer, cpuSeconds: number) => void;
  /** Once, and nothing after it. */
  readonly gone: (end: End) => void;
}

/** An annotated picture of 6000 pixels a side stays far below it. */
const LONGEST_MESSAGE = 128 * 1024 * 1024;
const LAST_WORDS = 2000;
const START_MS = 60_000;
/** After its end, for a process that it left behind and that holds its pipes open. */
const LINGER_MS = 1000;

export class Guest {
  readonly #events: GuestEvents;
  readonly #clock: Clock;
  readonly #starting = new AbortController();
  #process: ChildProcess | null = null;
  #channel: Channel<ToChild> | null = null;
  #ready = false;
  #over = false;
  #lastWords = '';
  /** Why the host ends it, or what it said about its own end. */
  #verdict: Pick<End, 'how' | 'cause'> | null = null;

  constructor(launch: Launch, threads: number, clock: Clock, events: GuestEvents) {
    this.#events = events;
    this.#clock = clock;
    void this.#start(launch, threads);
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get ready(): boolean {
    return this.#ready;
  }

  send(message: ToChild): void {
    this.#channel?.send(message);
  }

  /** A ToChild that was packed before. */
  sendPacked(message: Buffer): void {
    this.#channel?.sendPacked(message);
  }

  /** SIGKILL: a thread may be deep in native code, and there is nothing to save. `gone` follows. */
  end(how: string, cause: End['cause'] = 'ours'): void {
    this.#verdict ??= { how, cause };
    if (this.#process) this.#process.kill('SIGKILL');
    else this.#finish(how, cause);
  }

  async #start(launch: Launch, threads: number): Promise<void> {
    let child: ChildProcess;
    try {
      child = await launch(threads);
    } catch (error) {
      this.#finish(describeError(error).message, 'itself');
      return;
    }
    this.#process = child;
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#lastWords = (this.#lastWords + chunk).slice(-LAST_WORDS);
    });
    child.stderr?.on('error', () => {});
    child.on('error', (error) => {
      if (child.pid === undefined) this.#finish(error.message, 'itself');
    });
    child.on('exit', () => void this.#letGo(child));
    child.on('close', (code, signal) => this.#close(code, signal));
    const pipe = child.stdio[CHANNEL_FD] as Duplex;
    this.#channel = new Channel<ToChild>(pipe, LONGEST_MESSAGE, {
      message: (message) => this.#receive(message),
      // Usually the process is gone too. One that lives on without its channel is of no use.
      over: (reason) => void this.#cutOff(child, reason),
    });
    // Ended while it was being launched.
    if (this.#over || this.#verdict) child.kill('SIGKILL');
    await this.#clock.sleep(START_MS, this.#starting.signal);
    if (!this.#starting.signal.aborted) this.end(`it was not ready after ${START_MS / 1000} s`, 'itself');
  }

  async #letGo(child: ChildProcess): Promise<void> {
    await this.#clock.sleep(LINGER_MS, this.#starting.signal.aborted ? undefined : this.#starting.signal);
    for (const stream of child.stdio) stream?.destroy();
  }

  async #cutOff(child: ChildProcess, reason: string): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await this.#clock.sleep(LINGER_MS);
    // A machine under load may wake us that late that the news of its end came meanwhile, and is read after this.
    await new Promise((resolve) => setImmediate(resolve));
    if (child.exitCode === null && child.signalCode === null) this.end(reason, 'itself');
  }

  #receive(message: unknown): void {
    if (this.#over || this.#verdict) return;
    const heard = understand(message);
    if (heard === null) this.end('it sent a message that means nothing', 'itself');
    else if (heard.type === 'out-of-time') {
      this.end(`it used its ${CPU_SECONDS} s of computing time`, 'itself');
    } else if (heard.type === 'answer') this.#events.answer(heard.id, heard.answer, heard.cpuSeconds);
    else if (!this.#ready) {
      this.#ready = true;
      this.#starting.abort();
      this.#events.ready();
    }
  }

  #close(code: number | null, signal: NodeJS.Signals | null): void {
    const name = signal ?? signalOfExitCode(code ?? 0);
    const { how, cause } = this.#verdict ?? {
      how: name ?? `exit code ${code}`,
      cause: name === 'SIGKILL' ? 'foreign' : 'itself',
    };
    this.#finish(how, cause);
  }

  #finish(how: string, cause: End['cause']): void {
    if (this.#over) return;
    this.#over = true;
    this.#starting.abort();
    this.#events.gone({ how, cause, lastWords: this.#lastWords.trim() });
  }
}

/** The message as its type, when it has the shape of it; null otherwise. Numbers are checked for being so. */
function understand(message: unknown): FromChild | null {
  if (!isRecord(message)) return null;
  if (message.type === 'ready' || message.type === 'out-of-time') return { type: message.type };
  const { type, id, answer, cpuSeconds } = message;
  if (type !== 'answer' || typeof id !== 'number' || typeof cpuSeconds !== 'number') return null;
  return isAnswer(answer) ? { type, id, answer, cpuSeconds } : null;
}

function isAnswer(answer: unknown): answer is Answer {
  if (!isRecord(answer)) return false;
  const { found, drawn, collected, error } = answer;
  if (collected === true) return true;
  if (isRecord(error)) return typeof error.code === 'string' && typeof error.message === 'string';
  if (isRecord(drawn)) return drawn.bytes instanceof Uint8Array && isSize(drawn);
  return isRecord(found) && isSize(found) && Array.isArray(found.faces) && found.faces.every(isFace);
}

function isFace(face: unknown): boolean {
  if (!isRecord(face)) return false;
  const { box, score, landmarks, embedding } = face;
  return (
    isNumbers(box, 4) &&
    typeof score === 'number' &&
    Array.isArray(landmarks) &&
    landmarks.every((point) => isNumbers(point, 2)) &&
    (embedding === null || embedding instanceof Float32Array)
  );
}

function isSize({ width, height }: Record<string, unknown>): boolean {
  return Number.isFinite(width) && Number.isFinite(height);
}

function isNumbers(value: unknown, count: number): boolean {
  return Array.isArray(value) && value.length === count && value.every(Number.isFinite);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
