import { chmod, cp, mkdir, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabHost } from '../../agent-process.ts';
import { makeOpensslIdentity } from '../../openssl-identity.ts';
import type { FaultCase, FaultChapter } from '../fault-case.ts';
import type { FaultWorld } from '../world.ts';

function certs(host: LabHost, ...names: string[]): string {
  return join(host.root, 'etc/linux_patch_api/certs', ...names);
}

/** A host whose certificates are what `spoil` makes of them; it enrols and is approved. */
async function enrolOver(world: FaultWorld, spoil: (host: LabHost) => Promise<void>): Promise<void> {
  const host = await world.newHost();
  await mkdir(certs(host), { recursive: true });
  await spoil(host);
  world.start();
  await world.show();
  await world.mend((gone) => {
    gone();
    return world.approve();
  });
}

function handmade(host: LabHost, days?: number) {
  return makeOpensslIdentity({
    folder: certs(host),
    fqdn: host.name,
    address: host.address,
    ...(days === undefined ? {} : { days }),
  });
}

/** The kind of certificate, in the words that log and `status` use. */
function unusable(status: string): FaultCase['sees'] {
  return [
    { where: 'log', text: `The certificates cannot be used; getting new ones status=${status}` },
    { where: 'status', text: `Identity     ${status}` },
  ];
}

const PERSON = 'approves the host once';

const FIVE: readonly FaultCase[] = [
  {
    name: 'certificates-missing',
    fault: 'There are no certificates: a fresh install, or somebody removed them.',
    agentDoes: 'Enrols, and serves in the same process.',
    sees: unusable('missing'),
    person: PERSON,
    run: (world) => enrolOver(world, async () => {}),
  },
  {
    name: 'certificates-corrupt',
    fault: 'A certificate file is cut off or holds something else.',
    agentDoes: 'Names the file, enrols, keeps the broken file as `.bak`.',
    sees: unusable('corrupt'),
    person: PERSON,
    run: (world) =>
      enrolOver(world, async (host) => {
        const { certificate } = await handmade(host);
        await truncate(certificate, 200);
      }),
  },
  {
    name: 'certificates-expired',
    fault: 'The certificate is past its `notAfter`.',
    agentDoes: 'Enrols; the message has the date.',
    sees: unusable('expired'),
    person: PERSON,
    run: (world) =>
      enrolOver(world, async (host) => {
        await handmade(host, 0);
      }),
  },
  {
    name: 'key-mismatch',
    fault: 'The private key belongs to another certificate, for example after a half finished copy.',
    agentDoes: 'Enrols with a new key.',
    sees: unusable('key_mismatch'),
    person: PERSON,
    run: (world) =>
      enrolOver(world, async (host) => {
        const { key } = await handmade(host);
        const other = await makeOpensslIdentity({
          folder: join(host.root, 'other'),
          fqdn: host.name,
          address: host.address,
        });
        await cp(other.key, key);
      }),
  },
  {
    name: 'certificates-untrusted',
    fault: 'The certificate was not issued by the CA beside it.',
    agentDoes: 'Enrols.',
    sees: unusable('untrusted'),
    person: PERSON,
    run: (world) =>
      enrolOver(world, async (host) => {
        const { ca } = await handmade(host);
        const other = await makeOpensslIdentity({
          folder: join(host.root, 'other'),
          fqdn: host.name,
          address: host.address,
        });
        await cp(other.ca, ca);
      }),
  },
];

/** A host that served once and lost something while its agent was stopped. */
async function afterDamage(world: FaultWorld, damage: (host: LabHost) => Promise<void>): Promise<void> {
  await world.serving();
  world.agent.signal('SIGTERM');
  await world.agent.exited;
  await damage(world.host);
  await world.mend(async () => void world.start());
  await world.show();
}

async function currentGeneration(host: LabHost): Promise<string> {
  const names = await readdir(certs(host, 'generations'));
  return certs(host, 'generations', names.sort().at(-1) ?? '');
}

const LOST: readonly FaultCase[] = [
  {
    name: 'data-folder-lost',
    fault: 'Somebody removed `/var/lib/linux_patch_api`.',
    agentDoes: 'Serves at once: the identity lies with the configuration.',
    sees: [],
    run: (world) =>
      afterDamage(world, (host) => rm(join(host.root, 'var/lib/linux_patch_api'), { recursive: true })),
  },
  {
    name: 'key-too-open',
    fault: 'The private key can be read by everybody.',
    agentDoes: 'Makes it readable by its owner only, says so, and serves.',
    sees: [{ where: 'log', text: 'Its mode is 0600 now' }],
    run: (world) =>
      afterDamage(world, async (host) => chmod(join(await currentGeneration(host), 'server.key.pem'), 0o644)),
  },
];

export const CERTIFICATES: FaultChapter = {
  title: 'The certificates cannot be used',
  cases: [...FIVE, ...LOST],
};
