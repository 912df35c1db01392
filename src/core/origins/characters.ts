import { type Refusal, refuse } from './refusal.ts';

const LONGEST_INPUT = 512;

/**
 * Looks at the characters before anything is parsed: parsers of addresses drop tabs and line breaks without a word
 * (WHATWG URL, "remove all ASCII tab or newline").
 * @returns the input without outer spaces
 */
export function checkCharacters(raw: string): { ok: true; text: string } | Refusal {
  if (/\p{Cc}/u.test(raw)) return refuse('control_character');
  if (/[\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(raw)) return refuse('invisible_character');
  const text = raw.replace(/^ +| +$/g, '');
  if (text === '') return refuse('empty');
  if (text.length > LONGEST_INPUT) return refuse('too_long');
  if (/\s/.test(text)) return refuse('whitespace');
  if (text.includes('*')) return refuse('wildcard');
  if (/['"]/.test(text)) return refuse('quote_or_keyword');
  if (/[;,]/.test(text)) return refuse('policy_separator');
  // Lone surrogates, private and unassigned code points, and what stands for bytes that were no UTF-8.
  if (/[\\<>^`{|}\p{Cs}\p{Co}\p{Cn}\ufffd]/u.test(text)) return refuse('forbidden_character');
  if (/[?#]/.test(text)) return refuse('query_or_fragment');
  return { ok: true, text };
}
