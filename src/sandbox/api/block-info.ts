import type { Json } from '../json.ts';
import type { Block } from '../state/users.ts';
import { isoTime, readableTime } from '../times.ts';

/** A block as the API tells it, in `meta=userinfo` and beside refusals. */
export function blockInfo(block: Block): Json {
  return {
    blockid: block.id,
    blockedby: block.by,
    blockedbyid: block.byId,
    blockreason: block.reason,
    blockedtimestamp: isoTime(block.at),
    blockexpiry: isoTime(block.expires),
    blockpartial: block.pages !== undefined,
    blocknocreate: block.pages === undefined,
    blockanononly: false,
    blockedtimestampformatted: readableTime(block.at),
    blockexpiryformatted: readableTime(block.expires),
    blockexpiryrelative: readableTime(block.expires),
  };
}
