import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import {
  createJoiningHost,
  type JoiningHost,
  type JoinSettings,
} from '../../../agent/test/enrollment/joining-host.ts';
import { startWorld, type World } from '../../../manager/test/world.ts';
import { type Attacker, placeAttacker } from './attacker.ts';

/** Every way in which a host can be sure of its manager, and the one in which it is not. */
const TRUST_MODES = ['ca_file', 'pin', 'token', 'system', 'code', 'token over http', 'tofu'] as const;
export type TrustMode = (typeof TRUST_MODES)[number];

/** A host that wants to join, with what its administrator gave it. */
export interface Victim extends AsyncDisposable {
  readonly host: JoiningHost;
  readonly fqdn: string;
  readonly mode: TrustMode;
  /**
   * Enrols until it is over, or has met `setbacks` refusals or troubles; `approving`: what an administrator does about every request
   * of this name while it runs.
   */
  enrol(options?: {
    readonly setbacks?: number;
    readonly approving?: boolean;
    readonly settings?: Partial<JoinSettings>;
    /** Ends it early. */
    readonly until?: () => boolean | Promise<boolean>;
  }): Promise<string>;
  /** Where the agent finds a join string by itself. */
  readonly joinFile: string;
  /** The trust that is written beside the installed identity. */
  installedTrust(): Promise<string>;
  hostCode(): Promise<string | undefined>;
}

/** A manager, somebody before it, and hosts whose way to the manager leads through their hands. */
export interface Field extends AsyncDisposable {
  readonly manager: World;
  readonly attacker: Attacker;
  newVictim(mode: TrustMode): Promise<Victim>;
  /** A join string for any one host. */
  newJoinString(): Promise<string>;
  /** Approves what waits for a name, as an administrator who looks at nothing but the code. */
  approveByName(fqdn: string, code: string | undefined): Promise<void>;
  /** Denies what waits for a name, without a code. */
  denyByName(fqdn: string): Promise<void>;
}

let count = 0;

/** @param knownToSystem whether the system's CAs vouch for the manager; decided once per process */
export async function openField(knownToSystem: boolean): Promise<Field> {
  await using stack = new AsyncDisposableStack();
  const manager = stack.use(
    // Victims and manager share a loopback address.
    await startWorld({ certificates: { local_hosts: ['127.0.0.1'] } }),
  );
  const folder = stack.use(await temporaryFolder());
  const caFile = join(folder.path, 'root.pem');
  // The system's CAs are read once per process, from here.
  await writeFile(caFile, manager.caPem);
  process.env.SSL_CERT_FILE = caFile;
  if (!knownToSystem) {
    process.env.SSL_CERT_FILE = join(folder.path, 'system.pem');
    await writeFile(
      process.env.SSL_CERT_FILE,
      (await testAuthority({ now: Date.now() })).root.certificatePem,
    );
  }
  const attacker = stack.use(await placeAttacker(manager));
  const newJoinString = async () => (await manager.admin('/tokens', {})).json().data.join_string;
  const waitingOf = async (fqdn: string) => {
    const { enrollments } = (await manager.admin('/enrollments')).json().data;
    return enrollments.filter((request) => request.fqdn === fqdn);
  };
  const approveByName: Field['approveByName'] = async (fqdn, code) => {
    for (const one of await waitingOf(fqdn))
      await manager.admin(`/enrollments/${one.id}/approve`, code === undefined ? {} : { code });
  };
  const denyByName: Field['denyByName'] = async (fqdn) => {
    for (const one of await waitingOf(fqdn)) await manager.admin(`/enrollments/${one.id}/deny`, {});
  };
  const field = { manager, attacker, newJoinString, approveByName, denyByName };
  const owned = stack.move();
  return {
    ...field,
    newVictim: (mode) => newVictim(field, mode, caFile),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function newVictim(
  field: Omit<Field, 'newVictim' | typeof Symbol.asyncDispose>,
  mode: TrustMode,
  caFile: string,
): Promise<Victim> {
  count += 1;
  const fqdn = `victim${count}.example.test`;
  const machineId = count.toString(16).padStart(32, 'b');
  const host = await createJoiningHost(systemFiles, { fqdn, machineId });
  const joinFile = join(host.root, 'etc/join');
  if (mode.startsWith('token')) await writeFile(joinFile, await field.newJoinString(), { mode: 0o600 });
  const { attacker, manager } = field;
  const settings = {
    managerUrl: new URL(mode === 'token over http' ? attacker.plainUrl : attacker.url),
    // Every host of these tests is at the same address; the port is what tells them apart.
    agentPort: 20_000 + count,
    caFile: mode === 'ca_file' ? caFile : undefined,
    caFingerprint: mode === 'pin' ? manager.caFingerprint : undefined,
    trust: mode === 'tofu' ? ('tofu' as const) : ('auto' as const),
    joinFile,
  };
  const hostCode: Victim['hostCode'] = async () => {
    const pending = await host.pending();
    return mode === 'tofu' ? undefined : pending?.host_code;
  };
  return {
    host,
    fqdn,
    mode,
    hostCode,
    joinFile,
    async enrol({ setbacks = Number.POSITIVE_INFINITY, approving = true, settings: more = {}, until } = {}) {
      const troublesBefore = troubles(host);
      const requestsBefore = attacker.seen.length;
      const outcome = await host.enrol({ ...settings, ...more }, async () => {
        if (await until?.()) return true;
        if (approving) await field.approveByName(fqdn, await hostCode());
        return troubles(host) - troublesBefore >= setbacks || attacker.seen.length - requestsBefore >= 40;
      });
      return outcome.kind;
    },
    async installedTrust() {
      const text = await readFile(join(host.root, 'etc/certs/current/meta.json'), 'utf8');
      return (JSON.parse(text) as { trust: string }).trust;
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/** How often something went wrong for this host: refused bundles, and attempts that ended in a warning. */
function troubles(host: JoiningHost): number {
  return host.logger.records.filter((one) => one.level === 'warn' && 'next_attempt_seconds' in one.fields)
    .length;
}
