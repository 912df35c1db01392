import { expect, it } from 'vitest';
import { userAgent } from '../../../src/core/wiki/user-agent.ts';

it('names the tool, the place, the operator and the library', () => {
  const parts = { version: '0.1.0', publicUrl: 'https://visavis.example', contact: 'ops@visavis.example' };
  expect(userAgent(parts)).toBe('Visavis/0.1.0 (https://visavis.example; ops@visavis.example) m3api/1.1.0');
});

it('cannot be broken out of', () => {
  const parts = { version: '1', publicUrl: 'https://a.example\r\nX: y', contact: 'Zoë) evil/1 (' };
  expect(userAgent(parts)).toBe('Visavis/1 (https://a.exampleX: y; Zo evil/1) m3api/1.1.0');
});
