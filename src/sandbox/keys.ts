import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFernetKey } from '../core/accounts/fernet.ts';

export interface SandboxKeys {
  readonly tokenKey: string;
  readonly secret: string;
  readonly clientSecret: string;
}

/**
 * Keys for practice, made once and kept in the data folder, so that what was encrypted stays readable after a
 * restart. They guard nothing real: production refuses to start without keys of its own.
 */
export function sandboxKeys(dataDir: string): SandboxKeys {
  const path = join(dataDir, 'sandbox-keys.json');
  const kept = readKeys(path);
  if (kept) return kept;
  const keys: SandboxKeys = {
    tokenKey: newFernetKey(randomBytes),
    secret: randomBytes(32).toString('base64url'),
    clientSecret: randomBytes(24).toString('base64url'),
  };
  mkdirSync(dataDir, { recursive: true });
  // Several processes may start at once: one link is the first, and the keys under it are whole.
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify(keys), { mode: 0o600 });
  try {
    linkSync(own, path);
    return keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return sandboxKeys(dataDir);
  } finally {
    rmSync(own);
  }
}

function readKeys(path: string): SandboxKeys | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SandboxKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
