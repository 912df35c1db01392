import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance } from '../../../src/core/faces/detector.ts';
import { bytesToVector, vectorToBytes } from '../../../src/core/faces/vectors.ts';

describe('embeddings as bytes', () => {
  it('come back as they went in, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 0, maxLength: 128 }), (vector) => {
        expect(bytesToVector(vectorToBytes(vector))).toEqual(vector);
      }),
    );
  });

  it('are little-endian float32, wherever in a buffer they begin', () => {
    expect([...vectorToBytes(new Float32Array([1, -2]))]).toEqual([0, 0, 128, 63, 0, 0, 0, 192]);
    const inside = new Uint8Array([9, 9, 9, 0, 0, 128, 63, 9]).subarray(3, 7);
    expect([...bytesToVector(inside)]).toEqual([1]);
  });

  it('are compared by Euclidean distance', () => {
    expect(distance(new Float32Array([0, 0, 3]), new Float32Array([4, 0, 0]))).toBe(5);
    expect(distance(new Float32Array([1, 2]), new Float32Array([1, 2]))).toBe(0);
  });
});
