import { z } from 'zod';
import type { WikiAccount } from './account.ts';
import type { WikiClient } from './client.ts';

/** Standing of an account on this wiki (the OAuth profile tells that of the wiki with the OAuth endpoints). */
export interface UserInfo {
  readonly name: string;
  /** Blocked from the whole wiki; who is blocked from some pages only may edit the others. */
  readonly blocked: boolean;
  readonly groups: readonly string[];
  readonly editCount: number;
  /** UTC milliseconds; null when the wiki does not know. */
  readonly registeredAt: number | null;
}

const answer = z.object({
  query: z.object({
    userinfo: z.object({
      name: z.string(),
      groups: z.array(z.string()).default([]),
      editcount: z.number().default(0),
      registrationdate: z.string().nullish(),
      blockid: z.unknown().optional(),
      blockpartial: z.boolean().optional(),
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
      uiprop: ['groups', 'blockinfo', 'editcount', 'registrationdate'],
    },
    { account, budgetMs: 10_000 },
  );
  const blocked = user.blockid !== undefined && user.blockid !== null;
  const registered = user.registrationdate ? Date.parse(user.registrationdate) : Number.NaN;
  return {
    name: user.name,
    blocked: blocked && user.blockpartial !== true,
    groups: user.groups,
    editCount: user.editcount,
    registeredAt: Number.isNaN(registered) ? null : registered,
  };
}
