import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { readHostFacts } from './facts.ts';
import { parseOsRelease } from './os-release.ts';

describe('the facts of a host', () => {
  it('come from the kernel, and from os-release under the root', async () => {
    await using root = await temporaryFolder();
    mkdirSync(join(root.path, 'etc'));
    writeFileSync(
      join(root.path, 'etc/os-release'),
      'NAME="Toy Linux"\nVERSION_ID="12"\nVERSION_CODENAME=toy\n',
    );
    const facts = await readHostFacts({ files: systemFiles, commands: nodeCommands(), root: root.path });
    expect(facts).toMatchObject({ hostname: hostname().split('.')[0], kernel: release() });
    expect(facts.osRelease).toMatchObject({ name: 'Toy Linux', versionId: '12', codename: 'toy' });
    expect(facts.uptimeSeconds).toBeGreaterThan(0);
    expect(facts.lastBootMs).toBeLessThan(Date.now());
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}(\+\d+)?$/);
  });

  it('understand the quoting of os-release', () => {
    const text = `# comment\nNAME='Toy'\nPRETTY_NAME="A \\"toy\\" for \\$5"\nVERSION_ID=\nnonsense\n`;
    expect(parseOsRelease(text)).toMatchObject({
      name: 'Toy',
      prettyName: 'A "toy" for $5',
      versionId: undefined,
    });
  });
});
