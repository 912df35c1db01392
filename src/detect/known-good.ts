/** A picture that no decoder and no network may fall over: what fails with it is ours. */
import type { Task } from './protocol.ts';

/** 16x16 pixels of one colour, as a JPEG. */
const PICTURE = Buffer.from(
  '/9j/2wBDABsbGxscGx4hIR4qLSgtKj04MzM4PV1CR0JHQl2NWGdYWGdYjX2Xe3N7l33gsJycsOD/2c7Z////////////////2wBDARsb' +
    'GxscGx4hIR4qLSgtKj04MzM4PV1CR0JHQl2NWGdYWGdYjX2Xe3N7l33gsJycsOD/2c7Z////////////////wgARCAAQABADASIAAhEB' +
    'AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUAQEAAAAAAAAAAAAAAAAAAAAD/9oADAMBAAIQAxAAAACoNf/EABQQAQAAAAAAAAAA' +
    'AAAAAAAAACD/2gAIAQEAAT8AH//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQIBAT8Af//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAI' +
    'AQMBAT8Af//Z',
  'base64',
);
const EVERYWHERE = [0, 0, 1, 1] as const;

/** Decodes, aligns and embeds; without the models it draws. */
export function knownGood(withModels: boolean): Task {
  return withModels
    ? { kind: 'detect', picture: PICTURE, embed: true, boxes: [EVERYWHERE], smallFaces: false }
    : { kind: 'draw', drawing: { kind: 'crop', picture: PICTURE, box: EVERYWHERE, size: 16 } };
}
