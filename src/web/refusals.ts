import { VisavisError } from '../core/platform/errors.ts';
import { wordsOf } from '../core/platform/words.ts';
import type { WebContext } from './context.ts';

const EXPECTED = ['conflict', 'bad_input'];

/** Runs what a form asks for. An expected refusal shows the page with the form again, the reason above it. */
export async function orShow(
  ctx: WebContext,
  act: () => Promise<void>,
  show: (problem: string) => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof VisavisError) || !EXPECTED.includes(error.code)) throw error;
    ctx.status = error.status;
    await show(wordsOf(ctx.state.t, error));
  }
}
