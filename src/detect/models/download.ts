/** Models that are in no package: one https download, checked before it is kept. */
import { VisavisError } from '../../core/platform/errors.ts';
import type { DownloadArtifact } from './catalogue.ts';
import { sha256Of } from './fetch.ts';

const MAX_BYTES = 10_000_000;
const PATIENCE_MS = 60_000;

/** The bytes of the file, with the right checksum. Throws VisavisError `model_unavailable` with what to do. */
export async function downloadArtifact(
  artifact: DownloadArtifact,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Uint8Array> {
  const bytes = await load(artifact, fetch);
  if (![artifact.sha256, ...artifact.alsoSha256].includes(sha256Of(bytes)))
    throw unavailable(artifact, 'what came has a wrong checksum');
  return bytes;
}

async function load(artifact: DownloadArtifact, fetch: typeof globalThis.fetch): Promise<Uint8Array> {
  try {
    const response = await fetch(artifact.url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const parts: Uint8Array[] = [];
    let length = 0;
    // Leaving the loop cancels the stream.
    for await (const part of response.body ?? []) {
      length += part.byteLength;
      if (length > MAX_BYTES) throw new Error('it is much larger than the model');
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (cause) {
    const reason = cause instanceof Error ? (systemCode(cause.cause) ?? cause.message) : String(cause);
    throw unavailable(artifact, reason, cause);
  }
}

function systemCode(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code;
}

function unavailable({ url, setting }: DownloadArtifact, reason: string, cause?: unknown): VisavisError {
  return new VisavisError(
    'model_unavailable',
    `${url} could not be downloaded (${reason}). Download it elsewhere and set ${setting} to its path, ` +
      'or try again with "visavis models prepare".',
    cause === undefined ? {} : { cause },
  );
}
