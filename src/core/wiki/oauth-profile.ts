import { z } from 'zod';

/** Who signed in, as the wiki with the OAuth endpoints says. */
export interface Profile {
  /** The central id as text: the same on all wikis, and it survives renames. Accounts are known by it. */
  readonly centralId: string;
  readonly username: string;
  readonly editCount: number;
  /** Blocked on that wiki. A blocked account can sign in. */
  readonly blocked: boolean;
  readonly groups: readonly string[];
  /** What the person granted, such as `basic` and `editpage`. */
  readonly grants: readonly string[];
  /** UTC milliseconds; null when the wiki does not know (accounts from before 2005). */
  readonly registeredAt: number | null;
}

const profile = z.object({
  sub: z.union([z.string().regex(/^[1-9]\d*$/), z.number().int().positive()]),
  username: z.string().min(1),
  editcount: z.number().default(0),
  blocked: z.boolean().default(false),
  groups: z.array(z.string()).default([]),
  grants: z.array(z.string()).default([]),
  registered: z.string().nullish(),
});

/** Reads the body of `oauth2/resource/profile`, JSON that is sent as text/html; null when it is none. */
export function readProfile(body: string): Profile | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const { data } = profile.safeParse(json);
  if (!data) return null;
  return {
    centralId: String(data.sub),
    username: data.username,
    editCount: data.editcount,
    blocked: data.blocked,
    groups: data.groups,
    grants: data.grants,
    registeredAt: readTimestamp(data.registered ?? ''),
  };
}

/** MediaWiki's 14 digits, `20261122024740`, in UTC. */
function readTimestamp(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}
