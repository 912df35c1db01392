import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dataLimit, LAYERS, type Layer } from '../../../src/detect/limits/layers.ts';
import { findTools, survey, takeSurvey } from '../../../src/detect/limits/survey.ts';
import { inside, standing } from './inside.ts';

/**
 * Each layer alone, with all others off. What a layer does not stop stands here as well, and by name in
 * SECURITY.md: a test that begins to fail there is good news.
 */
const root = process.getuid?.() === 0;
const { states } = await survey();
const on = new Set(states.filter((state) => state.on).map(({ layer }) => layer));

let folder: string;
let server: Server;
let port: number;
/** A picture that only its owner may read, and one for everybody. */
let secret: string;
let open: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'visavis-layers-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'anybody'));
  chmodSync(join(folder, 'anybody'), 0o777);
  [secret, open] = [join(folder, 'secret.png'), join(folder, 'open.png')];
  const picture = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  writeFileSync(secret, picture, { mode: 0o600 });
  writeFileSync(open, picture, { mode: 0o644 });
  server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
const newFile = (where = '.') => join(folder, where, `${++files}.png`);

it.runIf(process.platform === 'linux')('every layer that this machine should have is on', () => {
  // Bubblewrap is a gift where it is there; another uid needs root.
  const expected = LAYERS.filter((layer) => layer !== 'bubblewrap' && (layer !== 'uid' || root));
  const off = states.filter(({ layer, on }) => expected.includes(layer) && !on);
  // As root (as in CI) all must work; elsewhere the machine may forbid some, and the report names them.
  if (root) expect(off).toEqual([]);
  else for (const { layer, text } of off) process.stderr.write(`DETECTOR LAYER OFF: ${layer}: ${text}\n`);
});

describe('without any layer, everything is possible', () => {
  it.each(['read by JavaScript', 'read by sharp'] as const)('%s', async (what) => {
    expect(await inside([], { what, path: secret })).toMatch(/^did/);
  });
  it.each(['write by JavaScript', 'write by sharp'] as const)('%s', async (what) => {
    expect(await inside([], { what, path: newFile(), bytes: 2e6 })).toMatch(/^did/);
  });
  it('connect', async () => expect(await inside([], { what: 'connect', port })).toBe('did connected'));
  it('the environment', async () => {
    vi.stubEnv('VISAVIS_TOKEN_KEY', 'must-not-be-seen');
    expect(await inside([], { what: 'environment' })).toContain('VISAVIS_TOKEN_KEY');
    vi.unstubAllEnvs();
  });
  it('memory', async () => {
    const bytes = dataLimit(1) + 1e8;
    expect(await inside([], { what: 'memory by JavaScript', bytes })).toMatch(/^did/);
  });
});

it('environment: there is none', async () => {
  // But for what the child itself tells onnxruntime.
  expect(await inside(['environment'], { what: 'environment' })).toBe('did ORT_DISABLE_TELEMETRY');
});

describe.runIf(on.has('permission'))('permission', () => {
  const only: Layer[] = ['permission'];
  it('keeps JavaScript from reading and writing', async () => {
    expect(await inside(only, { what: 'read by JavaScript', path: open })).toMatch(
      /^refused ERR_ACCESS_DENIED/,
    );
    expect(await inside(only, { what: 'write by JavaScript', path: newFile() })).toMatch(
      /^refused ERR_ACCESS_DENIED/,
    );
  });
  it('does not bind native code, nor the network', async () => {
    expect(await inside(only, { what: 'read by sharp', path: secret })).toBe('did 9');
    expect(await inside(only, { what: 'write by sharp', path: newFile() })).toMatch(/^did/);
  });
});

describe('loaders', () => {
  const only: Layer[] = ['loaders'];
  it('keep sharp from reading and writing files', async () => {
    expect(await inside(only, { what: 'read by sharp', path: open })).toMatch(/^refused/);
    expect(await inside(only, { what: 'write by sharp', path: newFile() })).toMatch(/^refused/);
  });
  it('do not bind JavaScript', async () => {
    expect(await inside(only, { what: 'read by JavaScript', path: secret })).toMatch(/^did/);
  });
});

describe.runIf(on.has('uid'))('uid', () => {
  const only: Layer[] = ['uid'];
  it.each(['JavaScript', 'sharp'] as const)('keeps %s from what is not for everybody', async (who) => {
    expect(await inside(only, { what: `read by ${who}`, path: secret })).toMatch(/^refused/);
    expect(await inside(only, { what: `write by ${who}`, path: newFile() })).toMatch(/^refused/);
    expect(await inside(only, { what: `read by ${who}`, path: open })).toMatch(/^did/);
    expect(await inside(only, { what: `write by ${who}`, path: newFile('anybody') })).toMatch(/^did/);
  });
  it('hides the environment of the parent', async () => {
    const path = `/proc/${process.pid}/environ`;
    expect(await inside([], { what: 'read by JavaScript', path })).toMatch(/^did/);
    expect(await inside(only, { what: 'read by JavaScript', path })).toMatch(/^refused EACCES/);
  });
});

it.runIf(on.has('network'))('network: nobody can be reached', async () => {
  expect(await inside(['network'], { what: 'connect', port })).toMatch(/^refused E(NETUNREACH|CONNREFUSED)/);
});

describe.runIf(on.has('memory'))('memory', () => {
  it.each(['JavaScript', 'sharp'] as const)('is refused to %s beyond the limit', async (who) => {
    const bytes = dataLimit(1) + 1e8;
    expect(await inside(['memory'], { what: `memory by ${who}`, bytes })).toMatch(/^(refused|ended by|over)/);
  });
});

describe.runIf(on.has('cpu'))('cpu', () => {
  it.each(['JavaScript', 'sharp'] as const)('computing of %s is ended, and reported', async (who) => {
    expect(await inside(['cpu'], { what: `time by ${who}` }, 2)).toBe('out-of-time');
  });
});

describe.runIf(on.has('file-size'))('file-size', () => {
  it.each(['JavaScript', 'sharp'] as const)('ends what %s writes at 1 MiB', async (who) => {
    const path = newFile();
    expect(await inside(['file-size'], { what: `write by ${who}`, path, bytes: 2e6 })).toMatch(/^refused/);
    expect(readFileSync(path).length).toBeLessThanOrEqual(2 ** 20);
  });
});

it.runIf(on.has('core') && on.has('cpu'))('the limits are those that are promised', async () => {
  const child = await standing(['memory', 'cpu', 'file-size', 'core']);
  const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
  child.kill('SIGKILL');
  expect(limits).toMatch(/Max cpu time\s+180\s+190/);
  expect(limits).toMatch(/Max file size\s+1048576\s+1048576/);
  expect(limits).toMatch(/Max data size\s+2147483648\s+2147483648/);
  expect(limits).toMatch(/Max core file size\s+0\s+0/);
});

it.runIf(on.has('privileges'))('privileges: there are none, and none can be had', async () => {
  const child = await standing(['privileges']);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  child.kill('SIGKILL');
  expect(status).toMatch(/NoNewPrivs:\s+1/);
  expect(status).toMatch(/CapEff:\s+0{16}/);
  expect(status).toMatch(/CapPrm:\s+0{16}/);
});

// Where it is not installed this is no test that was left out.
if (on.has('bubblewrap')) {
  it('bubblewrap: other files are not there, and there is no network', async () => {
    const only: Layer[] = ['bubblewrap'];
    for (const what of ['read by JavaScript', 'read by sharp'] as const)
      expect(await inside(only, { what, path: open })).toMatch(/^refused/);
    for (const what of ['write by JavaScript', 'write by sharp'] as const)
      expect(await inside(only, { what, path: newFile('anybody') })).toMatch(/^refused/);
    expect(await inside(only, { what: 'connect', port })).toMatch(/^refused/);
  });
}

it('a machine without any of the tools keeps what Node has, and says what is missing', async () => {
  const { states, frame } = await takeSurvey({});
  expect([...frame.on].sort()).toEqual(['environment', 'loaders', 'permission']);
  for (const { layer, on, text } of states) if (!on) expect(text, layer).toMatch(/not installed|Linux|root/);
});

it.runIf(findTools().prlimit !== undefined)('a tool that fails takes its layers alone', async () => {
  const { states, frame } = await takeSurvey({ ...findTools(), unshare: '/bin/false', setpriv: '/bin/true' });
  expect(frame.on.has('memory') && frame.on.has('permission')).toBe(true);
  expect(frame.on.has('network')).toBe(false);
  // It ended well and did nothing.
  expect(states.find(({ layer }) => layer === 'privileges')?.on).toBe(false);
});
