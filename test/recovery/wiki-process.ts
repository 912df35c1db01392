/** The pocket wiki in a process of its own, which can be killed. Its parent tells it by IPC how it shall misbehave. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { systemClock } from '../../src/core/platform/clock.ts';
import { createPocketWiki, PRACTICE_CATEGORY } from '../../src/sandbox/wiki.ts';
import type { WikiAnswer, WikiQuestion, WikiStart } from './wiki.ts';

const start = JSON.parse(process.argv[2] ?? '') as WikiStart;
const wiki = await createPocketWiki({
  host: '127.0.0.1',
  port: start.port,
  publicUrl: start.publicUrl,
  dataDir: start.dataDir,
  photosDir: join(start.dataDir, 'practice'),
  clients: [start.client],
  clock: systemClock,
});
wiki.hands.setRateLimit(1_000_000, 60);

async function answer({ ask }: WikiQuestion): Promise<unknown> {
  switch (ask.kind) {
    case 'misbehave':
      return wiki.misbehave.next(ask.rule);
    case 'behave':
      return wiki.misbehave.clear();
    case 'files':
      return wiki.hands.addManyFiles(ask.count, ask.category, ask.category);
    case 'upload':
      return (
        await wiki.hands.addFile({
          title: ask.title,
          category: PRACTICE_CATEGORY,
          bytes: await photo(ask.number),
        })
      ).id;
    case 'pages':
      return ask.ids.map((id) => ({
        id,
        statements: wiki.hands.statements(id).map((one) => ({
          id: one.id,
          person: (one.mainsnak.datavalue?.value as { id?: string } | undefined)?.id ?? '',
        })),
        revisions: wiki.hands.revisions(id).toReversed(),
      }));
  }
}

/** One of the six practice photos as nobody has uploaded it before. */
async function photo(number: number): Promise<Buffer> {
  const bytes = await readFile(join(start.dataDir, 'practice', `sample${(number % 6) + 1}.jpg`));
  return sharp(bytes)
    .modulate({ brightness: 0.9 + (number % 20) / 100 })
    .jpeg({ quality: 80 })
    .toBuffer();
}

process.on('message', async (question: WikiQuestion) => {
  const { number } = question;
  const said: WikiAnswer = await answer(question).then(
    (value) => ({ number, value }),
    (error: unknown) => ({ number, error: String(error) }),
  );
  process.send?.(said, () => {});
});
process.send?.('ready');
