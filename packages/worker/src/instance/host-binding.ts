import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { lazily } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';
import { findMachineId } from './machine-id.ts';

/**
 * What a host is recognised by, kept beside an identity so that a copy of it on another machine is noticed. Digests
 * only: a machine-id is not to be shown to strangers (machine-id(5)).
 */
export const HostBinding = lazily(() =>
  z.object({
    machine: z.string().nullable(),
    /** The mainboard's or virtual machine's id, in a container the container's own. */
    platform: z.string().nullable(),
    /** Network cards. */
    interfaces: z.array(z.string()),
  }),
);
export type HostBinding = z.infer<typeof HostBinding>;

interface BindingSources {
  readonly files: Files;
  /** Prefix of `/etc`, `/run`, `/proc` and `/sys`. */
  readonly root: string;
}

/** Files that say that this is a container, whose kernel shows the mainboard of the machine around it. */
const CONTAINER_MARKS = [
  'run/systemd/container',
  'run/host/container-manager',
  '.dockerenv',
  'run/.containerenv',
];
/** Written by container managers (systemd's container interface), one per container. */
const CONTAINER_ID = 'run/host/container-uuid';
/** The id of a Docker or Podman container in the mounts that its manager made. */
const CONTAINER_MOUNT = /\/(?:containers|overlay-containers)\/([0-9a-f]{64})\//;
const BOARD_IDS = ['sys/class/dmi/id/product_uuid', 'sys/firmware/devicetree/base/serial-number'];
/** What boards say whose maker gave them no id. */
const NO_ID = /^(?:[0f-]+|03000200-0400-0500-0006-000700080009|not .*|default string|none|to be filled.*)$/i;
const VIRTUAL_INTERFACES = /^(lo$|docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|lxd|tun|tap|wg)/;
const LIMIT_BYTES = 64 * 1024;

function digest(kind: string, value: string): string {
  return createHash('sha256')
    .update(`linux-patch host binding\n${kind}\n${value}`)
    .digest('hex')
    .slice(0, 32);
}

/** Text of a small file; what is absent or may not be read says nothing about the host. */
async function read({ files, root }: BindingSources, path: string): Promise<string | undefined> {
  const text = await files.readTextLimited(join(root, path), LIMIT_BYTES).catch(() => undefined);
  return text?.replaceAll('\0', '').trim().toLowerCase() || undefined;
}

async function firstOf(sources: BindingSources, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await read(sources, path);
    if (text !== undefined && !NO_ID.test(text)) return text;
  }
  return undefined;
}

async function isContainer(sources: BindingSources): Promise<boolean> {
  for (const mark of CONTAINER_MARKS) {
    const facts = await sources.files.facts(join(sources.root, mark)).catch(() => undefined);
    if (facts) return true;
  }
  return (await read(sources, 'proc/1/environ'))?.includes('container=') ?? false;
}

async function platformId(sources: BindingSources): Promise<string | undefined> {
  if (!(await isContainer(sources))) return firstOf(sources, BOARD_IDS);
  const own = await firstOf(sources, [CONTAINER_ID]);
  return own ?? CONTAINER_MOUNT.exec((await read(sources, 'proc/self/mountinfo')) ?? '')?.[1];
}

async function cardAddresses(sources: BindingSources): Promise<string[]> {
  const folder = 'sys/class/net';
  const names = await sources.files.list(join(sources.root, folder), { missingOk: true }).catch(() => []);
  const addresses = new Set<string>();
  for (const name of names) {
    if (VIRTUAL_INTERFACES.test(name)) continue;
    const address = await read(sources, join(folder, name, 'address'));
    if (address !== undefined && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address) && !/^[0:]+$/.test(address))
      addresses.add(address);
  }
  return [...addresses].sort();
}

/** What this host is recognised by now; nothing of it is certain to be there. */
export async function readHostBinding(sources: BindingSources): Promise<HostBinding> {
  const machine = await findMachineId(sources.files, sources.root).catch(() => undefined);
  const platform = await platformId(sources);
  const cards = await cardAddresses(sources);
  return {
    machine: machine === undefined ? null : digest('machine', machine),
    platform: platform === undefined ? null : digest('platform', platform),
    interfaces: cards.map((address) => digest('interface', address)),
  };
}

/** What is known now, and from before what cannot be read at the moment. */
export function mergeBindings(recorded: HostBinding, present: HostBinding): HostBinding {
  return {
    machine: present.machine ?? recorded.machine,
    platform: present.platform ?? recorded.platform,
    interfaces: present.interfaces.length > 0 ? present.interfaces : recorded.interfaces,
  };
}

/** Names of the facts that both sides know and that differ. */
export function differingFacts(recorded: HostBinding, present: HostBinding): string[] {
  const differ = (one: string | null, other: string | null): boolean =>
    one !== null && other !== null && one !== other;
  const [before, now] = [recorded.interfaces, present.interfaces];
  const otherCards = before.length > 0 && now.length > 0 && !before.some((card) => now.includes(card));
  return [
    ...(differ(recorded.machine, present.machine) ? ['machine-id'] : []),
    ...(differ(recorded.platform, present.platform) ? ['system or container id'] : []),
    ...(otherCards ? ['network cards'] : []),
  ];
}

/**
 * Whether an identity that was made on one host lies on another: two of the three facts differ. One alone is what
 * happens to a host in its life: another network card, a new machine-id, a new mainboard. What one side does not know
 * differs from nothing.
 */
export function isOtherHost(recorded: HostBinding, present: HostBinding): boolean {
  return differingFacts(recorded, present).length >= 2;
}
