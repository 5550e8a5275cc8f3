import { execFileSync } from 'node:child_process';
import { VERSION } from '@linux-patch/contract';
import { describe, expect, test } from 'vitest';
import releases from '../releases.json' with { type: 'json' };

describe('releases.json', () => {
  test.each(Object.entries(releases))('%s is built from a commit of that version', (version, commit) => {
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    const text = execFileSync('git', ['show', `${commit}:package.json`], { encoding: 'utf8' });
    expect(JSON.parse(text)).toMatchObject({ version });
    expect(version).not.toBe(VERSION);
  });
});
