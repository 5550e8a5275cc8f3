import { expect, it } from 'vitest';
import { attribute } from './attribute.ts';
import type { DictionaryEntry } from './dictionary.ts';

const entry = (id: number, name: string, version: string, arch = 'amd64'): DictionaryEntry => ({
  id,
  eco: 'dpkg',
  name,
  arch,
  version,
  sourceName: '',
  sourceVersion: '',
});
const result = (name: string, version_before: string | null, version_after: string | null) => ({
  name,
  version_before,
  version_after,
});

it('gives a job what it says it did, and leaves the rest to somebody outside', () => {
  const changes = attribute(
    {
      removed: [entry(1, 'openssl', '1'), entry(2, 'curl', '1'), entry(3, 'libc6', '1', 'i386')],
      added: [entry(4, 'openssl', '2'), entry(5, 'nmap', '1'), entry(6, 'libc6', '2', 'i386')],
    },
    [
      { jobId: 'a', results: [result('openssl', '1', '2'), result('curl', '1', '1')] },
      { jobId: 'b', results: [result('libc6:i386', '1', '2')] },
    ],
  );
  expect(changes.toSorted((a, b) => String(a.jobId).localeCompare(String(b.jobId)))).toEqual([
    { jobId: 'a', removed: [1], added: [4] },
    { jobId: 'b', removed: [3], added: [6] },
    { jobId: null, removed: [2], added: [5] },
  ]);
});

it('a version that no job brought came from outside, also of a package that a job changed', () => {
  expect(
    attribute({ removed: [entry(1, 'openssl', '1')], added: [entry(2, 'openssl', '3')] }, [
      { jobId: 'a', results: [result('openssl', '1', '2')] },
    ]),
  ).toEqual([
    { jobId: 'a', removed: [1], added: [] },
    { jobId: null, removed: [], added: [2] },
  ]);
  expect(attribute({ removed: [], added: [] }, [])).toEqual([]);
});
