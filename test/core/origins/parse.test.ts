import { describe, expect, it } from 'vitest';
import { noteText, parseOrigin, shownOrigin } from '../../../src/core/origins/parse.ts';
import { REFUSALS } from '../../../src/core/origins/refusal.ts';
import { DEFAULT_RULES, type OriginRules } from '../../../src/core/origins/rules.ts';
import cases from './origins.json' with { type: 'json' };

const RULES: OriginRules = {
  ...DEFAULT_RULES,
  own: ['https://hub.example.org'],
  denied: ['tracker-denied.com'],
};
const parse = (input: string, rules = RULES) => parseOrigin(input, rules);
const code = (input: string, rules = RULES) => {
  const result = parse(input, rules);
  return result.ok ? result.value : result.code;
};

describe('the acceptance cases', () => {
  it('are all there', () => expect(cases).toHaveLength(136));

  it.each(cases.map((one) => ({ ...one, shown: JSON.stringify(one.input).slice(0, 60) })))(
    '$expect $shown: $why',
    (one) => {
      const result = parse(one.input);
      if (one.expect === 'accept') {
        expect(result).toMatchObject({ ok: true, value: one.value });
        expect(parse(one.value ?? '')).toMatchObject({ ok: true, value: one.value });
      } else {
        expect(result).toMatchObject({ ok: false, code: one.code });
        expect((result as { hint: string }).hint).toMatch(/^[A-Z].{20,}/);
      }
    },
  );

  it('show every code of the list', () => {
    const seen = new Set(cases.map((one) => one.code).filter((one) => one !== undefined));
    expect(REFUSALS.filter((one) => !seen.has(one))).toEqual([]);
  });
});

describe('beside the cases', () => {
  it.each([
    ['https://', 'bad_host'],
    ['https:example.com', 'scheme_not_allowed'],
    ['/example', 'bad_host'],
    ['://example.com', 'scheme_not_allowed'],
    ['https://example.com:', 'bad_port'],
    ['https://example.com:+443', 'bad_port'],
    ['example.com:8443', 'port_not_allowed'],
    ['example.com:443/a', 'https://example.com/a/'],
    ['https://1.2.3.4.', 'ip_address'],
    ['https://①②⑦.⓪.⓪.①/', 'ip_address'],
    ['https://example.com／evil', 'bad_host'],
    ['https://example。com', 'https://example.com'],
    ['https://☃.net', 'bad_host'],
    ['https://xn--80ak6aa92e.com', 'confusable_idn'],
    ['https://ɡoogle.com', 'confusable_idn'],
    ['https://ᏚᎢ.com', 'confusable_idn'],
    ['https://日本語カナlatin.jp', 'https://xn--latin-5n4d2h3141bdocu19k.jp'],
    ['https://example.com/%E2%80%AEgnp/', 'bad_path'],
    ['https://example.com/%C0%AF/', 'bad_percent_encoding'],
    ['https://example.com/%', 'bad_percent_encoding'],
    ['https://example.com/a;b', 'policy_separator'],
    ['https://example.com/npm/x@5.65.2', 'https://example.com/npm/x@5.65.2/'],
    ['https://example.com/.well-known', 'https://example.com/.well-known/'],
    ['\ud800.com', 'forbidden_character'],
    ['https://cdn.jsdelivr.net/npm/', 'path_required'],
    ['https://TRACKER-DENIED.com', 'denied_by_administrator'],
    ['https://nottracker-denied.com', 'https://nottracker-denied.com'],
    ['wss://hub.example.org', 'own_origin'],
    ['https://hub.example.org/a/../', 'own_origin'],
    [`https://${'a.'.repeat(120)}com/${'b'.repeat(60)}/`, 'path_too_long'],
  ])('%s: %s', (input, expected) => expect(code(input)).toBe(expected));

  it('allows the ports that an administrator allowed', () => {
    const rules = { ...RULES, ports: [8443] };
    expect(code('https://example.com:8443/a/', rules)).toBe('https://example.com:8443/a/');
    expect(code('https://example.com:8444', rules)).toBe('port_not_allowed');
    expect(code('https://hub.example.org:8443', rules)).toBe('https://hub.example.org:8443');
  });

  it('asks for the path of hosts that an administrator named', () => {
    const rules = { ...RULES, shared: new Map([['pages.example.edu', 1]]) };
    expect(code('pages.example.edu', rules)).toBe('path_required');
    expect(code('pages.example.edu/~ada', rules)).toBe('https://pages.example.edu/~ada/');
    expect(code('tools.wmflabs.org', rules)).toBe('https://tools.wmflabs.org');
  });

  it('says what was changed', () => {
    const notes = (input: string) => {
      const result = parse(input);
      return result.ok ? result.notes : result.code;
    };
    expect(notes('https://example.com')).toEqual([]);
    expect(notes('EXAMPLE.com:443/')).toEqual([
      'read_as_https',
      'lower_cased',
      'default_port_dropped',
      'slash_dropped',
    ]);
    expect(notes('https://bücher.de/a')).toEqual(['punycode', 'slash_added', 'path_is_no_boundary']);
    expect(notes('wss://example.com/a.php')).toEqual([
      'websocket_alone',
      'exact_path',
      'path_is_no_boundary',
    ]);
    expect(notes('https://tools.wmflabs.org/bawolff/')).toEqual(['path_is_no_boundary', 'old_toolforge']);
  });

  it('says it in words, with the modern address of a tool', () => {
    const tool = parse('tools.wmflabs.org/Bawolff');
    if (!tool.ok) throw new Error('refused');
    const words = tool.notes.map((note) => noteText(note, tool)).join(' ');
    expect(words).toContain('https://bawolff.toolforge.org');
    expect(words).toContain('Read as https://');
    expect(parse('toolforge.org/bawolff/')).toMatchObject({
      hint: expect.stringContaining('bawolff.toolforge.org'),
    });
  });

  it('shows letters instead of punycode and triplets', () => {
    const origin = parse('xn--bcher-kva.de/caf%c3%a9/');
    if (!origin.ok) throw new Error('refused');
    expect(shownOrigin(origin)).toBe('https://bücher.de/café/');
  });
});
