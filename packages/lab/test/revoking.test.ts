import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentProcess, type LabHost, type ManagerProcess, runProgram } from '../src/index.ts';
import { askUntil } from '../src/wait.ts';
import { ASKED, type Lab, openLab } from './open-lab.ts';

let lab: Lab;
let manager: ManagerProcess;
let amber: LabHost;
let basalt: LabHost;
const agents = new Map<LabHost, AgentProcess>();

interface Shown {
  readonly serial: string;
  readonly kind: string;
  readonly state: string;
}
interface HostShown {
  readonly fqdn: string;
  readonly certificate_serial: string | null;
  readonly identity: {
    readonly state: string;
    readonly crl_current: boolean;
    readonly served_serial: string | null;
  };
}

beforeAll(async () => {
  lab = await openLab({ configuration: ['fleet: { poll_minutes: 0.05 }'] });
  ({ manager } = lab);
  const make = (name: string, address: string): Promise<LabHost> =>
    lab.host({
      name: `${name}.revoke.test`,
      address,
      packages: ['toyhello'],
      enrollment: [`ca_fingerprint: "${manager.caFingerprint}"`],
    });
  [amber, basalt] = [await make('amber', '127.0.0.61'), await make('basalt', '127.0.0.62')];
  for (const host of [amber, basalt]) {
    agents.set(host, host.start());
    await agents.get(host)?.logged(ASKED);
    await manager.json('enrollments', 'approve', host.name, '--no-code');
    await agents.get(host)?.listening;
  }
});
afterAll(async () => {
  for (const agent of agents.values()) await agent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function approve(host: LabHost): Promise<void> {
  const code = await host.hostCode();
  const id = await askUntil(`a request of ${host.name}`, async () => {
    const { enrollments } = (await manager.ask('/enrollments')) as {
      enrollments: { id: string; fqdn: string }[];
    };
    return enrollments.find((one) => one.fqdn === host.name)?.id;
  });
  await manager.json('enrollments', 'approve', id, '--code', code);
}

const certificates = async (...args: string[]): Promise<Shown[]> =>
  ((await manager.json('certificates', 'list', ...args)) as { certificates: Shown[] }).certificates;

const shown = async (host: LabHost): Promise<HostShown> =>
  (await manager.json('hosts', 'show', host.name)) as HostShown;

/** The same for looking again and again. */
const seen = async (host: LabHost): Promise<HostShown> =>
  (await manager.ask(`/hosts/${host.name}`)) as HostShown;

/** Calls an agent with a client certificate of the manager, as it is in these files. */
function callWith(files: { readonly cert: string; readonly key: string }, host: LabHost) {
  const ca = join(manager.root, 'var/lib/linux_patch_manager/ca/root.pem');
  const url = `https://${host.address}:${host.port}/api/v1/health`;
  return runProgram('curl', [
    '-sS',
    '-m',
    '10',
    '--cacert',
    ca,
    '--cert',
    files.cert,
    '--key',
    files.key,
    url,
  ]);
}

describe('a revocation', () => {
  it("of the manager's client certificate reaches running agents at once, and one that was off when it is back", async () => {
    const own = join(manager.root, 'var/lib/linux_patch_manager/ca');
    const stolen = { cert: join(lab.folder, 'stolen.pem'), key: join(lab.folder, 'stolen.key.pem') };
    await runProgram('cp', [join(own, 'client.pem'), stolen.cert]);
    await runProgram('cp', [join(own, 'client.key.pem'), stolen.key]);
    expect((await callWith(stolen, amber)).stdout).toContain('"crl_status":"valid"');
    const off = agents.get(basalt);
    off?.signal('SIGTERM');
    await off?.exited;

    const serial = (await certificates()).find((one) => one.kind === 'manager_client')?.serial ?? '';
    const revoked = await manager.json('certificates', 'revoke', serial, '--reason', 'keyCompromise');
    expect(revoked).toMatchObject({
      changed: true,
      delivery: { hosts: 2, taken: 1, pending: [{ fqdn: basalt.name }] },
    });
    expect((await callWith(stolen, amber)).stdout).toBe('');
    expect(await manager.json('packages', amber.name)).toMatchObject({ packages: expect.any(Array) });

    agents.set(basalt, basalt.start());
    await agents.get(basalt)?.listening;
    await askUntil('the list to reach the host that was off', async () =>
      (await seen(basalt)).identity.crl_current ? true : undefined,
    );
    expect((await callWith(stolen, basalt)).stdout).toBe('');
    expect(
      (await callWith({ cert: join(own, 'client.pem'), key: join(own, 'client.key.pem') }, basalt)).stdout,
    ).toContain('"crl_status":"valid"');
  });

  it("of a host's certificate makes its agent ask to join again, beside serving, and one approval brings it back", async () => {
    const before = (await shown(amber)).certificate_serial ?? '';
    await manager.json('certificates', 'revoke', before, '--reason', 'keyCompromise');
    await expect(manager.json('packages', amber.name)).rejects.toThrow(/is revoked/);
    expect((await shown(amber)).identity.state).toBe('revoked');
    const audit = join(amber.root, 'var/log/linux_patch_api/audit.log');
    await askUntil(
      'the agent to say it',
      async () => (await readFile(audit, 'utf8')).includes('"identity_revoked"') || undefined,
    );
    await approve(amber);
    const after = await askUntil('the host to be back', async () => {
      const host = await seen(amber);
      return host.identity.state === 'ok' && host.identity.served_serial !== before ? host : undefined;
    });
    expect(after.certificate_serial).toBe(after.identity.served_serial);
    expect(await manager.json('packages', amber.name)).toMatchObject({ packages: expect.any(Array) });
    expect((await certificates('--host', amber.name, '--revoked')).map((one) => one.serial)).toContain(
      before,
    );
  });

  it('comes with the removal of a host, and outlives its record', async () => {
    const serial = (await shown(basalt)).certificate_serial ?? '';
    expect(await manager.json('hosts', 'delete', basalt.name)).toMatchObject({ revoked: [serial] });
    await expect(shown(basalt)).rejects.toThrow(/There is no host/);
    expect((await certificates('--revoked')).map((one) => one.serial)).toContain(serial);
    const list = await runProgram('curl', ['-sSk', `${manager.url}/api/v1/pki/crl.pem?serial=${serial}`]);
    await runProgram('sh', ['-c', `cat > "$1" <<'E'\n${list.stdout}E`, 'sh', join(lab.folder, 'crl.pem')]);
    const text = await runProgram('openssl', ['crl', '-noout', '-text', '-in', join(lab.folder, 'crl.pem')]);
    expect(text.stdout.toLowerCase()).toContain(serial);
    expect(text.stdout).toMatch(/Key Compromise[\s\S]*Cessation Of Operation/);
  });
});
