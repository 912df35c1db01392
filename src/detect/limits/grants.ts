/** What the child must be able to read: its own code and the packages that it loads, nothing else. */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `@img` holds sharp's libraries for this machine; optional ones that are not installed are left out. */
const PACKAGES = [
  'piscina',
  'sharp',
  '@img',
  'onnxruntime-node',
  'onnxruntime-common',
  'detect-libc',
  'semver',
  '@napi-rs',
];
const SOURCES = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Absolute paths. Each is given as it is named and as it really lies, because Node asks for both when the
 * project, node_modules or a package is reached by a symbolic link.
 */
export function readGrants(): string[] {
  const paths = new Set<string>();
  const add = (path: string) => {
    paths.add(path);
    paths.add(realpathSync(path));
  };
  add(SOURCES.replace(/[/\\]$/, ''));
  const manifest = join(SOURCES, '..', 'package.json');
  if (existsSync(manifest)) add(manifest);
  for (const folder of packageFolders()) {
    // Node reads the link itself, and forgets a grant of it when there are grants of what lies below.
    const parent = folder.slice(0, folder.lastIndexOf('node_modules') + 'node_modules'.length);
    if (lstatSync(parent).isSymbolicLink()) paths.add(parent);
    else paths.add(folder);
    paths.add(realpathSync(folder));
  }
  return [...paths];
}

/** Packages may lie beside each other, or (with other installers) beside the package that needs them. */
function packageFolders(): Set<string> {
  const found = new Set<string>();
  const starts = [SOURCES];
  for (const name of PACKAGES) {
    for (const start of starts) {
      const folder = lookUp(name, start);
      if (folder === null || found.has(folder)) continue;
      found.add(folder);
      starts.push(realpathSync(folder));
    }
  }
  return found;
}

function lookUp(name: string, start: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return null;
  }
}
