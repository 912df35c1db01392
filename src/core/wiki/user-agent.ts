import m3api from 'm3api/package.json' with { type: 'json' };

export interface UserAgentParts {
  /** Version of Visavis. */
  readonly version: string;
  /** Where this installation can be reached. */
  readonly publicUrl: string;
  /** Mail address or user page of the operator; null: in practice mode, which talks to its own wiki alone. */
  readonly contact: string | null;
}

/**
 * `Visavis/<version> (<public URL>; <contact>) m3api/<version>`, on every request (Wikimedia's User-Agent
 * policy). Characters that would end the comment or the header are left out.
 */
export function userAgent({ version, publicUrl, contact }: UserAgentParts): string {
  return `Visavis/${clean(version)} (${clean(publicUrl)}; ${clean(contact ?? 'practice')}) m3api/${m3api.version}`;
}

function clean(part: string): string {
  return part.replace(/[^\x21-\x7e ]|[()]/g, '').trim();
}
