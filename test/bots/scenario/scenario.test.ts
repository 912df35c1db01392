import '../../support/loopback-only.ts';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { engines, freshStore } from '../../support/stores.ts';
import { SCRIPT } from './script.ts';
import type { Stage, StageDeps } from './stage.ts';
import { discordStage } from './stages/discord.ts';
import { matrixStage } from './stages/matrix.ts';
import { roomStage } from './stages/room.ts';
import { type Story, tellStory } from './story.ts';

interface Play {
  readonly kind: ReturnType<typeof engines>[number];
  readonly name: string;
  readonly makeStage: (deps: StageDeps) => Promise<Stage>;
}

const discord = { name: 'Discord', makeStage: discordStage };
const matrix = { name: 'Matrix', makeStage: matrixStage };
const room = { name: 'the practice room', makeStage: roomStage };

/** Making a database takes longer than the story: the adapters that keep much in it are tried on both. */
const PLAYS: readonly Play[] = engines().flatMap((kind) =>
  (kind === 'sqlite' ? [discord, matrix, room] : [matrix, room]).map((stage) => ({ kind, ...stage })),
);

describe.each(PLAYS)('on $name with $kind', ({ kind, makeStage }) => {
  let story: Story;
  let dispose: () => Promise<void>;

  beforeAll(async () => {
    const fresh = await freshStore(kind);
    dispose = fresh.dispose;
    story = await tellStory(fresh.store, makeStage);
    await story.arrive();
  });
  afterAll(async () => {
    await story.leave();
    await story.stage.close();
    await dispose();
  });

  // One after the other: each scene goes on where the one before has ended.
  for (const [name, scene] of SCRIPT) test(name, () => scene(story));
});
