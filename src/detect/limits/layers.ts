/** The layers round the child process: what each is called, what it does, and how it is asked for. */
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

export const LAYERS = [
  'environment',
  'permission',
  'loaders',
  'memory',
  'cpu',
  'file-size',
  'core',
  'network',
  'uid',
  'privileges',
  'bubblewrap',
] as const;

export type Layer = (typeof LAYERS)[number];

/** Shown by `visavis doctor` behind the name of a layer that is on. */
export const LAYER_TEXT: Readonly<Record<Layer, string>> = {
  environment: 'its environment is empty',
  permission: 'its JavaScript reads its own code alone, writes nothing, starts nothing',
  loaders: 'libvips decodes five kinds of picture, from memory alone',
  memory: '1 GiB of data and 1 GiB for each thread',
  cpu: '180 s of computing time',
  'file-size': 'no file larger than 1 MiB',
  core: 'no core file',
  network: 'it has no network',
  uid: 'it runs as another user',
  privileges: 'it gains no privileges and ends with its parent',
  bubblewrap: 'it sees its own code and the system libraries, read-only, and no other process',
};

/** These need nothing of the machine. */
export const ALWAYS: readonly Layer[] = ['environment', 'loaders'];

/** Seconds of computing time until SIGXCPU, and from there to SIGKILL. */
export const CPU_SECONDS = 180;
const CPU_SECONDS_TO_GO = 10;
const GIB = 1024 ** 3;
const FILE_SIZE = 1024 ** 2;
/**
 * The child's working folder: its own code. With the permission model Node 24 lets threads read the whole
 * working folder, whatever was granted, so it must be one that holds nothing else.
 */
export const HOME = fileURLToPath(new URL('../', import.meta.url));
/** `nobody` wherever Linux has one. Any number that owns nothing would do. */
export const OTHER_UID = 65534;

/** Absolute paths of the tools that were found. */
export type Tools = Readonly<Partial<Record<'prlimit' | 'unshare' | 'setpriv' | 'bwrap', string>>>;

/** The tool that a layer cannot do without. */
export const TOOL_OF: Readonly<Partial<Record<Layer, keyof Tools>>> = {
  memory: 'prlimit',
  cpu: 'prlimit',
  'file-size': 'prlimit',
  core: 'prlimit',
  network: 'unshare',
  uid: 'setpriv',
  privileges: 'setpriv',
  bubblewrap: 'bwrap',
};

export interface Frame {
  readonly on: ReadonlySet<Layer>;
  readonly tools: Tools;
  readonly threads: number;
  /** Folders and files that the child reads: its own code and the packages that it needs. */
  readonly grants: readonly string[];
  /** Whether the parent is root, which other ways lead from. */
  readonly root: boolean;
  /** Computing time before SIGXCPU. */
  readonly cpuSeconds: number;
}

/** The command line in front of Node: from the outermost tool to the innermost. */
export function wrapping(frame: Frame): string[] {
  return [...prlimit(frame), ...unshare(frame), ...setpriv(frame), ...bubblewrap(frame)];
}

/** Options of Node for the layer `permission`. */
export function nodeOptions({ on, grants }: Frame): string[] {
  if (!on.has('permission')) return [];
  return [
    '--permission',
    '--allow-addons',
    '--allow-worker',
    '--disable-warning=PERM0001',
    '--disable-warning=PERM0006',
    '--disable-warning=SecurityWarning',
    ...grants.map((path) => `--allow-fs-read=${path}`),
  ];
}

export function dataLimit(threads: number): number {
  return GIB + threads * GIB;
}

/** "SIGXCPU" when a shell-like wrapper turned a signal into 128 + its number; null for a plain exit code. */
export function signalOfExitCode(code: number): string | null {
  return Object.entries(constants.signals).find(([, number]) => number + 128 === code)?.[0] ?? null;
}

function prlimit({ on, tools, threads, cpuSeconds }: Frame): string[] {
  const limits: string[] = [];
  if (on.has('memory')) limits.push(`--data=${dataLimit(threads)}`);
  if (on.has('cpu')) limits.push(`--cpu=${cpuSeconds}:${cpuSeconds + CPU_SECONDS_TO_GO}`);
  if (on.has('file-size')) limits.push(`--fsize=${FILE_SIZE}`);
  if (on.has('core')) limits.push('--core=0');
  return limits.length > 0 && tools.prlimit ? [tools.prlimit, ...limits] : [];
}

/**
 * Without root a network of one's own needs a user namespace of one's own. That hides the parent's environment
 * and memory too: the kernel asks for a capability in the namespace of the process that is looked at.
 */
function unshare({ on, tools, root }: Frame): string[] {
  if (!on.has('network') || !tools.unshare) return [];
  return [tools.unshare, ...(root ? [] : ['--user', '--map-current-user']), '--net'];
}

function setpriv({ on, tools, root }: Frame): string[] {
  const options: string[] = [];
  if (on.has('uid')) options.push(`--reuid=${OTHER_UID}`, `--regid=${OTHER_UID}`, '--clear-groups');
  if (on.has('privileges')) {
    options.push('--no-new-privs', '--pdeathsig=KILL');
    if (root) options.push('--bounding-set=-all', '--inh-caps=-all');
  }
  return options.length > 0 && tools.setpriv ? [tools.setpriv, ...options] : [];
}

/** Where dynamic libraries lie; what a machine does not have is left out. */
const LIBRARIES = ['/usr', '/lib', '/lib32', '/lib64', '/etc/ld.so.cache', '/nix/store', '/gnu/store'];

function bubblewrap({ on, tools, grants }: Frame): string[] {
  if (!on.has('bubblewrap') || !tools.bwrap) return [];
  const seen = [...LIBRARIES, process.execPath, ...grants];
  return [
    tools.bwrap,
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...seen.flatMap((path) => ['--ro-bind-try', path, path]),
    '--remount-ro',
    '/',
    '--chdir',
    HOME,
    '--',
  ];
}
