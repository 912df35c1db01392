import { describe, expect, it } from 'vitest';
import { parseOrigin } from '../../../src/core/origins/parse.ts';
import { buildPolicy, type SitePolicy } from '../../../src/core/origins/policy.ts';
import { REFUSALS } from '../../../src/core/origins/refusal.ts';
import { DEFAULT_RULES, type OriginRules } from '../../../src/core/origins/rules.ts';
import cases from './origins.json' with { type: 'json' };
import { readPolicy } from './support.ts';

const INPUTS = 300_000;
const RULES: OriginRules = {
  ...DEFAULT_RULES,
  own: ['https://hub.example.org'],
  ports: [8443],
  denied: ['tracker-denied.com'],
};
const SITE: SitePolicy = {
  pictures: ['https://upload.wikimedia.org'],
  dataPictures: true,
  formActions: ['https://meta.wikimedia.org'],
  reports: '/api/csp/reports',
};

/**
 * host-source of CSP Level 3, 2.3.1, without its wildcards:
 * scheme-part "://" 1*host-char *("." 1*host-char) [":" 1*DIGIT] [path-absolute without ";" and ","] (RFC 3986).
 */
const HOST_SOURCE =
  /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]+)?(\/(([a-z0-9._~!$&'()*+=:@-]|%[0-9a-f]{2})+(\/([a-z0-9._~!$&'()*+=:@-]|%[0-9a-f]{2})*)*)?)?$/i;

/** Small, and the same everywhere: a failure is found again by its seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = {
  scheme: [
    'https://',
    'https://',
    'https://',
    '',
    '//',
    'wss://',
    'HTTPS://',
    'http://',
    'data:',
    'https:',
    'ftp://',
  ],
  user: ['', '', '', '', '', '', '', '', 'a@', 'user:pw@'],
  label: [
    'api',
    'a',
    'example',
    'x-y',
    'Bücher',
    'пример',
    'xn--bcher-kva',
    '日本',
    'ｅｘ',
    'foo_bar',
    '-a',
    'a--b',
    '0x7f',
    '12',
    'host',
    'www',
    'аррӏе',
    'xn--zz',
    '%61',
  ],
  end: [
    '.org',
    '.com',
    '.net',
    '.de',
    '.co.uk',
    '.рф',
    '.toolforge.org',
    '.github.io',
    '.wmcloud.org',
    '.local',
    '.notatld',
    '',
    '.',
    '.1',
  ],
  port: ['', '', '', '', '', ':443', ':8443', ':80', ':0', ':', ':*', ':99999'],
  segment: [
    'a',
    'api',
    'w',
    'api.php',
    'codemirror@5',
    'caf%c3%a9',
    '%2e%2e',
    '..',
    '.',
    '',
    'é',
    "a'b",
    'a;b',
    'a,b',
    'a b',
    '~ada',
    '%zz',
    '%C0%AF',
    'x'.repeat(60),
    '(1)',
    'a=b&c',
    '$!+:',
  ],
  tail: ['', '', '', '', '/', '?a=1', '#x', '/..', '//'],
};
const GOOD: typeof PIECES = {
  scheme: ['https://', '', '//', 'wss://', 'HTTPS://'],
  user: [''],
  label: ['api', 'a', 'Example', 'x-y', 'bücher', 'xn--bcher-kva', '日本', 'ｅｘ', 'a--b', '0x7f', 'www'],
  end: ['.org', '.com', '.de', '.co.uk', '.toolforge.org', '.github.io', '.wmcloud.org'],
  port: ['', '', ':443', ':8443'],
  segment: ['a', 'api', 'W', 'api.php', 'codemirror@5', 'caf%c3%a9', '~ada', '(1)', 'a=b&c', '$!+:'],
  tail: ['', '/'],
};
const INSERTED = [...';,*\'" \t\n\r\0\\<>^`{|}#?@:/.%&=+~$!()[]-_'].concat([
  '\u200b',
  '\u202e',
  '\u00a0',
  '\u3002',
  '\uff0e',
  '\uff0f',
  '\uff1b',
  '\uff0c',
  '\u037e',
  '\u2028',
  '\u00ad',
  '\ud800',
  '\u0430',
  '\u0131',
  '%3B',
  '%2C',
  '%0a',
  '\ufeff',
  '\u{e0041}',
  '\u0301',
  'script-src',
  ';script-src *',
  ', default-src *',
]);

function makeInput(random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const many = (most: number, make: () => string) =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make).join('');
  let text: string;
  const kind = random();
  if (kind < 0.25) text = pick(cases).input;
  else if (kind < 0.3)
    text = many(40, () => String.fromCodePoint(Math.floor(random() * (random() < 0.7 ? 0x80 : 0x11_0000))));
  else {
    // A third has only good parts, so that the changes below begin at what is nearly accepted.
    const from = random() < 0.33 ? GOOD : PIECES;
    text =
      pick(from.scheme) +
      pick(from.user) +
      pick(from.label) +
      many(1, () => String(Math.floor(random() * 1000))) +
      many(2, () => `.${pick(from.label)}`) +
      pick(from.end) +
      pick(from.port) +
      many(3, () => `/${pick(from.segment)}`) +
      pick(from.tail);
  }
  if (random() < 0.35) {
    for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
      const at = Math.floor(random() * (text.length + 1));
      const act = random();
      if (act < 0.5) text = text.slice(0, at) + pick(INSERTED) + text.slice(at);
      else if (act < 0.7) text = text.slice(0, at) + text.slice(at + 1);
      else if (act < 0.85) text = text.slice(0, at) + pick(INSERTED) + text.slice(at + 1);
      else text = text.slice(0, at) + text.slice(at).toUpperCase();
    }
  }
  return text;
}

describe(`${INPUTS.toLocaleString('en')} inputs`, () => {
  it('what is accepted is one token, stays as it is, follows the grammar, and touches no other directive', () => {
    const bare = readPolicy(buildPolicy(SITE, [], RULES));
    const random = randomFrom(20_260_101);
    const seen = new Map<string, number>();
    const accepted = new Set<string>();
    for (let n = 0; n < INPUTS; n++) {
      const input = makeInput(random);
      const result = parseOrigin(input, RULES);
      const outcome = result.ok ? 'accepted' : result.code;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      if (!result.ok || accepted.has(result.value)) continue;
      const { value } = result;
      accepted.add(value);
      const place = `input ${n}: ${JSON.stringify(input)}`;
      if (!/^[\x21-\x7e]+$/.test(value) || /[;,'"*?#\\]/.test(value)) expect.fail(`no token, ${place}`);
      if (!HOST_SOURCE.test(value)) expect.fail(`outside the grammar, ${place}: ${value}`);
      const again = parseOrigin(value, RULES);
      if (!again.ok || again.value !== value) expect.fail(`not accepted again, ${place}: ${value}`);
      if (new URL(value).href.replace(/\/$/, '') !== value.replace(/\/$/, ''))
        expect.fail(`the browser reads it differently, ${place}: ${value}`);
      const policy = readPolicy(buildPolicy(SITE, [value], RULES));
      if (policy.size !== bare.size) expect.fail(`another directive, ${place}: ${value}`);
      for (const [name, values] of policy) {
        const added = name === 'default-src' || name === 'img-src' ? [value] : [];
        if (values.join(' ') !== [...(bare.get(name) ?? []), ...added].join(' '))
          expect.fail(`${name} changed, ${place}: ${value}`);
      }
    }
    // The generator reaches every rule, and enough is let through for the above to mean something.
    const missing = REFUSALS.filter((code) => !seen.has(code));
    expect(missing).toEqual([]);
    expect(accepted.size).toBeGreaterThan(10_000);
    expect(seen.get('accepted')).toBeGreaterThan(INPUTS / 20);
  }, 300_000);
});
