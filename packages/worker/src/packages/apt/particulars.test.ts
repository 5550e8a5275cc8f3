import { describe, expect, it } from 'vitest';
import { parseOwners, readKeptFiles, readReinstalled } from './particulars.ts';

/** Of dpkg 1.21.22, `--force-confdef --force-confold`. */
const KEPT = [
  '',
  "Configuration file '/etc/toyconf.conf'",
  ' ==> Modified (by you or by a script) since installation.',
  ' ==> Package distributor has shipped an updated version.',
  ' ==> Keeping old config file as default.',
].join('\n');
const BELOW_ROOT = KEPT.replace("conf'", "conf' (actually '/srv/root/etc/toyconf.conf')");

describe('what dpkg says beside versions', () => {
  it.each([
    ['on a host', KEPT],
    ['below a private root', BELOW_ROOT],
  ])('names configuration files that stayed, %s', (_where, stderr) => {
    expect(readKeptFiles({ stdout: '', stderr })).toEqual(['/etc/toyconf.conf']);
  });

  it('names no file of which dpkg does not say in one piece that it stayed', () => {
    const other = KEPT.replace('Keeping old config file', 'Using new config file');
    const torn = KEPT.replace(' ==> Package', 'Setting up other (1) ...\n ==> Package');
    for (const stderr of [other, torn, ' ==> Keeping old config file as default.'])
      expect(readKeptFiles({ stdout: '', stderr })).toEqual([]);
  });

  it('names what was unpacked over the same version', () => {
    const stdout = [
      'Unpacking toya (2) over (1) ...',
      'Unpacking toyb:i386 (1.0-1+deb12u1) over (1.0-1+deb12u1) ...',
      'Unpacking toyc (1) ...',
    ].join('\n');
    expect(readReinstalled({ stdout, stderr: '' })).toEqual(['toyb:i386']);
  });

  it('tells whose a file is, also when it is of several, and takes no diversion for a package', () => {
    const text =
      'diversion by toyd from: /etc/a.conf\nliba:amd64, liba:i386: /etc/a.conf\ntoyb: /etc/b: c.conf\n';
    expect(parseOwners(text)).toEqual([
      { name: 'liba:amd64', path: '/etc/a.conf' },
      { name: 'liba:i386', path: '/etc/a.conf' },
      { name: 'toyb', path: '/etc/b: c.conf' },
    ]);
  });
});
