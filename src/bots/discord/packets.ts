import { z } from 'zod';

/** What is read of the gateway's packets: nothing but what is needed, decoded once. */

const User = z.object({
  id: z.string(),
  username: z.string().nullish(),
  global_name: z.string().nullish(),
  bot: z.boolean().nullish(),
});
/** A user as Discord describes one. */
export type RawUser = z.infer<typeof User>;

export const Place = z.object({ channel_id: z.string(), message_id: z.string() });
export const OneEmoji = z.object({
  emoji: z.object({ id: z.string().nullish(), name: z.string().nullish() }),
});
export const Reaction = Place.extend(OneEmoji.shape).extend({
  user_id: z.string(),
  member: z.object({ user: User.nullish() }).nullish(),
});

const Value = z.object({
  name: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]),
  focused: z.boolean().optional(),
});
const Interaction = z.object({
  id: z.string(),
  token: z.string(),
  application_id: z.string(),
  /** Some servers send this alone, and no `channel`. */
  channel_id: z.string(),
  channel: z.object({ name: z.string().nullish() }).nullish(),
  /** Not in a private conversation. */
  guild_id: z.string().nullish(),
  member: z
    .object({ user: User, permissions: z.string().nullish(), roles: z.array(z.string()).default([]) })
    .nullish(),
  user: User.nullish(),
  locale: z.string().default('en-US'),
});
const Subcommand = z.object({
  name: z.string(),
  options: z.array(z.object({ name: z.string(), options: z.array(Value).default([]) })).min(1),
});
export const AnyInteraction = z.discriminatedUnion('type', [
  Interaction.extend({ type: z.literal(2), data: Subcommand }),
  Interaction.extend({
    type: z.literal(3),
    data: z.object({ custom_id: z.string() }),
    message: z.object({ id: z.string() }),
  }),
  Interaction.extend({ type: z.literal(4), data: Subcommand }),
]);
export type RawInteraction = z.infer<typeof AnyInteraction>;

export function nameOf(user: RawUser | null | undefined, id: string): string {
  return user?.global_name || user?.username || id;
}
