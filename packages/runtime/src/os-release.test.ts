import { describe, expect, it } from 'vitest';
import { readOsRelease } from './os-release.ts';

const TEXT = `# comment\nNAME='Toy'\nPRETTY_NAME="A \\"toy\\" for \\$5"\nVERSION_ID=\nnonsense\n`;

const holding = (texts: Readonly<Record<string, string>>) => ({
  readTextLimited: async (path: string) => texts[path],
});

describe('what a system says of itself', () => {
  it('is read with the quoting of os-release', async () => {
    expect(await readOsRelease(holding({ '/etc/os-release': TEXT }), '/')).toMatchObject({
      name: 'Toy',
      prettyName: 'A "toy" for $5',
      versionId: undefined,
    });
  });

  it('is that of the private root, and of the host where the root says nothing', async () => {
    const host = { '/etc/os-release': 'ID=host', '/usr/lib/os-release': 'ID=vendor' };
    const root = holding({ ...host, '/root/usr/lib/os-release': 'ID=root' });
    expect(await readOsRelease(root, '/root')).toMatchObject({ id: 'root' });
    expect(await readOsRelease(holding(host), '/root')).toMatchObject({ id: 'host' });
    expect(await readOsRelease(holding({}), '/root')).toMatchObject({ id: undefined });
  });
});
