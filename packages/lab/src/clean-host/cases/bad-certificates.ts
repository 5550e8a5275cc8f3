import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import type { LabHost } from '../../hosts/host.ts';
import type { CleanHostCase } from '../case.ts';
import { configureAgent, installPackage } from '../install.ts';
import { assertNeverRestarted, untilActive, untilLogged, untilStatus } from '../unit.ts';
import { agentStatus, approveByCode } from '../world.ts';

const DAY_MS = 86_400_000;

interface Files {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Sets of certificate files that cannot be used, by the status that the agent gives them. */
async function badSets(): Promise<Readonly<Record<string, Files | undefined>>> {
  const now = Date.now();
  const [authority, stranger] = [await testAuthority({ now }), await testAuthority({ now })];
  const names = { fqdn: 'host1.lab.example' };
  const good = await authority.issueAgent(names);
  const other = await authority.issueAgent(names);
  const old = await authority.issueAgent(names, { now: now - 30 * DAY_MS, lifetimeMs: 20 * DAY_MS });
  const ca = authority.caPem;
  const files = (certificate: string, key: string, root = ca): Files => ({ ca: root, certificate, key });
  return {
    missing: undefined,
    corrupt: files(good.certificatePem.slice(0, 200), good.privateKeyPem),
    expired: files(old.certificatePem, old.privateKeyPem),
    key_mismatch: files(good.certificatePem, other.privateKeyPem),
    untrusted: files(good.certificatePem, good.privateKeyPem, stranger.caPem),
  };
}

async function copyByHand(host: LabHost, files: Files | undefined): Promise<void> {
  if (!files) return;
  const folder = join(host.disk, 'etc/linux_patch_api/certs');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'ca.pem'), files.ca);
  await writeFile(join(folder, 'server.pem'), files.certificate);
  await writeFile(join(folder, 'server.key.pem'), files.key, { mode: 0o600 });
}

export const BAD_CERTIFICATES: readonly CleanHostCase[] = [
  {
    name: 'five kinds of bad certificates without a manager: each is named, exit code 0, systemd leaves it',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour);
      await installPackage(host, flavour);
      for (const [status, files] of Object.entries(await badSets())) {
        await copyByHand(host, files);
        await host.must('systemctl', ['start', 'linux-patch-api']);
        const ended = await untilActive(host, ['inactive', 'failed']);
        assert.deepEqual(
          [status, ended.active, ended.exitStatus, ended.restarts],
          [status, 'inactive', 0, 0],
        );
        await untilLogged(host, new RegExp(`No usable certificates \\(${status}\\)`));
        assert.equal((await agentStatus(host)).identity.status, status);
      }
    },
  },
  {
    name: 'five kinds of bad certificates with a manager: each host enrols and serves in the same process',
    flavours: ['debian12'],
    async run(world, flavour) {
      const manager = await world.startManager();
      for (const [status, files] of Object.entries(await badSets())) {
        const host = await world.newHost(flavour);
        await installPackage(host, flavour);
        await copyByHand(host, files);
        await configureAgent(host, [`enrollment: { manager_url: "${manager.url}" }`]);
        await host.must('systemctl', ['start', 'linux-patch-api']);
        const waiting = await untilStatus(host, /^Waiting for approval/);
        await untilLogged(host, new RegExp(`status=${status}\\b`));
        await approveByCode(host, manager);
        assertNeverRestarted(waiting, await untilStatus(host, /^Serving on/));
      }
    },
  },
];
