import { expect, test } from 'vitest';
import { createOutbox, PRIORITY, reading } from '../../../src/bots/matrix/outbox.ts';
import { MatrixRefusal, MatrixUnreachable } from '../../../src/bots/matrix/wire.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { heldClock } from '../../support/desk.ts';

function world() {
  const clock = heldClock();
  const ending = new AbortController();
  const deps = { clock, log: silentLog, signal: ending.signal };
  return { clock, ending, deps, outbox: createOutbox(deps) };
}

test('one after the other, the urgent first, and in turn among equals', async () => {
  const { outbox } = world();
  const done: string[] = [];
  let go = () => {};
  const first = outbox.send(PRIORITY.seed, () => new Promise<void>((resolve) => (go = resolve)));
  const rest = [
    outbox.send(PRIORITY.seed, async () => void done.push('seed')),
    outbox.send(PRIORITY.post, async () => void done.push('post 1')),
    outbox.send(PRIORITY.post, async () => void done.push('post 2')),
    outbox.send(PRIORITY.answer, async () => void done.push('answer')),
    outbox.send(PRIORITY.edit, async () => void done.push('edit')),
  ];
  go();
  await Promise.all([first, ...rest]);
  expect(done).toEqual(['answer', 'edit', 'post 1', 'post 2', 'seed']);
});

test.each([
  ['retry_after_ms alone', { retry_after_ms: 1_712 }, null, 1_712],
  ['Retry-After alone', {}, '2', 2_000],
  ['the longer of both', { retry_after_ms: 1_712 }, '2', 2_000],
  ['neither', {}, null, 1_000],
  ['nonsense', { retry_after_ms: 'soon' }, 'tomorrow', 1_000],
])('429 is waited for: %s', async (_name, extra, header, ms) => {
  const { outbox, clock } = world();
  let calls = 0;
  const sent = outbox.send(PRIORITY.post, async (tries) => {
    calls++;
    if (tries === 0) throw new MatrixRefusal(429, { errcode: 'M_LIMIT_EXCEEDED', ...extra }, header);
    return 'sent';
  });
  await clock.sleeping(ms);
  expect(calls).toBe(1);
  clock.advance(ms);
  expect(await sent).toBe('sent');
});

test('a clock that is set back makes nobody wait longer', async () => {
  const { outbox, clock } = world();
  const first = outbox.send(PRIORITY.post, async (tries) => {
    if (tries === 0) throw new MatrixRefusal(429, { retry_after_ms: 500 });
  });
  await clock.sleeping(500);
  clock.advance(500);
  await first;
  clock.advance(-60 * 60_000);
  expect(await outbox.send(PRIORITY.post, async () => 'at once')).toBe('at once');
});

test('being told to wait is no failure, however often', async () => {
  const { outbox, clock } = world();
  const sent = outbox.send(PRIORITY.post, async (tries) => {
    if (tries < 30) throw new MatrixRefusal(429, { retry_after_ms: 500 });
    return tries;
  });
  for (let i = 0; i < 30; i++) {
    await clock.sleeping(500);
    clock.advance(500);
  }
  expect(await sent).toBe(30);
});

test('what is refused for good is not repeated and holds nobody up', async () => {
  const { outbox } = world();
  const refused = outbox.send(PRIORITY.post, async () => {
    throw new MatrixRefusal(403, { errcode: 'M_FORBIDDEN', error: 'no' });
  });
  await expect(refused).rejects.toThrow('403 M_FORBIDDEN no');
  expect(await outbox.send(PRIORITY.post, async () => 1)).toBe(1);
});

test('at the end nothing waits any more', async () => {
  const { outbox, clock, ending } = world();
  const waiting = outbox.send(PRIORITY.post, async () => {
    throw new MatrixUnreachable(new Error('away'));
  });
  const ended = expect(waiting).rejects.toThrow(/stopping/);
  await clock.sleeping(1_000);
  ending.abort();
  await ended;
  await expect(outbox.send(PRIORITY.post, async () => 1)).rejects.toThrow(/stopping/);
});

test('reading is tried four times', async () => {
  const { deps, clock } = world();
  let calls = 0;
  const read = reading(deps, async () => {
    calls++;
    throw new MatrixRefusal(502, null);
  });
  const refused = expect(read).rejects.toThrow('502');
  for (const ms of [1_000, 2_000, 4_000]) {
    await clock.sleeping(ms);
    clock.advance(ms);
  }
  await refused;
  expect(calls).toBe(4);
});
