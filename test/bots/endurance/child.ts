import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { guardChildren } from '../../support/loopback-only.ts';
import type { Bot } from './bot.ts';
import type { Stage } from './stages.ts';

export type Question = 'memory' | 'health' | 'stop';

export interface Answer {
  readonly health: ReturnType<Bot['health']>;
  /** Heap and what belongs to it, after a collection. */
  readonly bytes: number;
}

export interface BotProcess {
  ask(question: Question): Promise<Answer>;
  /** Resolves when it has ended by itself. */
  stop(): Promise<number | null>;
  kill(): void;
}

export function startBotProcess(database: string, speed: number, stages: readonly Stage[]): BotProcess {
  const given = stages.map(({ platform, url, token }) => ({ platform, url, token }));
  const child = fork(
    join(import.meta.dirname, 'bot-process.ts'),
    [database, String(speed), JSON.stringify(given)],
    {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...guardChildren() },
    },
  );
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const ask = async (question: Question): Promise<Answer> => {
    const answer = once(child, 'message');
    child.send(question);
    const [given] = await Promise.race([
      answer,
      ended.then((code) => {
        throw new Error(`the bot's process ended with ${code}`);
      }),
    ]);
    return given as Answer;
  };
  return {
    ask,
    async stop() {
      await ask('stop');
      return ended;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
