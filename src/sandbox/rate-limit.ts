/** Edits of each account in a sliding window. Refused attempts do not make the wait longer. */
export class RateLimit {
  hits = 900;
  seconds = 180;
  readonly #edits = new Map<number, number[]>();

  exceeded(userId: number, now: number): boolean {
    return this.#recent(userId, now).length >= this.hits;
  }

  count(userId: number, now: number): void {
    this.#edits.set(userId, [...this.#recent(userId, now), now]);
  }

  set(hits: number, seconds: number): void {
    this.hits = hits;
    this.seconds = seconds;
  }

  #recent(userId: number, now: number): number[] {
    return (this.#edits.get(userId) ?? []).filter((at) => at > now - this.seconds * 1000);
  }
}
