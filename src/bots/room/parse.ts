/** The words that are commands without `visavis` in front of them. */
const COMMANDS = new Set([
  'link',
  'unlink',
  'whoami',
  'forget-me',
  'setup',
  'unbind',
  'write',
  'stop',
  'undo',
  'status',
  'next',
  'skip',
  'withdraw',
  'retract',
  'leaderboard',
  'language',
  'help',
]);

/**
 * Reads `!visavis NAME ARGS…`, `/visavis NAME ARGS…`, and, because there is no other bot here, `!NAME ARGS…`
 * and `/NAME ARGS…`. Null for anything that is just talk.
 */
export function parseCommand(text: string): { name: string; args: string[] } | null {
  const trimmed = text.trim();
  if (!/^[!/]/.test(trimmed)) return null;
  const [first = '', ...rest] = trimmed.slice(1).split(/\s+/);
  const word = first.toLowerCase();
  if (word === 'visavis') {
    const [name = 'help', ...args] = rest;
    return { name: name.toLowerCase(), args };
  }
  return COMMANDS.has(word) ? { name: word, args: rest } : null;
}
