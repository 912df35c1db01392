/**
 * What this room uses of m3api 1.1's core, whose own declarations do not lie beside the module.
 * `request` and the shapes of errors and warnings are `unknown` here on purpose: answers are read with zod.
 */
declare module 'm3api/core.js' {
  export type Param = string | number | boolean | readonly (string | number)[] | undefined;

  export interface Options {
    readonly method?: 'GET' | 'POST';
    readonly accessToken?: string;
    /** m3api's own retries stop at this time of `clock.performance`; ours live in `retry.ts`. */
    readonly retryUntil?: number;
    readonly warn?: (warning: Error) => void;
    readonly clock?: {
      readonly performance: { now(): number };
      readonly setTimeout: (callback: () => void, ms: number) => unknown;
    };
  }

  export class ApiErrors extends Error {
    constructor(errors: readonly unknown[]);
    readonly errors: readonly unknown[];
  }

  export class Session {
    constructor(apiUrl: string, defaultParams?: Record<string, Param>, defaultOptions?: Options);
    request(params: Record<string, Param>, options?: Options): Promise<unknown>;
    protected getUserAgent(options: Options): string;
    protected fetch(resource: URL, init: RequestInit): Promise<Response>;
  }
}
