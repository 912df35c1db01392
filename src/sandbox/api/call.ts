import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import type { MischiefRule } from '../misbehave.ts';
import type { Caller } from './caller.ts';
import type { Warning } from './format.ts';
import type { Params } from './params.ts';

/** One request to the Action API, on its way through a module. */
export interface ApiCall {
  wiki: Wiki;
  action: string;
  params: Params;
  caller: Caller;
  /** Whether it was a POST. */
  posted: boolean;
  /** Whether the token stood in the address instead of the form. */
  tokenInAddress: boolean;
  mischief: MischiefRule | null;
  warnings: Warning[];
}

/** A module answers in the shape of formatversion 2. */
export type ApiModule = (call: ApiCall) => Json;
