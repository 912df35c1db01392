import type { Json } from '../json.ts';

/** One entry of the header MediaWiki-API-Error and of the list `errors`. */
export interface ErrorPart {
  code: string;
  text: string;
  /** Name of the interface message. */
  key: string;
  data?: Json;
  /** In the header, where that says it at greater length. */
  header?: string;
}

/** An interface message inside a Wikibase error. */
export interface WikiMessage {
  name: string;
  parameters: unknown[];
  html: string;
}

/** A refusal of the Action API. Its HTTP status is 200 unless said otherwise, as everywhere in MediaWiki. */
export class ApiError extends Error {
  readonly parts: ErrorPart[];
  /** Wikibase errors carry their messages; core errors do not. */
  readonly messages: WikiMessage[] | null;
  readonly module: string;
  /** Entries that the list forms have at the end, and the header does not. */
  readonly more: readonly ErrorPart[];
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;

  constructor(
    parts: [ErrorPart, ...ErrorPart[]],
    options: {
      messages?: WikiMessage[];
      module?: string;
      more?: readonly ErrorPart[];
      headers?: Record<string, string>;
      status?: number;
    } = {},
  ) {
    super(parts[0].text);
    this.parts = parts;
    this.messages = options.messages ?? null;
    this.module = options.module ?? 'main';
    this.more = options.more ?? [];
    this.headers = options.headers ?? {};
    this.status = options.status ?? 200;
  }

  static core(code: string, text: string, data?: Json, headers: Record<string, string> = {}): ApiError {
    return new ApiError([{ code, text, key: `apierror-${code}`, ...(data && { data }) }], { headers });
  }

  /** @param key name of the message, `wikibase-api-<code>` when left out. */
  static wikibase(
    code: string,
    text: string,
    options: { key?: string; params?: unknown[]; data?: Json; more?: WikiMessage[] } = {},
  ): ApiError {
    const key = options.key ?? `wikibase-api-${code}`;
    const message: WikiMessage = { name: key, parameters: options.params ?? [], html: text };
    return new ApiError([{ code, text, key, ...(options.data && { data: options.data }) }], {
      messages: [message, ...(options.more ?? [])],
    });
  }

  /** For a page or entity that is not there; the text is the raw key, as in the original. */
  static noSuchEntity(id: string): ApiError {
    return ApiError.wikibase('no-such-entity', '⧼no-such-entity⧽', { key: 'no-such-entity', params: [id] });
  }
}
