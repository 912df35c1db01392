import { checkCommands, checkMessage, type RequestBody } from './bodies.ts';
import type { FakeInteractions } from './interactions.ts';
import { invalid, refuse } from './refusal.ts';
import type { FakeChannel, FakeMessage, FakeWorld, Right } from './world.ts';

export interface FakeRequest extends RequestBody {
  readonly method: string;
  /** Without base and version, `/channels/1/messages`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface RestDeps {
  readonly world: FakeWorld;
  readonly interactions: FakeInteractions;
  readonly gatewayUrl: () => string;
  /** The commands that are registered. */
  readonly commands: unknown[];
}

type Answer = Record<string, unknown> | Record<string, unknown>[] | null;
type Handler = (deps: RestDeps, request: FakeRequest, ...parts: string[]) => Answer;

const MOST_REACTIONS = 20;

/** What can be asked; `:name` is a part of the path. Anything else is unplanned. */
const ROUTES: readonly (readonly [string, Handler])[] = [
  ['GET /gateway/bot', gatewayBot],
  ['GET /users/@me', whoAmI],
  ['GET /applications/@me', application],
  ['POST /users/@me/channels', openPrivateChannel],
  ['PATCH /channels/:channel', openThread],
  ['GET /channels/:channel/messages', listMessages],
  ['POST /channels/:channel/messages', createMessage],
  ['GET /channels/:channel/messages/:message', getMessage],
  ['PATCH /channels/:channel/messages/:message', editMessage],
  ['DELETE /channels/:channel/messages/:message', deleteMessage],
  ['PUT /channels/:channel/messages/:message/reactions/:emoji/@me', react],
  ['DELETE /channels/:channel/messages/:message/reactions/:emoji/@me', unreact],
  ['DELETE /channels/:channel/messages/:message/reactions/:emoji/:user', takeAway],
  ['GET /channels/:channel/messages/:message/reactions/:emoji', listReactions],
  ['PUT /applications/:application/commands', putCommands],
  ['POST /interactions/:interaction/:token/callback', callback],
  ['POST /webhooks/:application/:token', followUp],
  ['PATCH /webhooks/:application/:token/messages/@original', editOriginal],
  ['DELETE /webhooks/:application/:token/messages/@original', deleteOriginal],
];

/** The route of a request, `PUT /channels/:channel/…`, with the parts that its names stand for. */
export function routeOf(method: string, path: string): { route: string; handler: Handler; parts: string[] } {
  const asked = path.split('/');
  for (const [route, handler] of ROUTES) {
    const [known, pattern] = route.split(' ');
    const wanted = (pattern ?? '').split('/');
    if (known !== method || wanted.length !== asked.length) continue;
    const same = wanted.every(
      (part, i) => part.startsWith(':') || part === decodeURIComponent(asked[i] ?? ''),
    );
    if (!same) continue;
    const parts = asked.filter((_, i) => wanted[i]?.startsWith(':')).map(decodeURIComponent);
    return { route, handler, parts };
  }
  throw new Error(`unplanned: ${method} ${path}`);
}

/** Does what a request asks. @returns null for 204 */
export function answerRequest(deps: RestDeps, request: FakeRequest): Answer {
  const { handler, parts } = routeOf(request.method, request.path);
  return handler(deps, request, ...parts);
}

function gatewayBot({ gatewayUrl }: RestDeps): Answer {
  const limit = { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 };
  return { url: gatewayUrl(), shards: 1, session_start_limit: limit };
}

function whoAmI({ world }: RestDeps): Answer {
  return world.userJson(world.bot);
}

function application({ world }: RestDeps): Answer {
  return {
    id: world.bot.id,
    name: world.bot.name,
    flags: 0,
    bot_public: true,
    bot_require_code_grant: false,
    approximate_guild_count: 1,
  };
}

function openPrivateChannel({ world }: RestDeps, { json }: FakeRequest): Answer {
  const user = world.users.get(String(json.recipient_id));
  if (!user) refuse('unknownUser');
  return world.channelJson(world.privateChannel(user));
}

function openThread({ world }: RestDeps, { json }: FakeRequest, channelId = ''): Answer {
  const channel = channelOf(world, channelId, 'SendMessages');
  if (channel.type !== 11 || json.archived !== false) invalid('only a thread can be opened');
  channel.archived = false;
  return world.channelJson(channel);
}

function listMessages({ world }: RestDeps, { query }: FakeRequest, channelId = ''): Answer {
  const channel = channelOf(world, channelId);
  if (channel.missing.has('ReadMessageHistory')) return [];
  const limit = Number(query.get('limit') ?? 50);
  if (limit < 1 || limit > 100) invalid('limit is not 1 to 100');
  const after = query.get('after');
  const all = world.shown(channelId);
  const page =
    after === null ? all.slice(-limit) : all.filter((one) => BigInt(one.id) > BigInt(after)).slice(0, limit);
  return page.reverse().map((one) => world.messageJson(one));
}

function createMessage({ world }: RestDeps, { json, files }: FakeRequest, channelId = ''): Answer {
  const channel = channelOf(world, channelId, 'SendMessages');
  if (files.length > 0) need(channel, 'AttachFiles');
  if (((json.embeds ?? []) as unknown[]).length > 0) need(channel, 'EmbedLinks');
  if (channel.recipient && world.closedTo.has(channel.recipient.id)) refuse('cannotTell');
  checkMessage(
    json,
    files.map((file) => file.name),
  );
  const nonce = json.nonce === undefined ? null : String(json.nonce);
  const known = world.shown(channelId).find((one) => one.nonce === nonce && one.author === world.bot);
  if (known && nonce !== null && json.enforce_nonce === true) return world.messageJson(known);
  channel.archived = false;
  const allowed = (json.allowed_mentions ?? {}) as { users?: string[] };
  const message = world.addMessage({
    channelId,
    content: String(json.content ?? ''),
    embeds: (json.embeds ?? []) as Record<string, unknown>[],
    components: (json.components ?? []) as unknown[],
    nonce,
    files: filesOf(json, files),
    mentions: [...String(json.content ?? '').matchAll(/<@(\d+)>/g)]
      .map((match) => match[1] ?? '')
      .filter((id) => allowed.users?.includes(id)),
  });
  return world.messageJson(message);
}

function getMessage({ world }: RestDeps, _request: FakeRequest, channelId = '', messageId = ''): Answer {
  return world.messageJson(messageOf(world, channelId, messageId));
}

function editMessage({ world }: RestDeps, request: FakeRequest, channelId = '', messageId = ''): Answer {
  const { json, files } = request;
  const message = messageOf(world, channelId, messageId);
  if (message.author !== world.bot) refuse('notYours');
  if (channelOf(world, channelId).archived) refuse('threadArchived');
  const kept = json.attachments === undefined ? message.files : filesOf(json, files);
  checkMessage(json, [...kept.keys()], { partial: true });
  message.files = kept;
  message.content = String(json.content ?? message.content);
  message.embeds = (json.embeds ?? message.embeds) as Record<string, unknown>[];
  message.components = (json.components ?? message.components) as unknown[];
  message.editedAt = Date.now();
  world.dispatch('MESSAGE_UPDATE', channelId, world.messageJson(message));
  return world.messageJson(message);
}

function deleteMessage({ world }: RestDeps, _request: FakeRequest, channelId = '', messageId = ''): Answer {
  world.delete(messageOf(world, channelId, messageId));
  return null;
}

function react(
  { world }: RestDeps,
  _request: FakeRequest,
  channelId = '',
  messageId = '',
  emoji = '',
): Answer {
  const message = messageOf(world, channelId, messageId);
  const channel = channelOf(world, channelId);
  if (channel.archived) refuse('threadArchived');
  if (!/\p{Emoji}/u.test(emoji) || /^[0-9]\u{20E3}/u.test(emoji)) refuse('unknownEmoji');
  if (!world.reactionOf(message, emoji, null)) {
    need(channel, 'AddReactions');
    if (message.reactions.length >= MOST_REACTIONS) refuse('tooManyReactions');
  }
  world.react(message, world.bot, emoji);
  return null;
}

function unreact(
  { world }: RestDeps,
  _request: FakeRequest,
  channelId = '',
  messageId = '',
  emoji = '',
): Answer {
  const message = messageOf(world, channelId, messageId);
  if (!world.reactionOf(message, emoji, null)) refuse('unknownEmoji');
  world.takeBack(message, world.bot, emoji);
  return null;
}

function takeAway(
  { world }: RestDeps,
  _request: FakeRequest,
  channelId = '',
  messageId = '',
  emoji = '',
  userId = '',
): Answer {
  const message = messageOf(world, channelId, messageId);
  need(channelOf(world, channelId), 'ManageMessages');
  const [name = '', id = null] = emoji.split(':');
  const reaction = world.reactionOf(message, name, id);
  const user = world.users.get(userId);
  if (!reaction) refuse('unknownEmoji');
  if (!user) refuse('unknownUser');
  world.takeBack(message, user, name, id);
  return null;
}

function listReactions(
  { world }: RestDeps,
  { query }: FakeRequest,
  channelId = '',
  messageId = '',
  emoji = '',
): Answer {
  const reaction = world.reactionOf(messageOf(world, channelId, messageId), emoji, null);
  if (!reaction) refuse('unknownEmoji');
  const after = BigInt(query.get('after') ?? 0);
  const users = reaction.users.filter((user) => BigInt(user.id) > after);
  users.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  return users.slice(0, Number(query.get('limit') ?? 25)).map((user) => world.userJson(user));
}

function putCommands({ commands, world }: RestDeps, { json }: FakeRequest, applicationId = ''): Answer {
  if (applicationId !== world.bot.id) refuse('missingAccess');
  const given = json as unknown as Parameters<typeof checkCommands>[0];
  checkCommands(given);
  commands.splice(0, commands.length, ...given);
  return given.map((one) => ({ ...one, id: world.bot.id, application_id: applicationId }));
}

function callback({ interactions }: RestDeps, { json }: FakeRequest, id = '', token = ''): Answer {
  interactions.callback(id, token, json);
  return null;
}

function followUp({ interactions, world }: RestDeps, request: FakeRequest, _app = '', token = ''): Answer {
  checkMessage(
    request.json,
    request.files.map((file) => file.name),
  );
  return world.messageJson(interactions.followUp(token, request.json));
}

function editOriginal(
  { interactions, world }: RestDeps,
  request: FakeRequest,
  _app = '',
  token = '',
): Answer {
  checkMessage(
    request.json,
    request.files.map((file) => file.name),
    { partial: true },
  );
  return world.messageJson(interactions.editOriginal(token, request.json));
}

function deleteOriginal({ interactions }: RestDeps, _request: FakeRequest, _app = '', token = ''): Answer {
  interactions.deleteOriginal(token);
  return null;
}

function channelOf(world: FakeWorld, channelId: string, ...rights: Right[]): FakeChannel {
  const channel = world.channels.get(channelId);
  if (!channel || channel.deleted) refuse('unknownChannel');
  if (channel.missing.has('ViewChannel')) refuse('missingAccess');
  for (const right of rights) need(channel, right);
  return channel;
}

function need(channel: FakeChannel, right: Right): void {
  if (channel.missing.has(right)) refuse('missingPermissions');
}

function messageOf(world: FakeWorld, channelId: string, messageId: string): FakeMessage {
  if (channelOf(world, channelId).missing.has('ReadMessageHistory')) refuse('missingAccess');
  const message = world.messages.get(messageId);
  if (!message || message.deleted || message.onlyFor !== null || message.channelId !== channelId)
    refuse('unknownMessage');
  return message;
}

function filesOf(json: Record<string, unknown>, files: RequestBody['files']): FakeMessage['files'] {
  const described = (json.attachments ?? []) as { id: string; description?: string | null }[];
  return new Map(
    files.map(({ name, bytes }, i) => {
      const description = described.find((one) => one.id === String(i))?.description ?? null;
      return [name, { bytes, description }];
    }),
  );
}
