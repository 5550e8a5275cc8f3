import { describe, expect, it } from 'vitest';
import { processMemory } from './process-memory.ts';

describe('the memory of this process', () => {
  it('is given back by a collection, and everything goes on', () => {
    const memory = processMemory();
    const garbage = [new Uint8Array(100_000_000)];
    const before = memory.heldBytes();
    garbage.length = 0;
    memory.collect();
    expect(before - memory.heldBytes()).toBeGreaterThan(50_000_000);
    memory.collect();
    expect(memory.cpuMs()).toBeGreaterThan(0);
    expect('gc' in globalThis).toBe(false);
  });
});
