import { expect, test } from 'vitest';
import { logDetails } from '../../src/web/log-detail.ts';

test('details of the audit log are told in words', () => {
  expect(logDetails('{"votesNeeded":[1,2],"gone_at":5,"reason":null,"as":"administrator"}')).toEqual([
    { name: 'votes needed', value: '1 → 2' },
    { name: 'gone at', value: '5' },
  ]);
  expect(logDetails('{"box":{"x":1},"faces":[3,4,5]}')).toEqual([
    { name: 'box', value: '{"x":1}' },
    { name: 'faces', value: '3, 4, 5' },
  ]);
  expect(logDetails('{}')).toEqual([]);
});

test('what is no JSON is told as it stands', () => {
  expect(logDetails('cut off {')).toEqual([{ name: '', value: 'cut off {' }]);
});
