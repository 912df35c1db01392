import { describe, expect, it } from 'vitest';
import { redrawFace } from '../../src/core/faces/drawing.ts';
import { addPicture, answersAbout, deskWorld, nth, type World } from '../support/desk.ts';

describe('a face whose box is drawn anew while it is asked about', () => {
  async function askedAbout() {
    const world = await deskWorld();
    const { fileId, faceIds } = await addPicture(world.store, world.projectId);
    const ann = await world.member('Ann');
    const faceId = nth(faceIds, 0);
    const { sha1 } = await world.store.db
      .selectFrom('files')
      .select('sha1')
      .where('id', '=', fileId)
      .executeTakeFirstOrThrow();
    const redraw = (left: number) =>
      redrawFace(world.deps, {
        projectId: world.projectId,
        accountId: ann.accountId,
        faceId,
        sha1,
        box: [left, 0.1, 0.2, 0.2],
      });
    return { ...world, world, faceId, ann, redraw };
  }
  /** Where the box begins that the last drawn picture shows. */
  function shownLeft({ studio }: World): number | undefined {
    const drawing = studio.drawings.at(-1);
    return drawing?.kind === 'question' ? drawing.marks[0]?.box[0] : undefined;
  }
  const posts = ({ store }: World) =>
    store.db.selectFrom('posts').select(['wanted', 'shown', 'state']).execute();

  it('gets another picture in the chat; what was said below it stands', async () => {
    const { world, platform, ann, faceId, redraw } = await askedAbout();
    await world.open();
    const message = world.question();
    const before = message.card.picture;
    const seeds = [...message.seeds];
    await platform.react(message, ann, '✅');
    expect(await redraw(0.13)).toBe(true);
    await world.round();
    expect(shownLeft(world)).toBe(0.13);
    expect(message.card.picture).not.toBe(before);
    expect(message.card.title).toBe('Is this Person Q1?');
    expect(message.seeds).toEqual(seeds);
    expect(await answersAbout(world.store, faceId)).toEqual({ [ann.accountId]: 'yes' });
    const drawn = world.studio.drawings.length;
    await world.round();
    expect(world.studio.drawings).toHaveLength(drawn);
    expect(platform.shown()).toEqual([message]);
  });

  it.each(['post', 'edit'] as const)(
    'and is not left with the old one when that was on its way (%s)',
    async (way) => {
      const { world, platform, redraw } = await askedAbout();
      if (way === 'edit') {
        await world.open();
        await redraw(0.12);
      }
      let isFirst = true;
      platform.after = async (called) => {
        if (called !== way || !isFirst) return;
        isFirst = false;
        await redraw(0.14);
      };
      if (way === 'post') await world.open();
      await world.round();
      await world.round();
      expect(isFirst).toBe(false);
      expect(shownLeft(world)).toBe(0.14);
      const [post] = await posts(world);
      expect(post?.shown).toBe(post?.wanted);
      expect(platform.shown()).toHaveLength(1);
    },
  );

  it('keeps the old picture where the new one cannot be drawn', async () => {
    const { world, platform, redraw, studio } = await askedAbout();
    await world.open();
    const message = world.question();
    const before = message.card.picture;
    const bytes = await studio.pictures.download(nth(await urls(world), 0));
    studio.broken.add(Buffer.from(bytes).toString());
    await redraw(0.12);
    await world.round();
    expect(message.card.picture).toBe(before);
    expect((await posts(world))[0]?.state).toBe('up');
    expect(platform.shown()).toEqual([message]);
  });

  async function urls({ store }: World): Promise<string[]> {
    const rows = await store.db.selectFrom('files').select('thumb_url').execute();
    return rows.map((row) => row.thumb_url);
  }
});
