import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFernet, isFernetKey, newFernetKey } from '../../../src/core/accounts/fernet.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';

/** The test vectors of the specification (github.com/fernet/spec: generate.json, verify.json, invalid.json). */
const SECRET = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
const TOKEN =
  'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==';
const WRITTEN = '1985-10-26T01:20:00-07:00';
const READ = '1985-10-26T01:20:01-07:00';

const INVALID: readonly (readonly [what: string, token: string, reason: string, now?: string])[] = [
  [
    'incorrect mac',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
    'mac',
  ],
  ['too short', 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==', 'too_short'],
  [
    'invalid base64',
    '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
    'not_base64',
  ],
  [
    'payload size not multiple of block size',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
    'block_size',
  ],
  [
    'payload padding error',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==',
    'padding',
  ],
  [
    'far-future timestamp (unacceptable clock skew)',
    'gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==',
    'from_the_future',
  ],
  [
    'expired TTL',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
    'expired',
    '1985-10-26T01:21:31-07:00',
  ],
  [
    'incorrect IV (causes padding error)',
    'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
    'padding',
  ],
];

const clockAt = (time: string) => ({ now: () => Date.parse(time) });
const iv = () => Uint8Array.from({ length: 16 }, (_, index) => index);

function reasonOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(VisavisError);
    return (error as VisavisError).details.reason;
  }
  return 'none';
}

describe('the vectors of the specification', () => {
  it('generate', () => {
    expect(createFernet([SECRET], clockAt(WRITTEN), iv).encrypt('hello')).toBe(TOKEN);
  });

  it('verify', () => {
    expect(createFernet([SECRET], clockAt(READ), iv).decrypt(TOKEN, 60)).toBe('hello');
  });

  for (const [what, token, reason, now = READ] of INVALID) {
    it(`invalid: ${what}`, () => {
      const fernet = createFernet([SECRET], clockAt(now), iv);
      expect(reasonOf(() => fernet.decrypt(token, 60))).toBe(reason);
    });
  }
});

describe('keys', () => {
  const one = newFernetKey(randomBytes);
  const two = newFernetKey(randomBytes);
  const clock = clockAt(READ);

  it('the first encrypts, all decrypt', () => {
    const before = createFernet([one], clock, randomBytes);
    const rotating = createFernet([two, one], clock, randomBytes);
    const after = createFernet([two], clock, randomBytes);
    const token = before.encrypt('refresh token');
    expect(rotating.decrypt(token)).toBe('refresh token');
    expect([rotating.keyIndex(token), rotating.keyIndex('plain')]).toEqual([1, null]);
    const renewed = rotating.encrypt(rotating.decrypt(token));
    expect([rotating.keyIndex(renewed), after.decrypt(renewed)]).toEqual([0, 'refresh token']);
    expect(reasonOf(() => after.decrypt(token))).toBe('mac');
  });

  it.each([
    ['too short', 'c2hvcnQ='],
    ['not base64url', SECRET.replace('-', '+')],
    ['with a second spelling of its last bits', `${SECRET.slice(0, -2)}5=`],
    ['with twice its padding', `${SECRET}=`],
    ['a byte too long', Buffer.alloc(33, 1).toString('base64url')],
    ['empty', ''],
  ])('%s: the error names the variable and not the value', (_what, key) => {
    expect(isFernetKey(key)).toBe(false);
    const make = () => createFernet([one, key], clock, randomBytes);
    expect(make).toThrow(/Key 2 in VISAVIS_TOKEN_KEY/);
    if (key !== '') expect(make).not.toThrow(key);
  });

  it('may have lost their padding, and blanks around them', () => {
    const token = createFernet([one], clock, randomBytes).encrypt('refresh token');
    for (const key of [one.slice(0, -1), ` ${one}\n`]) {
      expect(isFernetKey(key)).toBe(true);
      expect(createFernet([key], clock, randomBytes).decrypt(token)).toBe('refresh token');
    }
  });

  it('none at all', () => {
    expect(() => createFernet([], clock, randomBytes)).toThrow(/VISAVIS_TOKEN_KEY/);
  });
});

describe('tokens', () => {
  const fernet = createFernet([SECRET], clockAt(READ), randomBytes);

  it('hold any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fernet.decrypt(fernet.encrypt(text))).toBe(text);
      }),
    );
  });

  it('are refused when any character is another', () => {
    const token = fernet.encrypt('refresh token');
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(reasonOf(() => fernet.decrypt(token.slice(0, at) + other + token.slice(at + 1)))).not.toBe(
        'none',
      );
    }
  });

  it.each([`${TOKEN}\n`, ` ${TOKEN}`, TOKEN.slice(0, -2), `${TOKEN}A`, ''])(
    'have one spelling: %j',
    (token) => {
      expect(reasonOf(() => fernet.decrypt(token))).toMatch(/not_base64|too_short/);
    },
  );

  it('of any age are read when no age is named', () => {
    expect(fernet.decrypt(TOKEN)).toBe('hello');
  });

  it('never show in errors', () => {
    const token = createFernet([newFernetKey(randomBytes)], clockAt(READ), randomBytes).encrypt('secret');
    expect(() => fernet.decrypt(token)).toThrow(/^(?!.*gAAAA).*VISAVIS_TOKEN_KEY/);
  });
});
