import type { Store } from '../store/store.ts';

const nameOf = (platform: string) => `bot ${platform}`;

/** Keeps what the bot is called on a platform, for pages that tell people how to invite it. */
export async function keepBotName({ db }: Store, platform: string, value: string): Promise<void> {
  const name = nameOf(platform);
  const known = await botName({ db }, platform);
  if (known === value) return;
  if (known === null) await db.insertInto('settings').values({ name, value }).execute();
  else await db.updateTable('settings').set({ value }).where('name', '=', name).execute();
}

/** null: it has never been there. */
export async function botName({ db }: Pick<Store, 'db'>, platform: string): Promise<string | null> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', nameOf(platform))
    .executeTakeFirst();
  return row?.value ?? null;
}
