/** Shows how far a longer job is: a bar that redraws itself on a terminal, plain lines elsewhere. */
export interface ProgressOutput {
  readonly isTty: boolean;
  /** One line on stderr; the newline is added. */
  readonly err: (line: string) => void;
  /** Text on stderr as it is, for redrawing a line. Without it there is no bar. */
  readonly errRaw?: (text: string) => void;
}

export interface Progress {
  /** `done` of `total` steps are behind, `text` says what is going on. */
  step(done: number, total: number, text: string): void;
  /** Takes the bar away, so that the next line begins on a clean one. */
  finish(): void;
}

const BAR = 24;
const CLEAR_LINE = '\r\u001b[2K';

export function createProgress({ isTty, err, errRaw }: ProgressOutput): Progress {
  if (!isTty || !errRaw)
    return {
      step: (done, total, text) => err(total > 0 ? `[${done}/${total}] ${text}` : text),
      finish: () => {},
    };
  return {
    step: (done, total, text) => {
      const filled = total > 0 ? Math.round((done / total) * BAR) : BAR;
      errRaw(`${CLEAR_LINE}${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${text}`);
    },
    finish: () => errRaw(CLEAR_LINE),
  };
}
