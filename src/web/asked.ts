import type { AskedFaces } from '../core/faces/for-review.ts';

/** What a page asks about, as parameters of an address. */
export function addressOf({ questionId, person, faceIds }: AskedFaces): URLSearchParams {
  return new URLSearchParams({
    person,
    faces: faceIds.join(','),
    ...(questionId === null ? {} : { question: String(questionId) }),
  });
}

/** The same, for forms and addresses that have a person of their own. */
export function askedFields(asked: AskedFaces): Record<string, string> {
  return Object.fromEntries([...addressOf(asked)].map(([name, value]) => [`asked-${name}`, value]));
}

/** null when the fields name no faces. */
export function readAsked(read: (name: string) => string): AskedFaces | null {
  const faces = read('faces');
  const question = read('question');
  if (!/^[1-9]\d{0,14}(,[1-9]\d{0,14}){0,8}$/.test(faces)) return null;
  if (question !== '' && !/^[1-9]\d{0,14}$/.test(question)) return null;
  return {
    questionId: question === '' ? null : Number(question),
    person: read('person'),
    faceIds: [...new Set(faces.split(',').map(Number))],
  };
}
