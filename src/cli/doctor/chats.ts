import { z } from 'zod';
import type { Config } from '../../config.ts';
import { ANSWER_MS, type Answer, ask, bad, checked, type Finding, note, ok } from './report.ts';

const me = z.object({ id: z.string(), username: z.string() });
const application = z.object({
  bot_public: z.boolean().optional(),
  bot_require_code_grant: z.boolean().optional(),
  approximate_guild_count: z.number().optional(),
});
const gateway = z.object({
  url: z.string(),
  session_start_limit: z.object({ remaining: z.number(), total: z.number() }),
});

/** Who the bot is, what its application is set to, and whether the gateway says hello. */
export async function checkDiscord({ token, api }: NonNullable<Config['discord']>): Promise<Finding[]> {
  const base = `${api ?? 'https://discord.com/api'}/v10`;
  const get = (path: string) =>
    ask(`${base}${path}`, {
      headers: {
        authorization: `Bot ${token}`,
        'user-agent': 'DiscordBot (https://github.com/, 10) Visavis',
      },
    });
  const who = await get('/users/@me');
  if (who.status === 401)
    return [
      bad(
        'Discord',
        'the token is refused; make a new one at the developer portal (Bot, Reset Token) and set VISAVIS_DISCORD_TOKEN',
      ),
    ];
  const user = me.safeParse(who.json);
  if (!user.success) return [bad('Discord', `did not say who the bot is (HTTP ${who.status})`)];
  const [flags, door] = await Promise.all([
    checked('Discord', async () => ofApplication(await get('/applications/@me'))),
    checked('Discord', async () => ofGateway(await get('/gateway/bot'))),
  ]);
  return [ok('Discord', `signed in as ${user.data.username} (${user.data.id})`), ...flags, ...door];
}

function ofApplication({ status, json }: Answer): Finding[] {
  const read = application.safeParse(json);
  if (!read.success) return [note('Discord', `its application could not be looked at (HTTP ${status})`)];
  const { bot_public, bot_require_code_grant, approximate_guild_count: servers } = read.data;
  if (bot_require_code_grant)
    return [
      bad(
        'Discord',
        '"Requires OAuth2 Code Grant" is on, so nobody can invite the bot; switch it off at the developer portal',
      ),
    ];
  const findings = [
    servers === 0
      ? note('Discord', 'the bot is in no server yet; the help page has the link that invites it')
      : ok('Discord', servers === undefined ? 'its application is in order' : `in about ${servers} servers`),
  ];
  if (bot_public === false)
    findings.push(
      note(
        'Discord',
        'the bot is private: only its owner can invite it ("Public Bot" at the developer portal)',
      ),
    );
  return findings;
}

async function ofGateway({ status, json }: Answer): Promise<Finding[]> {
  const read = gateway.safeParse(json);
  if (!read.success) return [bad('Discord', `has no gateway for this bot (HTTP ${status})`)];
  const { url, session_start_limit: starts } = read.data;
  const said = await firstWord(`${url}?v=10&encoding=json`);
  const left = `${starts.remaining} of ${starts.total} sign-ins left today`;
  if (said !== HELLO) return [bad('Discord', `the gateway ${new URL(url).host} did not say hello`)];
  return starts.remaining < 20
    ? [note('Discord', `the gateway answers; only ${left}: does the bot start again and again?`)]
    : [ok('Discord', `the gateway answers, ${left}`)];
}

const HELLO = 10;

/** The operation code of the first thing that the gateway says; null: it says nothing. */
function firstWord(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const end = (code: number | null) => {
      clearTimeout(timer);
      socket.close();
      resolve(code);
    };
    const timer = setTimeout(() => end(null), ANSWER_MS);
    socket.addEventListener('message', ({ data }) => {
      const read = z.object({ op: z.number() }).safeParse(JSON.parse(String(data)));
      end(read.data?.op ?? null);
    });
    socket.addEventListener('error', () => end(null));
  });
}

const whoAmI = z.object({ user_id: z.string() });
const rooms = z.object({ joined_rooms: z.array(z.string()) });
const sync = z.object({ next_batch: z.string() });

/** Who the bot is, where it is, and whether events can be followed. */
export async function checkMatrix({ homeserver, token }: NonNullable<Config['matrix']>): Promise<Finding[]> {
  const get = (path: string) =>
    ask(`${homeserver}/_matrix/client/v3${path}`, { headers: { authorization: `Bearer ${token}` } });
  const who = await get('/account/whoami');
  if (who.status === 401)
    return [
      bad('Matrix', `${homeserver} refuses the token; sign the bot in again and set VISAVIS_MATRIX_TOKEN`),
    ];
  const user = whoAmI.safeParse(who.json);
  if (!user.success)
    return [
      bad(
        'Matrix',
        `${homeserver} is no homeserver (HTTP ${who.status}); is it the address of the client API?`,
      ),
    ];
  // Nothing of the rooms themselves is asked for, only a place to go on from.
  const filter = { room: { timeline: { limit: 0 }, state: { limit: 0 } }, presence: { limit: 0 } };
  const query = new URLSearchParams({ timeout: '0', filter: JSON.stringify(filter) });
  const [joined, followed] = await Promise.all([get('/joined_rooms'), get(`/sync?${query}`)]);
  const count = rooms.safeParse(joined.json).data?.joined_rooms.length;
  return [
    ok('Matrix', `signed in as ${user.data.user_id}, in ${count ?? '?'} rooms`),
    sync.safeParse(followed.json).success
      ? ok('Matrix', 'events can be followed')
      : bad('Matrix', `events cannot be followed (HTTP ${followed.status})`),
  ];
}
