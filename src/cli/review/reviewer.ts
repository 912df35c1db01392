/** People who answer questions in the simulation. */
import type { QuestionKind } from '../../core/store/schema.ts';
import type { Random } from './random.ts';

export interface Posed {
  readonly kind: QuestionKind;
  /** Whether each face is the person, in the order of their numbers or letters. */
  readonly truth: readonly boolean[];
}

/** The reactions that somebody leaves below a question. */
export type Reviewer = (question: Posed) => string[];

const number = (i: number) => `${i + 1}\u{20E3}`;
const letter = (i: number) => String.fromCodePoint(0x1f1e6 + i);

/** Looks at every face and knows everybody. */
export const perfect: Reviewer = ({ kind, truth }) => {
  const places = (is: boolean) => truth.flatMap((one, i) => (one === is ? [i] : []));
  if (kind === 'single') return [truth[0] ? '✅' : '❌'];
  if (kind === 'several') return truth.includes(true) ? places(true).map(number) : ['🚫'];
  return truth.includes(true) ? ['✅', ...places(false).map(letter)] : ['❌'];
};

/** Now and then presses anything that answers the question. */
export function careless(random: Random, share: number): Reviewer {
  return (question) => {
    if (random() >= share) return perfect(question);
    const { kind, truth } = question;
    if (kind === 'single') return [random() < 0.5 ? '✅' : '❌'];
    const one = Math.floor(random() * (truth.length + 1));
    if (kind === 'several') return one === truth.length ? ['🚫'] : [number(one)];
    if (random() < 0.5) return ['❌'];
    return one === truth.length ? ['✅'] : ['✅', letter(one)];
  };
}
