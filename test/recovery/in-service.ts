import { ownMessages, type Project } from './community.ts';
import type { Role } from './role.ts';
import type { Scene } from './scene.ts';

const ANSWER_MS = 4_000;
const SAY_AGAIN_MS = 1_500;

/**
 * Whether a process does what it is there for: its health is good, and a page of the site comes, or the bot answers
 * somebody who asks in a room.
 * @returns what `watch.ts` asks: null when it does, else why not
 */
export function serviceOf(
  scene: Scene,
  { owner, room }: Pick<Project, 'owner' | 'room'>,
): (role: Role, since: number) => Promise<string | null> {
  const { homeserver } = scene;
  const asker = homeserver.person('pia', 'Pia');
  owner.chat.invite(room, asker.id);
  asker.join(room);
  let asked = { since: 0, at: 0, told: 0 };
  /** How often the bot has told Pia something, in the rooms that it has with her alone. */
  const told = () => {
    const rooms = homeserver.accountData.get(`${homeserver.bot.id} m.direct`)?.content[asker.id];
    return ((rooms ?? []) as string[]).flatMap((id) => ownMessages(scene, homeserver.room(id))).length;
  };

  return async (role, since) => {
    const health = await fetch(`http://127.0.0.1:${role.port}/health`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const body = (await health.json()) as { degraded: boolean; parts: Record<string, string> };
    if (health.status !== 200 || body.degraded)
      return `its health is ${health.status} ${JSON.stringify(body.parts)}`;
    if (role.kind === 'web') {
      const page = await fetch(`http://127.0.0.1:${role.port}/projects`, {
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      await page.body?.cancel();
      return page.status === 200 ? null : `a page is answered with ${page.status}`;
    }
    if (role.kind !== 'bots') return null;
    const now = performance.now();
    if (asked.since !== since) asked = { since, at: 0, told: told() };
    if (told() > asked.told) return null;
    if (now - asked.at > SAY_AGAIN_MS) {
      asked.at = now;
      asker.say(room, '!visavis whoami');
    }
    return 'the bot does not answer';
  };
}
