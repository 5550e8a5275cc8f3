import { describe, expect, it } from 'vitest';
import { parseUpdate } from './source-failures.ts';

/** What apt prints about a healthy source and one that fails while it downloads. */
function printed(reason: string): { readonly stdout: string; readonly stderr: string } {
  const stdout = [
    'Hit:1 http://deb.example/debian bookworm InRelease',
    'Get:2 https://third.example/x stable InRelease [928 B]',
    'Err:2 https://third.example/x stable InRelease',
    `  ${reason}`,
    'Reading package lists...',
    '',
  ].join('\n');
  const stderr = [
    `W: An error occurred during the signature verification. The repository is not updated and the previous index files will be used. GPG error: https://third.example/x stable InRelease: ${reason}`,
    `E: Failed to fetch https://third.example/x/dists/stable/InRelease  ${reason}`,
    'E: Some index files failed to download. They have been ignored, or old ones used instead.',
    '',
  ].join('\n');
  return { stdout, stderr };
}

describe('what apt-get update prints', () => {
  it.each([
    [
      'apt 2.6.1',
      "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 21F9FC47863A3100",
    ],
    [
      'apt 3.0.4',
      'Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 898DBA985B3E065D59680247DB1189795F4EB048, which is needed to verify signature.',
    ],
    [
      'apt 3.0.4',
      'Sub-process /usr/bin/sqv returned an error code (1), error message is: Verifying signature:            Message has been manipulated',
    ],
  ])('about a signature (%s) is a matter of signatures, of this source alone: %s', (_version, reason) => {
    const { stdout, stderr } = printed(reason);
    const { failed, healthy, unknown } = parseUpdate({ stdout, stderr });
    expect(failed).toMatchObject([
      {
        id: 'https://third.example/x stable',
        source: 'https://third.example/x stable',
        code: 'GPG_ERROR',
        security: false,
      },
    ]);
    expect([healthy, unknown]).toEqual([['http://deb.example/debian bookworm'], []]);
  });

  it.each([
    ['bookworm-security', true],
    ['noble-security', true],
    ['noble-apps-security', true],
    ['stretch/updates', true],
    ['bookworm-updates', false],
    ['security-tools', false],
    ['stable', false],
  ])('tells by the suite %s whether security updates come from there: %s', (suite, security) => {
    const stderr = `E: The repository 'http://deb.example/debian ${suite} Release' no longer has a Release file.`;
    expect(parseUpdate({ stdout: '', stderr }).failed).toMatchObject([{ security }]);
  });

  it('gives an index that is missing to its source, be it flat or below a suite with a slash', () => {
    const stdout = [
      'Hit:1 http://deb.example/debian stretch/updates InRelease',
      'Hit:2 http://flat.example/x ./ InRelease',
      'Hit:3 http://deb.example/debian stable InRelease',
      '',
    ].join('\n');
    const stderr = [
      'E: Failed to fetch http://deb.example/debian/dists/stretch/updates/main/binary-amd64/Packages.xz  404  Not Found [IP: 192.0.2.1 80]',
      'E: Failed to fetch http://flat.example/x/./Packages  Hash Sum mismatch',
      '',
    ].join('\n');
    const { failed, healthy } = parseUpdate({ stdout, stderr });
    expect(failed.map((one) => [one.source, one.reason])).toEqual([
      ['http://deb.example/debian stretch/updates', '404 Not Found.'],
      ['http://flat.example/x ./', expect.stringContaining('another try may help')],
    ]);
    expect(healthy).toEqual(['http://deb.example/debian stable']);
  });

  it('that belongs to no source is not taken for one', () => {
    const stderr = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n';
    expect(parseUpdate({ stdout: '', stderr })).toMatchObject({
      failed: [],
      unknown: [expect.stringContaining('lock')],
    });
  });

  it('are told without user and password, in which an @ may stand as well', () => {
    const stdout = 'Err:1 http://ann:p@ss@d.example/debian bookworm InRelease\n  401  Unauthorized\n';
    const stderr =
      'E: Failed to fetch http://ann:p@ss@d.example/debian/dists/bookworm/InRelease  see http://ann:p@ss@d.example/help\n';
    const text = JSON.stringify(parseUpdate({ stdout, stderr }));
    expect(text).toContain('http://d.example/debian bookworm');
    expect(text).not.toMatch(/ann|ss@/);
  });
});
