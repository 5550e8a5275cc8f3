import { describe, expect, it } from 'vitest';
import { changeBetween, countIds, decodeIds, encodeIds, hashOfSet, pickIds } from './id-set.ts';

describe('a set of packages', () => {
  it.each([
    [[]],
    [[1]],
    [[1, 2, 3]],
    [[127, 128, 129, 16_383, 16_384, 2_000_000]],
    [[5, 4_294_967_296, 9_007_199_254_740_991]],
    [Array.from({ length: 1_500 }, (_, index) => 1 + index * 44)],
  ])('is read as it was written: %j', (ids) => {
    expect(decodeIds(encodeIds(ids))).toEqual(ids);
    expect(countIds(encodeIds([...ids, ...ids]))).toBe(ids.length);
  });

  it('takes about a byte a package, and has one name whatever order its packages came in', () => {
    const ids = Array.from({ length: 1_500 }, (_, index) => 1 + index * 44);
    expect(encodeIds(ids).length).toBe(1_500);
    expect(hashOfSet(encodeIds(ids.toReversed()))).toBe(hashOfSet(encodeIds([...ids, 1])));
    expect(hashOfSet(encodeIds(ids.slice(1)))).not.toBe(hashOfSet(encodeIds(ids)));
  });

  it('says which of some it has', () => {
    const set = encodeIds([3, 127, 128, 16_384, 2_000_000]);
    expect(pickIds(set, [1, 3, 4, 128, 16_384, 1_999_999, 2_000_000, 2_000_001])).toEqual([
      3, 128, 16_384, 2_000_000,
    ]);
    expect(pickIds(set, [])).toEqual([]);
    expect(pickIds(set, [2_000_001])).toEqual([]);
    expect(pickIds(encodeIds([]), [1])).toEqual([]);
  });

  it('tells what went and what came', () => {
    expect(changeBetween([1, 2, 3], [2, 3, 4])).toEqual({ removed: [1], added: [4] });
    expect(changeBetween([1], [1])).toEqual({ removed: [], added: [] });
  });
});
