/** Drawn people, for pictures that anybody may see: nobody real is in them. */
import sharp from 'sharp';

/** Fractions of the picture: left, top, width, height. */
export type Box = readonly [number, number, number, number];

export interface DrawnPhoto {
  readonly jpeg: Buffer;
  readonly boxes: readonly Box[];
}

export const WIDTH = 1280;
export const HEIGHT = 853;

interface Look {
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
  readonly glasses: boolean;
  readonly long: boolean;
}

/** The one who is looked for, in the examples, is the first. */
export const LOOKS: readonly Look[] = [
  { skin: '#e8b68f', hair: '#3b2417', shirt: '#2f6f8f', glasses: true, long: true },
  { skin: '#8d5a3c', hair: '#151515', shirt: '#b5483d', glasses: false, long: false },
  { skin: '#f1c9a5', hair: '#c9a14a', shirt: '#5b7f4b', glasses: false, long: true },
  { skin: '#c98f66', hair: '#777777', shirt: '#6a5a8c', glasses: true, long: false },
  { skin: '#5f3b28', hair: '#2a1a12', shirt: '#d0a23b', glasses: false, long: true },
];

/** Some of them side by side in a room, each at a place and in a size of their own. */
export async function drawnPhoto(looks: readonly Look[], room: string): Promise<DrawnPhoto> {
  const boxes: Box[] = [];
  const people = looks.map((look, i) => {
    const size = 150 - 12 * looks.length + 14 * ((i * 7) % 3);
    const x = (WIDTH * (i + 0.5)) / looks.length + ((i * 31) % 40) - 20;
    const y = 330 + ((i * 53) % 110);
    boxes.push([(x - size) / WIDTH, (y - 1.15 * size) / HEIGHT, (2 * size) / WIDTH, (2.4 * size) / HEIGHT]);
    return person(look, x, y, size);
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">
    <rect width="100%" height="100%" fill="${room}"/>
    <rect y="640" width="100%" height="213" fill="#00000022"/>
    <rect x="90" y="70" width="300" height="190" rx="6" fill="#ffffff66"/>
    <rect x="860" y="60" width="330" height="170" rx="6" fill="#ffffff44"/>
    ${people.join('')}</svg>`;
  return { jpeg: await sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer(), boxes };
}

/** @param size half the width of the face, in px */
function person({ skin, hair, shirt, glasses, long }: Look, x: number, y: number, size: number): string {
  const at = (dx: number, dy: number) => `cx="${x + dx * size}" cy="${y + dy * size}"`;
  const eye = (dx: number) =>
    `<ellipse ${at(dx, -0.1)} rx="${0.15 * size}" ry="${0.1 * size}" fill="#fff"/><circle ${at(dx, -0.1)} r="${0.075 * size}" fill="#222"/>`;
  const glass = (dx: number) =>
    `<circle ${at(dx, -0.1)} r="${0.26 * size}" fill="none" stroke="#222" stroke-width="${0.05 * size}"/>`;
  return `<g>
    <ellipse ${at(0, 2.9)} rx="${1.7 * size}" ry="${1.75 * size}" fill="${shirt}"/>
    <ellipse ${at(0, long ? 0.25 : -0.15)} rx="${1.05 * size}" ry="${(long ? 1.5 : 1.1) * size}" fill="${hair}"/>
    <rect x="${x - 0.28 * size}" y="${y + 0.7 * size}" width="${0.56 * size}" height="${0.75 * size}" fill="${skin}"/>
    <ellipse ${at(0, 0.1)} rx="${0.8 * size}" ry="${1.02 * size}" fill="${skin}"/>
    <ellipse ${at(0, -0.82)} rx="${0.72 * size}" ry="${0.34 * size}" fill="${hair}"/>
    ${eye(-0.32)}${eye(0.32)}${glasses ? glass(-0.32) + glass(0.32) : ''}
    <path d="M ${x} ${y + 0.02 * size} q ${0.14 * size} ${0.3 * size} ${-0.06 * size} ${0.32 * size}" fill="none" stroke="#00000055" stroke-width="${0.06 * size}"/>
    <path d="M ${x - 0.3 * size} ${y + 0.58 * size} q ${0.3 * size} ${0.24 * size} ${0.6 * size} 0" fill="none" stroke="#8c2f2f" stroke-width="${0.09 * size}" stroke-linecap="round"/>
  </g>`;
}
