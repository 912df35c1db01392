import type { Nudges, Topic } from '../../src/core/platform/nudges.ts';

/** Notes down what was nudged. */
export function notedNudges(): Nudges & { readonly topics: Topic[] } {
  const topics: Topic[] = [];
  return {
    topics,
    nudge: (topic) => void topics.push(topic),
    listen: () => () => {},
    close: async () => {},
  };
}
