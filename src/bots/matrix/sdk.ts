import { createRequire, registerHooks } from 'node:module';
import type * as Sdk from 'matrix-bot-sdk';

/** Encryption: a native library, which is fetched at install time and often is not there. */
const NATIVE = '@matrix-org/matrix-sdk-crypto-nodejs';
/** Sends requests, and is kept by nobody any more (CVE-2023-28155); ours go through `wire.ts`. */
const REQUESTS = 'request';
/** Escapes HTML for answers that the SDK would write, with a part of Node that Node warns of (DEP0060). */
const ESCAPING = 'htmlencode';
const EMPTY = 'visavis:empty';

let loading: Promise<typeof Sdk> | null = null;

/**
 * matrix-bot-sdk, without modules that it loads and we never use: an empty one takes their place. Nothing is
 * encrypted here, with or without the native library; encrypted rooms are refused (`rooms.ts`).
 */
export function loadSdk(): Promise<typeof Sdk> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof Sdk> {
  const emptied = [REQUESTS, ESCAPING, ...(hasNativeLibrary() ? [] : [NATIVE])];
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      emptied.includes(name)
        ? { url: `${EMPTY}:${name}`, format: 'commonjs', shortCircuit: true }
        : next(name, context),
    load: (url, context, next) =>
      url.startsWith(EMPTY)
        ? { format: 'commonjs', source: 'module.exports = {};', shortCircuit: true }
        : next(url, context),
  });
  try {
    return await import('matrix-bot-sdk');
  } finally {
    hooks.deregister();
  }
}

function hasNativeLibrary(): boolean {
  try {
    // From where the SDK is: the library is its dependency, not ours.
    createRequire(createRequire(import.meta.url).resolve('matrix-bot-sdk'))(NATIVE);
    return true;
  } catch {
    return false;
  }
}
