import { createHash } from 'node:crypto';

/** So many bytes the largest safe integer takes. */
const MAX_BYTES_EACH = 8;

/** What a host has installed: ids of the dictionary, from 1, in rising order, each as its distance to the one before (LEB128). */
export function encodeIds(ids: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * MAX_BYTES_EACH);
  let length = 0;
  let before = 0;
  for (const id of Float64Array.from(ids).sort()) {
    let rest = id - before;
    // Named twice.
    if (rest === 0) continue;
    before = id;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes[length++] = (rest % 128) | 0x80;
    bytes[length++] = rest;
  }
  return bytes.slice(0, length);
}

/** How many ids are in a set. */
export function countIds(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte <= 0x7f) count += 1;
  return count;
}

/** The ids of a set, rising. */
export function decodeIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let before = 0;
  let distance = 0;
  let weight = 1;
  for (const byte of bytes) {
    distance += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte > 0x7f) continue;
    before += distance;
    ids.push(before);
    distance = 0;
    weight = 1;
  }
  return ids;
}

/**
 * Those of some ids that are in a set, without reading further than the last of them.
 * @param wanted rising
 */
export function pickIds(bytes: Uint8Array, wanted: readonly number[]): number[] {
  const picked: number[] = [];
  let next = 0;
  let id = 0;
  let weight = 1;
  for (const byte of bytes) {
    id += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte > 0x7f) continue;
    weight = 1;
    while (next < wanted.length && (wanted[next] ?? 0) < id) next += 1;
    if (next === wanted.length) break;
    if (wanted[next] === id) picked.push(id);
  }
  return picked;
}

/** The same for the same set. */
export function hashOfSet(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What went out of a set and what came in. */
export interface SetChange {
  readonly removed: readonly number[];
  readonly added: readonly number[];
}

export function changeBetween(before: readonly number[], after: readonly number[]): SetChange {
  const old = new Set(before);
  const now = new Set(after);
  return { removed: before.filter((id) => !now.has(id)), added: after.filter((id) => !old.has(id)) };
}
