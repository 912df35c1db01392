import { z } from 'zod';
import type { ReadOptions, WikiClient } from './client.ts';
import type { Params } from './exchange.ts';

const continuation = z.record(z.string(), z.union([z.string(), z.number()]));
const renaming = z.array(z.object({ from: z.string(), to: z.string() })).default([]);
const pageKey = z.looseObject({
  pageid: z.number().optional(),
  title: z.string().optional(),
  imageinfo: z.unknown().optional(),
});

const answer = z.object({
  batchcomplete: z.literal(true).optional(),
  continue: continuation.optional(),
  query: z
    .object({ pages: z.array(pageKey).default([]), normalized: renaming, redirects: renaming })
    .optional(),
});

export interface PageBatch {
  /** As the wiki sent them, in page-id order. */
  readonly pages: readonly z.infer<typeof pageKey>[];
  /** Where the next batch begins, by parameter name; null at the end. */
  readonly next: Readonly<Record<string, string | number>> | null;
  /** What became of a title that was asked for: normalized, then redirected. */
  resolve(title: string): string;
}

export interface QueryOptions extends ReadOptions {
  /** Told of every answer: one batch can take several requests. */
  readonly onAnswer?: (() => void) | undefined;
}

/** A wiki that never says `batchcomplete` must not keep us for ever. */
const MAX_ROUNDS = 60;

/**
 * One complete batch of `action=query` pages. A batch can need several answers: then `batchcomplete` is
 * absent, and a page's properties may come in a later answer than the page itself.
 */
export async function queryPages(
  client: WikiClient,
  params: Params,
  options: QueryOptions = {},
): Promise<PageBatch> {
  const pages = new Map<string, z.infer<typeof pageKey>>();
  const renamed = new Map<string, string>();
  let more: Readonly<Record<string, string | number>> = {};
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const part = await client.read(answer, { action: 'query', ...params, ...more }, options);
    options.onAnswer?.();
    for (const { from, to } of [...(part.query?.normalized ?? []), ...(part.query?.redirects ?? [])]) {
      renamed.set(from, to);
    }
    for (const page of part.query?.pages ?? []) {
      const key = String(page.pageid ?? page.title);
      pages.set(key, { ...pages.get(key), ...page });
    }
    more = part.continue ?? {};
    if (part.batchcomplete || !part.continue) break;
  }
  return {
    pages: [...pages.values()],
    next: Object.keys(more).length > 0 ? more : null,
    resolve(title) {
      let current = title;
      // Normalization, then at most a few redirects; bounded because redirects can form a ring.
      for (let step = 0; step < 5; step++) current = renamed.get(current) ?? current;
      return current;
    },
  };
}
