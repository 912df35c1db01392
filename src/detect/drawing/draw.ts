/** Crops, question cards, contact sheets and annotated pictures, as JPEG. */
import sharp from 'sharp';
import type { Drawing, Drawn } from '../../core/faces/detector.ts';
import { decode, fromRaster, type Raster } from '../picture.ts';
import { cornerTag, drawMarks, type LabelledRect, type Rect, svg, thinFrame } from './marks.ts';
import { faceSquare, whole } from './panels.ts';

type Kind<K extends Drawing['kind']> = Extract<Drawing, { kind: K }>;

/** A picture on the canvas. */
interface Panel {
  readonly raster: Raster;
  readonly x: number;
  readonly y: number;
}

const BACKGROUND = '#eaecf0';
const FRAME = '#54595d';
const GAP = 12;
/** The whole picture on a card. */
const WIDTH = 900;
const HEIGHT = 760;
/** Squares beside it. */
const NARROWEST = 280;
const WIDEST = 440;
const TILE = 300;
/** Faces below the picture. */
const MOST_IN_A_ROW = 6;
const ROW_WIDTH = 720;
const TAG_HEIGHT = 44;
/** Chats show previews of small files at once. */
const MOST_BYTES = 300_000;
const QUALITIES = [88, 80, 70, 60, 50, 40, 30, 20];
const ANNOTATED_LONGEST = 6000;

export function draw(drawing: Drawing): Promise<Drawn> {
  switch (drawing.kind) {
    case 'crop':
      return drawCrop(drawing);
    case 'question':
      return drawQuestion(drawing);
    case 'sheet':
      return drawSheet(drawing);
    case 'annotated':
      return drawAnnotated(drawing);
  }
}

async function drawCrop({ picture, box, size }: Kind<'crop'>): Promise<Drawn> {
  const raster = await faceSquare(picture, box, size);
  return card(raster.width, raster.height, [{ raster, x: 0, y: 0 }], '');
}

/**
 * The picture, with its faces and the portrait below it, so that they are large on a phone too. One face of a tall
 * picture, or alone, stands beside it.
 */
async function drawQuestion(drawing: Kind<'question'>): Promise<Drawn> {
  const { picture, marks, portrait } = drawing;
  const main = await whole(picture, WIDTH, HEIGHT);
  const squares = marks.length + (portrait ? 1 : 0);
  const isTall = main.height > main.width && marks.length === 1;
  return squares > 1 && !isTall ? withRowsBelow(drawing, main) : withColumn(drawing, main);
}

async function withRowsBelow({ picture, marks, portrait }: Kind<'question'>, main: Raster): Promise<Drawn> {
  const squares = marks.length + (portrait ? 1 : 0);
  const columns = Math.ceil(squares / Math.ceil(squares / MOST_IN_A_ROW));
  const width = Math.max(main.width, ROW_WIDTH);
  const side = Math.min(Math.floor((width - GAP * (columns - 1)) / columns), WIDEST);
  const start = Math.floor((width - columns * side - GAP * (columns - 1)) / 2);
  const cell = (i: number) => ({
    x: start + (i % columns) * (side + GAP),
    y: main.height + GAP + Math.floor(i / columns) * (side + GAP),
  });
  const area = toRect({ raster: main, x: Math.round((width - main.width) / 2), y: 0 });
  const panels: Panel[] = [{ raster: main, x: area.x, y: area.y }];
  const overlay = [drawMarks(toRects(marks, area), area, 3)];
  for (const [i, { box, label }] of marks.entries()) {
    const panel = { raster: await faceSquare(picture, box, side), ...cell(i) };
    panels.push(panel);
    overlay.push(cornerTag(label, toRect(panel), Math.min(TAG_HEIGHT, side * 0.24)));
  }
  if (portrait) {
    const raster = await whole(portrait, side, side);
    const { x, y } = cell(marks.length);
    const middle = (length: number) => Math.round((side - length) / 2);
    const panel = { raster, x: x + middle(raster.width), y: y + middle(raster.height) };
    panels.push(panel);
    overlay.push(frameOf(panel));
  }
  return card(width, cell(squares - 1).y + side, panels, overlay.join(''));
}

/** At the right of the picture, in its middle, the only face or the portrait; or both, one above the other. */
async function withColumn({ picture, marks, portrait }: Kind<'question'>, main: Raster): Promise<Drawn> {
  const [only] = marks.length === 1 ? marks : [];
  const squares = (only ? 1 : 0) + (portrait ? 1 : 0);
  const free = (main.height - GAP * (squares - 1)) / Math.max(squares, 1);
  const side = Math.round(Math.min(Math.max(free, NARROWEST), WIDEST));
  const beside: Raster[] = [];
  if (only) beside.push(await faceSquare(picture, only.box, side));
  if (portrait) beside.push(await whole(portrait, side, side));
  const column = stack(beside, main.width + GAP, side);
  const width = main.width + (beside.length > 0 ? GAP + side : 0);
  const height = Math.max(main.height, column.height);
  const area: Rect = {
    x: 0,
    y: Math.round((height - main.height) / 2),
    width: main.width,
    height: main.height,
  };
  const top = Math.round((height - column.height) / 2);
  const panels = column.panels.map((panel) => ({ ...panel, y: panel.y + top }));
  const [face] = panels;
  const overlay = [
    drawMarks(toRects(marks, area), area, 3),
    only && face ? cornerTag(only.label, toRect(face), TAG_HEIGHT) : '',
    portrait ? frameOf(panels.at(-1)) : '',
  ];
  return card(width, height, [{ raster: main, x: area.x, y: area.y }, ...panels], overlay.join(''));
}

/** Three in a row (two for up to four, so that they stay large in a chat), the portrait at the right. */
async function drawSheet({ tiles, portrait }: Kind<'sheet'>): Promise<Drawn> {
  const columns = tiles.length > 4 ? 3 : Math.min(tiles.length, 2);
  const rows = Math.ceil(tiles.length / Math.max(columns, 1));
  const panels: Panel[] = [];
  for (const [i, { picture, box }] of tiles.entries())
    panels.push({
      raster: await faceSquare(picture, box, TILE),
      x: (i % columns) * (TILE + GAP),
      y: Math.floor(i / columns) * (TILE + GAP),
    });
  const overlay = tiles.map(({ label }, i) => {
    const panel = panels[i];
    return panel ? cornerTag(label, toRect(panel), TAG_HEIGHT) : '';
  });
  let width = Math.max(columns * (TILE + GAP) - GAP, 0);
  const height = Math.max(rows * (TILE + GAP) - GAP, TILE);
  if (portrait) {
    const raster = await whole(portrait, TILE, height);
    // Twice the gap: the portrait is what the others are compared with.
    const panel = { raster, x: width === 0 ? 0 : width + GAP * 2, y: 0 };
    panels.push(panel);
    overlay.push(frameOf(panel));
    width = panel.x + raster.width;
  }
  return card(Math.max(width, 1), height, panels, overlay.join(''));
}

async function drawAnnotated({ picture, marks }: Kind<'annotated'>): Promise<Drawn> {
  const raster = await decode(picture, ANNOTATED_LONGEST);
  const area = toRect({ raster, x: 0, y: 0 });
  const unit = Math.max(2, (Math.max(raster.width, raster.height) / WIDTH) * 2.4);
  const overlay = svg(raster.width, raster.height, drawMarks(toRects(marks, area), area, unit));
  const { data, info } = await fromRaster(raster)
    .composite([{ input: overlay, left: 0, top: 0 }])
    .jpeg({ quality: 90 })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, type: 'image/jpeg', width: info.width, height: info.height };
}

/** Puts panels and the drawing over them on a plain ground, as a JPEG that is small enough. */
async function card(width: number, height: number, panels: Panel[], overlay: string): Promise<Drawn> {
  const ground = sharp({ create: { width, height, channels: 3, background: BACKGROUND } });
  const pixels = await ground
    .composite([
      ...panels.map(({ raster: { data, ...size }, x, y }) => ({
        input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
        raw: { ...size, channels: 3 as const },
        left: x,
        top: y,
      })),
      { input: svg(width, height, overlay), left: 0, top: 0 },
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
  let bytes: Uint8Array = new Uint8Array();
  for (const quality of QUALITIES) {
    const chromaSubsampling = quality > 70 ? '4:4:4' : '4:2:0';
    bytes = await fromRaster({ data: pixels, width, height }).jpeg({ quality, chromaSubsampling }).toBuffer();
    if (bytes.length < MOST_BYTES) break;
  }
  return { bytes, type: 'image/jpeg', width, height };
}

/** Rasters one below the other, each in the middle of the column. */
function stack(rasters: readonly Raster[], x: number, width: number): { panels: Panel[]; height: number } {
  const panels: Panel[] = [];
  let height = 0;
  for (const raster of rasters) {
    if (height > 0) height += GAP;
    panels.push({ raster, x: x + Math.round((width - raster.width) / 2), y: height });
    height += raster.height;
  }
  return { panels, height };
}

function toRects(marks: Kind<'question'>['marks'], area: Rect): LabelledRect[] {
  return marks.map(({ box: [x, y, width, height], label }) => ({
    label,
    rect: {
      x: area.x + x * area.width,
      y: area.y + y * area.height,
      width: width * area.width,
      height: height * area.height,
    },
  }));
}

function toRect({ raster, x, y }: Panel): Rect {
  return { x, y, width: raster.width, height: raster.height };
}

function frameOf(panel: Panel | undefined): string {
  return panel ? thinFrame(toRect(panel), FRAME) : '';
}
