import m3api from 'm3api/package.json' with { type: 'json' };

export interface UserAgentParts {
  /** Version of Visavis. */
  readonly version: string;
  /** Where this installation can be reached. */
  readonly publicUrl: string;
  /** Mail address or user page of the operator. */
  readonly contact: string;
}

/**
 * `Visavis/<version> (<public URL>; <contact>) m3api/<version>`, on every request (Wikimedia's User-Agent
 * policy). Characters that would end the comment or the header are left out.
 */
export function userAgent({ version, publicUrl, contact }: UserAgentParts): string {
  return `Visavis/${clean(version)} (${clean(publicUrl)}; ${clean(contact)}) m3api/${m3api.version}`;
}

function clean(part: string): string {
  return part.replace(/[^\x21-\x7e ]|[()]/g, '').trim();
}
