import { gzipSync } from 'node:zlib';
import type { ToyPackage } from './deb.ts';

/** Waits until a test lets it go on, at most half a minute. */
const WAIT_FOR_GO = [
  'tries=0',
  'while [ ! -e "$DPKG_ROOT/tmp/toyslow-go" ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done',
].join('\n');

const CONF = '/etc/toyconf.conf';

/** The Debian changelog of a security update (Debian policy §12.7), which names the fault it mends. */
function securityChangelog(name: string, version: string): Record<string, Uint8Array> {
  const text = [
    `${name} (${version}) bookworm-security; urgency=high`,
    '',
    '  * CVE-2026-0001: a toy buffer was a little too small.',
    '',
    ' -- Lab <lab@example.test>  Sun, 01 Mar 2026 12:00:00 +0000',
    '',
  ].join('\n');
  return { [`/usr/share/doc/${name}/changelog.Debian.gz`]: gzipSync(text) };
}

/** What a host has before the update. */
export const BASE_PACKAGES: readonly ToyPackage[] = [
  { name: 'toyhello', version: '1.0-1' },
  { name: 'toylib', version: '1.0-1', description: 'toy library', section: 'libs' },
  { name: 'toyapp', version: '1.0-1', depends: 'toylib' },
  { name: 'toyheld', version: '1.0-1' },
  { name: 'toyphased', version: '1.0-1' },
  { name: 'toyreboot', version: '1.0-1' },
  { name: 'toyconf', version: '1.0-1', files: { [CONF]: 'colour = red\n' }, conffiles: [CONF] },
  {
    name: 'toybroken',
    version: '1.0-1',
    postinst: 'echo "toybroken: this script fails on purpose" >&2\nexit 1',
  },
  { name: 'toyslow', version: '1.0-1', postinst: WAIT_FOR_GO },
  { name: 'toymeta', version: '1.0-1', depends: 'toynowhere' },
];

/** Ordinary updates. */
export const MAIN_UPDATES: readonly ToyPackage[] = [
  { name: 'toyhello', version: '1.1-1' },
  { name: 'toyapp', version: '1.2-1', depends: 'toylib' },
  { name: 'toyheld', version: '1.1-1' },
  { name: 'toyphased', version: '1.1-1', phasedPercentage: 0 },
  { name: 'toyconf', version: '1.1-1', files: { [CONF]: 'colour = blue\n' }, conffiles: [CONF] },
];

/** Updates of the security suite. */
export const SECURITY_UPDATES: readonly ToyPackage[] = [
  {
    name: 'toylib',
    version: '1.0-1+deb12u1',
    description: 'toy library',
    section: 'libs',
    files: securityChangelog('toylib', '1.0-1+deb12u1'),
  },
  {
    name: 'toyreboot',
    version: '1.1-1',
    files: securityChangelog('toyreboot', '1.1-1'),
    postinst:
      'mkdir -p "$DPKG_ROOT/run"\n: > "$DPKG_ROOT/run/reboot-required"\necho toyreboot >> "$DPKG_ROOT/run/reboot-required.pkgs"',
  },
];
