import { randomBytes } from 'node:crypto';
import { VisavisError } from '../../core/platform/errors.ts';
import {
  DEFAULT_CHANNEL,
  isChannelName,
  MAX_TEXT_LENGTH,
  postMessage,
  type RoomUser,
} from '../../core/room/messages.ts';
import { addReaction, removeReaction } from '../../core/room/reactions.ts';
import { channels, channelVersion, listMessages, pictureOf } from '../../core/room/reading.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { newRoomUser, readNickname } from '../room-user.ts';
import type { RouteDeps } from './index.ts';

/**
 * The practice room: a chat in the browser. Who somebody is here hangs on the browser's session, not on the
 * account that is signed in, just as on any other chat.
 */
export function roomRoutes(deps: RouteDeps): WebRouter {
  const { store, view, live, limits } = deps;
  const router = newRouter();

  router.get('/room', (ctx) => {
    const wish = query(ctx, 'channel').trim().toLowerCase();
    ctx.redirect(`/room/${isChannelName(wish) ? wish : DEFAULT_CHANNEL}`);
  });

  router.get('/room/:channel', async (ctx) => {
    const channel = channelOf(ctx);
    const user = userOf(ctx);
    // Read before the messages: a change in between is then shown twice instead of not at all.
    const version = await channelVersion(store, channel);
    view.render(ctx, 'room', {
      channel,
      channels: await channels(store),
      user,
      version,
      messages: await listMessages(store, { channel, forUser: user.id }),
      sendKey: randomBytes(9).toString('base64url'),
      maxLength: MAX_TEXT_LENGTH,
      commands: (deps.commands ?? []).map(({ group, commands }) => ({
        group,
        commands: commands.filter(({ on }) => on === null || on.includes('room')),
      })),
    });
  });

  router.get('/room/:channel/messages', async (ctx) => {
    const channel = channelOf(ctx);
    const user = userOf(ctx);
    view.fragment(ctx, 'room-messages', {
      channel,
      user,
      messages: await listMessages(store, { channel, forUser: user.id }),
    });
  });

  router.get('/room/:channel/events', (ctx) => {
    const channel = channelOf(ctx);
    live.stream(ctx, {
      topics: [`room:${channel}`],
      version: () => channelVersion(store, channel),
      since: query(ctx, 'since'),
      everyMs: 5000,
    });
  });

  router.get('/room/:channel/pictures/:id', async (ctx) => {
    const user = userOf(ctx);
    const picture = await pictureOf(store, {
      channel: channelOf(ctx),
      messageId: idParam(ctx, 'id'),
      forUser: user.id,
    });
    if (!picture) throw new VisavisError('not_found', ctx.state.t('web-room-picture-gone'));
    ctx.type = picture.type;
    // The address holds a version. Private: some messages are.
    ctx.set('Cache-Control', 'private, max-age=86400');
    ctx.body = Buffer.from(picture.bytes);
  });

  router.post('/room/:channel/messages', rateLimit(limits, 'answers'), async (ctx) => {
    const channel = channelOf(ctx);
    const user = userOf(ctx);
    const key = field(ctx, 'key').slice(0, 40);
    await postMessage(deps, {
      channel,
      user,
      body: { text: field(ctx, 'text').trim() },
      // A form that is sent twice says it once.
      ...(key ? { sendKey: `${user.id} ${key}` } : {}),
    });
    back(ctx, channel, '#composer');
  });

  router.post('/room/:channel/messages/:id/reactions', rateLimit(limits, 'answers'), async (ctx) => {
    const channel = channelOf(ctx);
    const user = userOf(ctx);
    const messageId = idParam(ctx, 'id');
    const [change, emoji = ''] = field(ctx, 'change').split(' ');
    if (change === 'add') await addReaction(deps, { messageId, user, emoji });
    else if (change === 'remove') await removeReaction(deps, { messageId, user, emoji });
    else throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    back(ctx, channel, `#m${messageId}`);
  });

  router.post('/room/:channel/name', rateLimit(limits, 'answers'), (ctx) => {
    const channel = channelOf(ctx);
    const user = userOf(ctx);
    ctx.state.session.data.room = { id: user.id, name: readNickname(field(ctx, 'name'), ctx.state.t) };
    back(ctx, channel, '');
  });

  return router;
}

function channelOf(ctx: WebContext): string {
  const channel = ctx.params.channel ?? '';
  if (!isChannelName(channel)) throw new VisavisError('not_found', ctx.state.t('web-room-no-channel'));
  return channel;
}

function userOf(ctx: WebContext): RoomUser {
  const { data } = ctx.state.session;
  data.room ??= newRoomUser(ctx.state.t);
  if (data.room.name === '') data.room = { ...newRoomUser(ctx.state.t), id: data.room.id };
  return data.room;
}

/** Modules ask for JSON and stay where they are; forms go back to the room. */
function back(ctx: WebContext, channel: string, anchor: string): void {
  if (ctx.accepts('html', 'json') === 'json') {
    ctx.body = { ok: true };
    return;
  }
  seeOther(ctx, `/room/${channel}${anchor}`);
}
