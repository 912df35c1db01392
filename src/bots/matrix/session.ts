import type { IStorageProvider } from 'matrix-bot-sdk';
import type { Clock } from '../../core/platform/clock.ts';
import type { Log } from '../../core/platform/log.ts';
import { keepBotName } from '../../core/projects/bot-names.ts';
import type { Store } from '../../core/store/store.ts';
import type { Translate } from '../cards.ts';
import type { ChatHandlers, ChatHealth, Followed } from '../chat.ts';
import { createClient, FILTER } from './client.ts';
import { createDirectRooms } from './direct.ts';
import { followRoom } from './follow.ts';
import { createHistory } from './history.ts';
import { createInbox } from './inbox.ts';
import { readSync } from './incoming.ts';
import { createInvitations } from './invitations.ts';
import { createListener, type ReplacedRoom } from './listener.ts';
import { createMemory, type Memory } from './memory.ts';
import { createMessages, type Messages } from './messages.ts';
import { createOutbox, pauseAfter, reading } from './outbox.ts';
import { createRooms } from './rooms.ts';
import { isTokenRefused, MatrixRefusal, MatrixStopped } from './wire.ts';

/** The homeserver is away when no sync was good for so long; an empty one takes 30 s. */
const READY_FOR_MS = 90_000;
/** More than that wait: the next sync is asked for when fewer do. */
const MOST_WAITING = 500;

export interface MatrixDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Base address without a slash at its end. */
  readonly homeserver: string;
  readonly token: string;
  readonly userAgent: string;
  readonly translate: (language: string) => Translate;
  /** May this Matrix user have the bot in a room? (`inviters.ts`) */
  readonly mayInvite: (userId: string) => Promise<boolean>;
  /** A room was upgraded. With the owner's yes (`moves.ts`) `follow` joins the new one. */
  readonly onReplaced?: (change: ReplacedRoom) => Promise<void>;
}

/** From one start to the next stop. */
export interface Session {
  readonly messages: Messages;
  readonly follow: (roomId: string, userId: string) => Promise<Followed>;
  health(): ChatHealth;
  stop(): Promise<void>;
}

/**
 * Connects, and then follows the homeserver's events until `stop`.
 * @param onRefused the token is no longer good: everything has ended
 * @throws MatrixRefusal, MatrixUnreachable
 */
export async function openSession(
  deps: MatrixDeps,
  handlers: ChatHandlers,
  onRefused: () => void,
): Promise<Session> {
  const { clock, log } = deps;
  const ending = new AbortController();
  const { signal } = ending;
  let memory: Memory | null = null;
  const client = await createClient({
    homeserver: deps.homeserver,
    token: deps.token,
    userAgent: deps.userAgent,
    clock,
    log,
    signal,
    storage: storageOf(() => memory),
  });
  const refuse = () => {
    if (signal.aborted) return;
    ending.abort();
    onRefused();
  };
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (isTokenRefused(error)) refuse();
      throw error;
    }
  };

  const userId = await watched(() => client.getUserId());
  const kept = await createMemory(deps.store, () => clock.now(), userId);
  memory = kept;
  await keepBotName(deps.store, 'matrix', userId);
  await watched(() => client.start(FILTER));
  const line = createOutbox({ clock, log, signal });
  const outbox: typeof line = { send: (priority, work) => watched(() => line.send(priority, work)) };
  const read = <T>(work: () => Promise<T>) => watched(() => reading({ clock, log, signal }, work));
  const rooms = createRooms(client, read);
  for (const roomId of client.joinedAtStart) rooms.joined(roomId);
  const direct = createDirectRooms({ client, userId, rooms, outbox, read });
  await direct.load();
  const shown = new Set(client.joinedAtStart);
  const history = await createHistory({
    memory: kept,
    userId,
    isShown: (roomId) => shown.has(roomId),
    get: (path, query) => read(() => client.doRequest('GET', path, query)),
  });
  const inbox = createInbox({ clock, log, signal });
  const messages = createMessages({
    client,
    userId,
    memory: kept,
    outbox,
    rooms,
    direct,
    history,
    read,
    onLate: () => inbox.after('a late message', async () => handlers.onGap?.()),
  });
  const translate = deps.translate('en');
  const invitations = createInvitations({
    client,
    outbox,
    rooms,
    direct,
    log,
    mayInvite: deps.mayInvite,
    tell: (person, text) => messages.tell(person, { text }),
    translate,
  });
  const hear = createListener({
    clock,
    log,
    userId,
    shown,
    memory: kept,
    inbox,
    rooms,
    direct,
    messages,
    history,
    invitations,
    handlers,
    translate,
    onReplaced: deps.onReplaced ?? (async () => {}),
  });

  let since = await kept.read('sync');
  if (since === null) {
    const first = readSync(await watched(() => client.prime()), userId);
    // Nobody knows what happened in rooms that the bot is in already.
    for (const roomId of client.joinedAtStart) await history.doubt(roomId);
    hear({ ...first, rooms: [], left: [] });
    await kept.write('sync', first.next);
    since = first.next;
  }
  let lastGood = clock.now();
  const following = follow(since);

  return {
    messages,
    follow: (roomId, userId) => followRoom({ client, rooms, outbox }, roomId, userId),
    health() {
      if (clock.now() - lastGood < READY_FOR_MS) return { state: 'up', reason: null };
      return {
        state: 'away',
        reason: `The homeserver ${deps.homeserver} does not answer; the bot goes on when it does.`,
      };
    },
    async stop() {
      ending.abort();
      await following;
      await inbox.idle();
    },
  };

  async function follow(from: string): Promise<void> {
    let place = from;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await inbox.below(MOST_WAITING);
        const answer = readSync(await watched(() => client.poll(place)), userId);
        const batch = await history.filled(answer, place);
        place = batch.next;
        failures = 0;
        lastGood = clock.now();
        hear(batch);
      } catch (error) {
        if (signal.aborted || error instanceof MatrixStopped) return;
        failures++;
        // Once for each time that it goes away.
        if (failures === 1)
          log.warn({ error: String(error) }, 'the homeserver does not answer; trying again');
        const given = error instanceof MatrixRefusal ? error.retryAfterMs : null;
        await clock.sleep(given ?? pauseAfter(failures), signal);
      }
    }
  }
}

/**
 * What the SDK keeps of a session. It takes the place in the sync away when its filter changes, and would replay
 * history; here that place is written by whoever has handled the events before it.
 */
function storageOf(memory: () => Memory | null): IStorageProvider {
  return {
    setSyncToken: () => {},
    getSyncToken: () => null,
    async setFilter(filter) {
      await memory()?.write('filter', JSON.stringify(filter));
    },
    async getFilter() {
      return JSON.parse((await memory()?.read('filter')) ?? 'null');
    },
    storeValue: () => {},
    readValue: () => null,
  };
}
