/** Finds out once which layers work on this machine, by starting a small program in them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VisavisError } from '../../core/platform/errors.ts';
import { readGrants } from './grants.ts';
import {
  ALWAYS,
  CPU_SECONDS,
  type Frame,
  HOME,
  LAYER_TEXT,
  LAYERS,
  type Layer,
  nodeOptions,
  OTHER_UID,
  TOOL_OF,
  type Tools,
  wrapping,
} from './layers.ts';

export interface LayerState {
  readonly layer: Layer;
  readonly on: boolean;
  /** What it does, or why it is off. */
  readonly text: string;
}

export interface Survey {
  readonly states: readonly LayerState[];
  readonly frame: Omit<Frame, 'threads'>;
}

/** Fixed places, not the caller's path: who may write into a folder of that must not become the wrapper. */
const PLACES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'];
const PROBE = fileURLToPath(new URL('./probe.ts', import.meta.url));
/** Generous, because a machine under load must not lose a layer by it. */
const PROBE_MS = 60_000;

let cached: Promise<Survey> | null = null;

/** Throws VisavisError `detector_unavailable` when the child could not work even without any layer. */
export function survey(): Promise<Survey> {
  cached ??= takeSurvey().catch((error: unknown) => {
    cached = null;
    throw error;
  });
  return cached;
}

/** The states in the order of LAYERS; separate from `survey` so that tests may take tools away. */
export async function takeSurvey(tools: Tools = findTools()): Promise<Survey> {
  const root = process.getuid?.() === 0;
  const base = { tools, grants: readGrants(), root, cpuSeconds: CPU_SECONDS };
  const off = new Map<Layer, string>();
  const candidates: Layer[] = [];
  for (const layer of LAYERS) {
    const reason = missing(layer, tools, root);
    if (reason !== null) off.set(layer, reason);
    else if (!ALWAYS.includes(layer)) candidates.push(layer);
  }
  const on = new Set<Layer>(ALWAYS);
  const attempt = (layers: Iterable<Layer>) => tryOut({ ...base, threads: 1, on: new Set(layers) });
  if ((await attempt([...on, ...candidates])) === null) for (const layer of candidates) on.add(layer);
  else {
    const bare = await attempt(on);
    if (bare !== null)
      throw new VisavisError('detector_unavailable', `Face detection is not available: ${bare}.`);
    // One after the other, because some work alone but not together.
    for (const layer of candidates) {
      const failure = await attempt([...on, layer]);
      if (failure === null) on.add(layer);
      else off.set(layer, failure);
    }
  }
  const states = LAYERS.map((layer) => ({
    layer,
    on: on.has(layer),
    text: on.has(layer) ? LAYER_TEXT[layer] : (off.get(layer) ?? 'not tried'),
  }));
  return { states, frame: { ...base, on } };
}

export function findTools(): Tools {
  const tools: Partial<Record<keyof Tools, string>> = {};
  for (const tool of ['prlimit', 'unshare', 'setpriv', 'bwrap'] as const) {
    const path = PLACES.map((place) => join(place, tool)).find((candidate) => existsSync(candidate));
    if (path !== undefined) tools[tool] = path;
  }
  return tools;
}

function missing(layer: Layer, tools: Tools, root: boolean): string | null {
  const tool = TOOL_OF[layer];
  if (tool !== undefined && process.platform !== 'linux') return 'Linux alone has it';
  if (layer === 'uid' && !root) return 'only root can start a process as another user';
  if (tool !== undefined && tools[tool] === undefined)
    return `${tool === 'bwrap' ? 'bubblewrap' : tool} is not installed`;
  return null;
}

/** Null when the probe works and sees what it should; else the reason, in one line. */
function tryOut(frame: Frame): Promise<string | null> {
  const [program = process.execPath, ...args] = [
    ...wrapping(frame),
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...nodeOptions(frame),
    PROBE,
  ];
  return new Promise((resolve) => {
    const options = { env: {}, cwd: HOME, timeout: PROBE_MS, killSignal: 'SIGKILL' } as const;
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error) resolve(reasonOf(stderr, error));
      else resolve(unseen(frame, stdout));
    });
  });
}

/** What the probe saw decides, not that it ended well. */
function unseen({ on }: Frame, stdout: string): string | null {
  // A tool that ended well may not have started anything.
  if (stdout === '') return 'nothing was started';
  const seen = JSON.parse(stdout) as { uid: number | null; network: boolean; readsAll: boolean };
  if (on.has('uid') && seen.uid !== OTHER_UID) return 'it kept its user';
  if (on.has('network') && seen.network) return 'it kept its network';
  if (on.has('permission') && seen.readsAll) return 'it could read everything';
  return null;
}

function reasonOf(stderr: string, error: Error): string {
  if (/EACCES|permission denied|Cannot find module/i.test(stderr) && !/ERR_ACCESS_DENIED/.test(stderr))
    return "the program or the project's folder cannot be read from inside it";
  const lines = stderr.split('\n').map((line) => line.trim());
  const line = lines.find((text) => /error|fail|cannot|not |bwrap|unshare|setpriv|prlimit/i.test(text));
  return (line ?? error.message.split('\n')[0] ?? 'it failed').slice(0, 200);
}
