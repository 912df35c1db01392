/** Every test begins with this file (`setupFiles`): whoever opens a connection away from this machine fails. */
import { afterEach, expect } from 'vitest';
import { reportNothing } from '../../src/detect/telemetry.ts';
import { takeAway } from './away.ts';
import { takeAwayOfChildren } from './guard-children.ts';

// Some tests load onnxruntime themselves.
reportNothing();

export { guardChildren, takeAwayOfChildren } from './guard-children.ts';

afterEach(() => {
  expect([...takeAway(), ...takeAwayOfChildren()], 'connections away from this machine').toEqual([]);
});
