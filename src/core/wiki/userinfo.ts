import { z } from 'zod';
import type { WikiAccount } from './account.ts';
import type { WikiClient } from './client.ts';
import { emptyArray } from './snak.ts';

/** Standing of an account on this wiki (the OAuth profile tells that of the wiki with the OAuth endpoints). */
export interface UserInfo {
  readonly name: string;
  /** Blocked from the whole wiki. */
  readonly blocked: boolean;
  /** Blocked from some pages only; others stay open. */
  readonly partiallyBlocked: boolean;
  readonly blockReason: string | null;
  readonly groups: readonly string[];
  readonly editCount: number;
  /** UTC milliseconds; null when the wiki does not know. */
  readonly registeredAt: number | null;
  /** The highest of the account's edit limits; null when it has none. */
  readonly editLimit: { readonly edits: number; readonly seconds: number } | null;
}

const limit = z.object({ hits: z.number(), seconds: z.number() });
const answer = z.object({
  query: z.object({
    userinfo: z.object({
      name: z.string(),
      groups: z.array(z.string()).default([]),
      editcount: z.number().default(0),
      registrationdate: z.string().nullish(),
      blockid: z.unknown().optional(),
      blockpartial: z.boolean().optional(),
      blockreason: z.string().optional(),
      ratelimits: z
        .object({ edit: z.record(z.string(), limit).or(emptyArray()).optional() })
        .or(emptyArray())
        .optional(),
    }),
  }),
});

/** A person may wait for this, so it gives up after ten seconds. */
export async function userInfo(client: WikiClient, account: WikiAccount): Promise<UserInfo> {
  const {
    query: { userinfo: user },
  } = await client.read(
    answer,
    {
      action: 'query',
      meta: 'userinfo',
      uiprop: ['groups', 'blockinfo', 'ratelimits', 'editcount', 'registrationdate'],
    },
    { account, budgetMs: 10_000 },
  );
  const blocked = user.blockid !== undefined && user.blockid !== null;
  const registered = user.registrationdate ? Date.parse(user.registrationdate) : Number.NaN;
  return {
    name: user.name,
    blocked: blocked && user.blockpartial !== true,
    partiallyBlocked: blocked && user.blockpartial === true,
    blockReason: user.blockreason ?? null,
    groups: user.groups,
    editCount: user.editcount,
    registeredAt: Number.isNaN(registered) ? null : registered,
    editLimit: highest(Object.values(user.ratelimits?.edit ?? {})),
  };
}

/** MediaWiki applies the most generous of the limits of an account's groups. */
function highest(limits: readonly { hits: number; seconds: number }[]): UserInfo['editLimit'] {
  const [best] = limits.toSorted((a, b) => b.hits / b.seconds - a.hits / a.seconds);
  return best ? { edits: best.hits, seconds: best.seconds } : null;
}
