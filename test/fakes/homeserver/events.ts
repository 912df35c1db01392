import { randomBytes } from 'node:crypto';

export type Json = Record<string, unknown>;

/** An event as the homeserver keeps it. */
export interface StoredEvent {
  /** In the order of the whole homeserver. */
  readonly position: number;
  readonly eventId: string;
  readonly roomId: string;
  readonly type: string;
  readonly sender: string;
  content: Json;
  readonly stateKey?: string;
  readonly redacts?: string;
  readonly at: number;
  readonly txn?: { readonly token: string; readonly id: string };
  /** The state event that stood there before. */
  readonly before?: StoredEvent;
  redactedBy?: StoredEvent;
}

/** What the homeserver refuses with. */
export class Refused extends Error {
  readonly status: number;
  readonly body: Json;

  constructor(status: number, errcode: string, error: string, extra: Json = {}) {
    super(`${status} ${errcode}: ${error}`);
    this.status = status;
    this.body = { errcode, error, ...extra };
  }
}

export const newId = (mark: string) => `${mark}${randomBytes(32).toString('base64url')}`;

interface Viewer {
  readonly now: number;
  readonly token: string;
  /** The viewer's own membership when the event came. */
  readonly membership?: string;
}

/** As it stands in a sync: without the room. */
export function inSync(event: StoredEvent, viewer: Viewer): Json {
  return {
    type: event.type,
    sender: event.sender,
    content: event.content,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    ...(event.redacts === undefined ? {} : { redacts: event.redacts }),
    origin_server_ts: event.at,
    unsigned: unsignedOf(event, viewer, inSync),
    event_id: event.eventId,
    // Since version 12 the room is named after the event that made it.
    ...(event.roomId.slice(1) === event.eventId.slice(1) ? { room_id: event.roomId } : {}),
  };
}

/** As every other answer has it: with the room, and with what older clients expect. */
export function alone(event: StoredEvent, viewer: Viewer): Json {
  const age = viewer.now - event.at;
  return {
    type: event.type,
    sender: event.sender,
    content: event.content,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    ...(event.redacts === undefined ? {} : { redacts: event.redacts }),
    room_id: event.roomId,
    origin_server_ts: event.at,
    unsigned: unsignedOf(event, viewer, alone),
    event_id: event.eventId,
    user_id: event.sender,
    age,
    ...(event.redactedBy ? { redacted_because: alone(event.redactedBy, viewer) } : {}),
  };
}

function unsignedOf(event: StoredEvent, viewer: Viewer, because: typeof inSync): Json {
  const { redactedBy, before, txn } = event;
  return {
    ...(before
      ? { replaces_state: before.eventId, prev_content: before.content, prev_sender: before.sender }
      : {}),
    ...(redactedBy
      ? { redacted_by: redactedBy.eventId, redacted_because: because(redactedBy, { ...viewer, token: '' }) }
      : {}),
    ...(viewer.membership === undefined ? {} : { membership: viewer.membership }),
    age: viewer.now - event.at,
    ...(txn && txn.token === viewer.token ? { transaction_id: txn.id } : {}),
  };
}
