import { describe, expect, inject, it } from 'vitest';
import { reportLines } from '../../../src/core/import/report.ts';
import { openSource } from '../../../src/core/import/source.ts';
import { engines } from '../../support/stores.ts';
import { importDesk } from './support.ts';

describe.skipIf(!inject('mariadb')).each(engines())('the import of a WikiVisage database into %s', (kind) => {
  it('changes nothing the second time, and says so', async () => {
    const { clock, fill, run, everything } = await importDesk(kind);
    await fill();
    await run();
    const before = await everything();
    clock.advance(1000);
    const again = await run();
    expect(await everything()).toEqual(before);
    expect(again).toMatchObject({ nothingNew: true, taken: {} });
    expect(again.before).toMatchObject({ users: 3, projects: 4, tokens: 3 });
    expect(reportLines(again)[1]).toContain('nothing');
  });

  it('takes what has come since', async () => {
    const { old, fill, run } = await importDesk(kind);
    await fill();
    await run();
    await old.query(`update faces set is_target = 1, classified_by = 'human', classified_by_user_id = 1
      where is_target is null and bbox_left = 450`);
    const { taken } = await run();
    expect(taken).toEqual({ labels: 1 });
  });

  it('rehearses without changing anything', async () => {
    const { fill, run, everything } = await importDesk(kind);
    await fill();
    const before = await everything();
    const rehearsed = await run({ dryRun: true });
    expect(await everything()).toEqual(before);
    const real = await run();
    expect({ ...rehearsed, dryRun: false }).toEqual(real);
    expect(reportLines(rehearsed)[0]).toContain('nothing was changed');
  });

  it('keeps the projects before one that fails, and goes on from there', async () => {
    const { store, fill, wiki, run, rows } = await importDesk(kind);
    await fill();
    const { items } = wiki;
    wiki.items = async (ids) => {
      if (ids.includes('Q2')) throw new Error('the wiki has trouble');
      return items(ids);
    };
    await expect(run()).rejects.toThrow('the wiki has trouble');
    wiki.items = items;
    expect(await rows.projects()).toHaveLength(1);
    const { taken } = await run();
    expect(taken.projects).toBe(2);
    const votes = await store.db.selectFrom('votes').select('id').execute();
    expect(votes).toHaveLength(10);
  });

  it('knows when it is no such database', async () => {
    const { old } = await importDesk(kind);
    await expect(openSource('sqlite:/nowhere')).rejects.toMatchObject({ code: 'bad_input' });
    await expect(openSource('mysql://nobody:hush@127.0.0.1:9/none')).rejects.toThrow(
      /^(?!.*hush).*ECONNREFUSED/,
    );
    await old.query('drop table faces');
    await expect(openSource(old.url)).rejects.toThrow('no table faces');
  });

  it('does without the tables and columns of newer versions', async () => {
    const { old, fill, run } = await importDesk(kind);
    await fill();
    await old.query('drop table sdc_claims');
    await old.query('drop table project_members');
    await old.query('alter table users drop column leaderboard_opt_out');
    const { taken } = await run();
    expect(taken).toMatchObject({ users: 3, projects: 3, 'written statements': 1 });
  });
});
