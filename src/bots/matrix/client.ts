import type { IStorageProvider, MatrixClient } from 'matrix-bot-sdk';
import type { Log } from '../../core/platform/log.ts';
import { loadSdk } from './sdk.ts';
import { exchange, type WireOptions } from './wire.ts';

export interface ClientOptions extends WireOptions {
  readonly storage: IStorageProvider;
  readonly log: Log;
}

/** How long the server holds a sync open while nothing happens. */
const POLL_MS = 30_000;

/** The SDK's client, with the parts exchanged that a tireless bot cannot use. */
export interface Client extends MatrixClient {
  /** One sync after `since`, at most POLL_MS long. */
  poll(since: string): Promise<unknown>;
  /** The position now, and pending invitations, which no later sync shows; no history. */
  prime(): Promise<unknown>;
  /** Rooms that the bot was in when it started. */
  readonly joinedAtStart: readonly string[];
}

/** Sync filter, as recorded: no presence, and few members. */
export const FILTER = {
  room: { timeline: { limit: 50 }, state: { lazy_load_members: true } },
  presence: { types: [] },
};
const PRIMING_FILTER = { ...FILTER, room: { ...FILTER.room, timeline: { limit: 0 } } };

/**
 * A client for one account. The SDK's own requests cannot be ended and drop `Retry-After`; its sync loop passes
 * over gaps in silence, stores the position before anything is handled, and asks for ever with a revoked token.
 * So requests go through `wire.ts`, and whoever holds the client polls.
 */
export async function createClient(options: ClientOptions): Promise<Client> {
  const { MatrixClient, LogService } = await loadSdk();
  const note = (...words: unknown[]) => options.log.debug({ sdk: words.map(String) }, 'matrix-bot-sdk');
  // What matters reaches us as an error; the SDK would write it to the console as well.
  LogService.setLogger({ trace: () => {}, debug: () => {}, info: () => {}, warn: note, error: note });

  class TirelessClient extends MatrixClient implements Client {
    joinedAtStart: string[] = [];

    override async doRequest(
      method: string,
      path: string,
      query: Record<string, unknown> | null = null,
      body: unknown = null,
      timeoutMs = 60_000,
      _raw = false,
      contentType = 'application/json',
    ): Promise<unknown> {
      return exchange(options, { method, path, query, body, timeoutMs, contentType });
    }

    override async getJoinedRooms(): Promise<string[]> {
      this.joinedAtStart = await super.getJoinedRooms();
      return this.joinedAtStart;
    }

    /** `start` prepares everything; polling is ours. */
    protected override async startSyncInternal(): Promise<void> {}

    poll(since: string): Promise<unknown> {
      this.syncingTimeout = POLL_MS;
      return this.doSync(since);
    }

    prime(): Promise<unknown> {
      return this.doRequest('GET', '/_matrix/client/v3/sync', {
        timeout: 0,
        filter: JSON.stringify(PRIMING_FILTER),
      });
    }
  }
  const client = new TirelessClient(options.homeserver, options.token, options.storage);
  // The SDK's list of direct rooms answers invitations by itself, and a refusal there would end the process.
  client.removeAllListeners();
  return client;
}
