import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import type { Commands } from '@linux-patch/runtime';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { bootIdOf, isSameBoot } from '../../../runtime/src/boot.ts';
import { readHostFacts } from './facts.ts';
import { collectHostIdentity } from './host-identity.ts';
import { hostNetwork } from './network.ts';
import { collectOsDetails } from './os-details.ts';

/** `hostname` that answers its arguments as given. */
function hostnameSays(answers: Readonly<Record<string, string>>): Commands {
  const said = { signal: null, stderr: '', timedOut: false, aborted: false, durationMs: 1 };
  return {
    run: async ({ args }) => {
      const answer = answers[args.join(' ')];
      return { ...said, exitCode: answer === undefined ? 1 : 0, stdout: `${answer ?? ''}\n` };
    },
  };
}

describe('the facts of a host', () => {
  it('come from the kernel, and from os-release under the root', async () => {
    await using root = await temporaryFolder();
    mkdirSync(join(root.path, 'etc'));
    writeFileSync(
      join(root.path, 'etc/os-release'),
      'NAME="Toy Linux"\nVERSION_ID="12"\nVERSION_CODENAME=toy\n',
    );
    const facts = await readHostFacts({
      files: systemFiles,
      commands: nodeCommands(),
      network: hostNetwork,
      root: root.path,
    });
    expect(facts).toMatchObject({ hostname: hostname().split('.')[0], kernel: release() });
    expect(facts.osRelease).toMatchObject({ name: 'Toy Linux', versionId: '12', codename: 'toy' });
    expect(facts.uptimeSeconds).toBeGreaterThan(0);
    expect(facts.lastBootMs).toBeLessThan(Date.now());
    expect(facts.bootId).toMatch(/^[0-9a-f-]{36}(\+\d+)?$/);
  });

  it.each([
    ['a full name in /etc/hostname', 'Amber.example.test.\n', {}, 'amber.example.test'],
    ['a short name in /etc/hostname', 'amber\n', { '-f': 'other.example.test' }, 'amber'],
    ['no name of its own', 'localhost\n', { '-f': 'amber.example.test' }, 'amber.example.test'],
    ['a resolver that knows an address', '(none)\n', { '-f': '192.0.2.1', '': 'amber' }, 'amber'],
  ])('are those that it joins with: %s', async (_what, file, answers: Record<string, string>, fqdn) => {
    await using root = await temporaryFolder();
    mkdirSync(join(root.path, 'etc'));
    writeFileSync(join(root.path, 'etc/hostname'), file);
    writeFileSync(join(root.path, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
    mkdirSync(join(root.path, 'usr/lib'), { recursive: true });
    writeFileSync(join(root.path, 'usr/lib/os-release'), 'NAME="Toy Linux"\nID=toy\nVERSION_ID="12"\n');
    const sources = {
      files: systemFiles,
      root: root.path,
      commands: hostnameSays(answers),
      network: { ...hostNetwork, ownNames: async () => [] },
    };
    const wish = {
      managerUrl: new URL('https://127.0.0.1'),
      reportIp: '192.0.2.5',
      reportInterface: undefined,
    };
    const joins = await collectHostIdentity({ ...sources, ...wish });
    const facts = await readHostFacts(sources);
    expect([facts.fqdn, facts.hostname]).toEqual([joins.fqdn, joins.hostname]);
    expect(facts.fqdn).toBe(fqdn);
    const { name, version, kernel, architecture } = await collectOsDetails(sources);
    expect([name, version]).toEqual(['toy', '12']);
    expect([facts.osRelease.id, facts.osRelease.versionId]).toEqual([name, version]);
    expect([facts.kernel, facts.architecture]).toEqual([kernel, architecture]);
  });
});

const KERNEL = '973c311c-d924-4e4c-bb17-949fc5bf8d27';

/** /proc/1/stat of Linux 6.18 with systemd 252, with another start. */
const stat = (startedTicks: number, name = 'systemd') =>
  `1 (${name}) S 0 1 1 0 -1 4194560 15221 201233 63 1005 31 117 420 301 20 0 1 0 ${startedTicks} 23072768 3232 18446744073709551615 1 1 0 0 0 0`;

describe('the boot of a host', () => {
  it('is what the kernel calls it on a machine', () => {
    expect(bootIdOf(KERNEL, stat(11))).toBe(KERNEL);
  });

  it('is another one after a container was restarted, which keeps the kernel', () => {
    const before = bootIdOf(KERNEL, stat(1_420_000));
    expect(before).not.toBe(KERNEL);
    expect(bootIdOf(KERNEL, stat(1_426_100))).not.toBe(before);
    expect(bootIdOf(KERNEL, stat(1_420_000, 'an) odd (name'))).toBe(before);
  });

  it('is not known where the kernel hides it, and what the kernel says where the first process is hidden', () => {
    expect(bootIdOf('', stat(11))).toBeNull();
    expect(bootIdOf(KERNEL, '')).toBe(KERNEL);
  });

  it('is the same seen from inside and outside of the sandbox of a service, in a container as well', () => {
    const outside = bootIdOf('5d9a1f3e-0000-4000-8000-00000000c0de', stat(1_420_000));
    expect(isSameBoot(bootIdOf(KERNEL, stat(1_420_000)), outside)).toBe(true);
    expect(isSameBoot(bootIdOf(KERNEL, stat(1_420_001)), outside)).toBe(false);
    expect(isSameBoot(KERNEL, KERNEL)).toBe(true);
    expect(isSameBoot(KERNEL, '5d9a1f3e-0000-4000-8000-00000000c0de')).toBe(false);
    expect([isSameBoot(null, null), isSameBoot(null, KERNEL)]).toEqual([true, false]);
  });
});
