import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandHelp, commandsOn } from '../../src/bots/commands.ts';
import { createRoomChat } from '../../src/bots/room/room.ts';
import { forgetAccount } from '../../src/core/accounts/forget.ts';
import { confirmLink, startLink } from '../../src/core/accounts/linking.ts';
import type { Store } from '../../src/core/store/store.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;

beforeEach(async () => {
  const fresh = await freshStore();
  ({ dispose, store } = fresh);
  site = await startSite(store);
});
afterEach(async () => {
  await site.close();
  await dispose();
});

const room = (browser: Browser) => browser.get('/room/practice').then((response) => response.text());
const chat = () => createRoomChat({ ...site.deps, mayManageRoom: () => true });

test('two browsers are two people, with names that can be changed', async () => {
  const [ann, bob] = [new Browser(site.url), new Browser(site.url)];
  expect(await room(ann)).toMatch(/Visitor [0-9A-F]{4}/);
  await ann.post('/room/practice/name', { name: '  Ann\u202e   Lee ' });
  expect((await ann.post('/room/practice/messages', { text: 'hello\nBob' })).headers.get('location')).toBe(
    '/room/practice#composer',
  );
  const page = await room(bob);
  expect(page).toContain('<bdi>Ann Lee</bdi>');
  expect(page).toContain('hello\nBob');
  expect(page).not.toContain('msg--mine');
  expect(await room(ann)).toContain('msg--mine');
});

test('what people say and are called is shown as it is, never as markup', async () => {
  const [ann, bob] = [new Browser(site.url), new Browser(site.url)];
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)> <%= 1 %> \${x}`;
  await ann.post('/room/practice/name', { name: '<b onclick=x>A' });
  await ann.post('/room/practice/messages', { text: evil });
  await chat().post(
    'practice',
    {
      title: '<u>t</u>',
      fields: [{ label: '<u>l</u>', value: '<u>v</u>' }],
      links: [
        { text: '<u>x</u>', url: 'javascript:alert(1)' },
        { text: 'y', url: '//evil.example' },
      ],
      footer: '<u>f</u>',
    },
    'k',
  );
  for (const page of [await room(bob), await (await bob.get('/room/practice/messages')).text()]) {
    expect(page).not.toMatch(/<script>alert|<img src=x|<b onclick|<u>|javascript:|href="\/\/evil/);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('&lt;%= 1 %&gt;');
  }
});

test('emoji are buttons that add and take back', async () => {
  const [ann, bob] = [new Browser(site.url), new Browser(site.url)];
  const bot = chat();
  const id = await bot.post('practice', { title: 'Is this Ada?' }, 'k');
  await bot.seed('practice', id, ['✅', '❌']);
  const path = `/room/practice/messages/${id}/reactions`;
  await ann.post(path, { change: 'add ✅' });
  await ann.post(path, { change: 'add ✅' });
  await bob.post(path, { change: 'add ✅' });
  expect(await room(ann)).toContain('value="remove ✅" data-emoji="✅" aria-pressed="true"');
  expect(await room(ann)).toContain('aria-label="✅, 2 people"');
  await ann.post(path, { change: 'remove ✅' });
  expect(await room(ann)).toContain('value="add ✅" data-emoji="✅" aria-pressed="false"');
  expect(await bot.reactions('practice', id)).toHaveLength(1);
  expect((await ann.post(path, { change: 'add <b>' })).status).toBe(400);
  expect((await ann.post(path, { change: 'eat ✅' })).status).toBe(400);
  expect((await ann.post('/room/practice/messages/999/reactions', { change: 'add ✅' })).status).toBe(404);
});

test('a command gets a private answer that nobody else sees, and its picture neither', async () => {
  const [ann, bob] = [new Browser(site.url), new Browser(site.url)];
  const bot = chat();
  const answered = new Promise<void>((resolve) => {
    void bot.start({
      onReaction: async () => {},
      onCommand: async (command) => {
        const picture = {
          bytes: new Uint8Array([7]),
          type: 'image/png' as const,
          width: 1,
          height: 1,
          alt: 'x',
        };
        await command.replyPrivately({ text: 'your own link', picture });
        resolve();
      },
    });
  });
  await ann.post('/room/practice/messages', { text: '!visavis link' });
  await answered;
  await bot.stop();
  const page = await room(ann);
  expect(page).toContain('your own link');
  expect(page).toContain('only you see this');
  expect(await room(bob)).not.toContain('your own link');
  const picture = /\/room\/practice\/pictures\/\d+\?v=\d+/.exec(page)?.[0] ?? '';
  const loaded = await ann.get(picture);
  expect(loaded.headers.get('content-type')).toBe('image/png');
  expect(loaded.headers.get('cache-control')).toContain('private');
  expect((await bob.get(picture)).status).toBe(404);
});

test('a form that is sent twice says it once', async () => {
  const ann = new Browser(site.url);
  for (let i = 0; i < 3; i++) await ann.post('/room/practice/messages', { text: 'once', key: 'same' });
  expect((await room(ann)).split('>once<')).toHaveLength(2);
});

test('names: not empty, not too long, not the bot', async () => {
  const ann = new Browser(site.url);
  for (const name of ['', ' \u200b ', 'x'.repeat(41), 'Visavis', 'the ＶＩＳＡＶＩＳ bot']) {
    expect((await ann.post('/room/practice/name', { name })).status).toBe(400);
  }
});

test('modules get JSON: errors with a message, no stack', async () => {
  const ann = new Browser(site.url);
  const response = await ann.post('/room/practice/messages', { text: '' }, { accept: 'application/json' });
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: 'bad_input',
    message: 'Write something first.',
    request: expect.any(String),
  });
});

test('channels have plain names', async () => {
  const ann = new Browser(site.url);
  expect((await ann.get('/room')).headers.get('location')).toBe('/room/practice');
  expect((await ann.get('/room?channel=Birds')).headers.get('location')).toBe('/room/birds');
  expect((await ann.get('/room?channel=//evil')).headers.get('location')).toBe('/room/practice');
  expect((await ann.get('/room/events')).status).toBe(404);
  expect((await ann.get('/room/a_b')).status).toBe(404);
});

test('live: an event for every change, and none that was seen already', async () => {
  const ann = new Browser(site.url);
  await ann.csrf();
  const version = /data-version="([^"]+)"/.exec(await room(ann))?.[1] ?? '';
  const stream = await ann.get(`/room/practice/events?since=${version}`);
  expect(stream.headers.get('content-type')).toContain('text/event-stream');
  const events = eventsOf(stream);
  await ann.post('/room/practice/messages', { text: 'hello' });
  const first = await events.next();
  expect(first).not.toBe(version);
  await ann.post('/room/practice/messages', { text: 'again' });
  const second = await events.next();
  expect(second).not.toBe(first);
  // Reconnecting after the first tells of the second at once; after the second there is nothing to tell.
  const again = eventsOf(await ann.get('/room/practice/events', { 'last-event-id': String(first) }));
  expect(await again.next()).toBe(second);
  await Promise.all([events.cancel(), again.cancel()]);
});

test('closing the site ends its live streams', async () => {
  const other = await startSite(store);
  const stream = await fetch(`${other.url}/room/practice/events`);
  const ended = stream.text();
  await other.close();
  expect(await ended).toContain('retry: 2000');
});

function eventsOf(response: Response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  return {
    async next(): Promise<string | null> {
      for (;;) {
        const match = /event: change\ndata: (.*)\n\n/.exec(buffer);
        if (match) {
          buffer = buffer.slice(match.index + match[0].length);
          return match[1] ?? null;
        }
        const part = await reader?.read();
        if (!part || part.done) return null;
        buffer += part.value;
      }
    },
    cancel: () => reader?.cancel(),
  };
}

test('whoever is forgotten from the room is told so there, nameless, and goes on with the same forms', async () => {
  const ann = new Browser(site.url);
  await ann.signIn('Ann');
  await ann.post('/room/practice/name', { name: 'Annie of the room' });
  await ann.post('/room/practice/messages', { text: 'hello' });
  const csrf = await ann.csrf();
  const rows = await store.db.selectFrom('room_messages').select('user_id').execute();
  const userId = rows[0]?.user_id ?? '';
  const { id } = await store.db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  const token = await startLink(site.deps, { platform: 'room', externalId: userId, displayName: 'Annie' });
  await confirmLink(site.deps, token, id);
  const before = /data-who="([^"]*)"/.exec(await room(ann))?.[1];
  await forgetAccount(site.deps, id);
  await chat().tell(userId, { text: 'Done.' });
  const page = await room(ann);
  expect(page).toContain('<p class="card__text">Done.</p>');
  // By which the page finds out that it has to be loaded anew.
  expect(/data-who="([^"]*)"/.exec(page)?.[1]).not.toBe(before);
  expect(page).not.toContain('Annie');
  expect(page).toMatch(/Visitor [0-9A-F]{4}/);
  expect(page).toContain('/sign-in');
  expect((await ann.post('/room/practice/messages', { text: 'still here', csrf })).status).toBe(303);
  const sessions = await store.db.selectFrom('sessions').select(['account_id', 'data']).execute();
  expect(sessions.map((session) => session.account_id)).toEqual([null]);
  expect(JSON.stringify(sessions)).not.toContain('Annie');
});

test('every command of the bot is listed, with what stands behind it', async () => {
  const full = await startSite(store, { commands: commandHelp() });
  try {
    const visitor = new Browser(full.url);
    const shown = await room(visitor);
    const help = await (await visitor.get('/help')).text();
    for (const { name } of commandsOn('room')) expect(shown).toContain(`!visavis ${name} `);
    expect(shown).not.toContain('!visavis follow');
    for (const { name, usage = '' } of commandsOn('matrix'))
      expect(help).toContain(`<strong>${name}</strong> ${usage}</code>`);
    expect(help).toContain('undo</strong> [RUN]');
  } finally {
    await full.close();
  }
});
