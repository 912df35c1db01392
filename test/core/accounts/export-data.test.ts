import { describe, expect, it } from 'vitest';
import { exportAccount } from '../../../src/core/accounts/export-data.ts';
import { createSessions } from '../../../src/core/accounts/sessions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('the own data on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('holds what is kept about the person, and nothing about others', async () => {
    const { id: project, owner } = await addProject(store, { votes_needed: 2 });
    const account = await addMember(store, project);
    const face = await addFace(store, await addFile(store, project, { title: 'File:Ada.jpg' }));
    for (const [accountId, answer] of [
      [owner, 'no'],
      [account, 'yes'],
    ] as const) {
      await castBallot(
        { store, clock, nudges: notedNudges() },
        {
          projectId: project,
          accountId,
          answers: [{ faceId: face, person: 'Q1', answer }],
          questionId: null,
          platform: 'web',
        },
      );
    }
    const sessions = createSessions({ store, clock });
    await sessions.create('a secret session id', { accountId: account, csrf: 'a secret token' });
    await store.db
      .insertInto('identities')
      .values({
        account_id: account,
        platform: 'room',
        external_id: 'u1',
        display_name: 'Nick',
        linked_at: 0,
      })
      .execute();
    await store.db
      .insertInto('account_tokens')
      .values({
        account_id: account,
        access_token: Buffer.from('a secret access token'),
        refresh_token: null,
        token_expires_at: 0,
        broken_at: null,
        broken_reason: null,
      })
      .execute();
    for (const account_id of [owner, account]) {
      await store.db
        .insertInto('face_boxes')
        .values({
          face_id: face,
          project_id: project,
          account_id,
          act: 'redrawn',
          x: 0,
          y: 0,
          w: 1,
          h: 1,
          done_at: 0,
        })
        .execute();
    }
    const data = await exportAccount({ store, clock }, account);
    expect(data.boxes).toEqual([
      { at: '1970-01-01T00:00:00.000Z', project, face, act: 'redrawn', box: [0, 0, 1, 1] },
    ]);
    expect(data.votes).toEqual([
      {
        at: new Date(clock.now()).toISOString(),
        project,
        file: 'File:Ada.jpg',
        face,
        person: 'Q1',
        answer: 'yes',
        platform: 'web',
        decides: false,
        undone: false,
      },
    ]);
    expect(data.memberships).toMatchObject([{ project, role: 'member', status: 'active' }]);
    expect(data.identities).toMatchObject([{ platform: 'room', id: 'u1', name: 'Nick' }]);
    expect(data.sessions).toBe(1);
    expect(data.profile.username).toMatch(/^User /);
    expect(JSON.stringify(data)).not.toContain('secret');
  });

  it('is not there for a forgotten account', async () => {
    const account = await addAccount(store);
    await store.db.deleteFrom('account_profiles').where('account_id', '=', account).execute();
    await expect(exportAccount({ store, clock }, account)).rejects.toMatchObject({ code: 'not_found' });
  });
});
